"""Broker addresses as people write them."""

from yarl import URL

from amphibus.errors import ConfigError


def addresses(text: str, *, heartbeat: int) -> tuple[URL, ...]:
    """Parses `amqp://user:secret@host/vhost,other:5673`; later addresses take their missing parts from the first.

    Raises:
        ConfigError: it is no such text.
    """
    first, *others = (part.strip() for part in text.split(","))
    try:
        url = URL(first).update_query(heartbeat=heartbeat)
        if url.scheme not in ("amqp", "amqps") or not url.host:
            raise ValueError("it begins with amqp:// or amqps:// and names a host")
        if url.port is None:
            url = url.with_port(5671 if url.scheme == "amqps" else 5672)
        found = [url]
        for other in others:
            host, _, port = other.partition(":")
            found.append(url.with_host(host).with_port(int(port) if port else url.port))
    except ValueError as error:
        raise ConfigError(
            "the broker's address cannot be understood",
            str(error),
            "--amqp amqp://user:password@host:5672/vhost",
        ) from None
    return tuple(found)
