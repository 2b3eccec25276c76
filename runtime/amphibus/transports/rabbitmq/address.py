"""Broker addresses as people write them."""

import re

from yarl import URL

from amphibus.errors import ConfigError

_PORTS = {"amqp": 5672, "amqps": 5671}
_WRITTEN = re.compile(r"(?P<scheme>[a-z]+)://(?:(?P<user>[^/?#@]*)@)?(?P<places>[^#]+)")
_PLACE = re.compile(
    r"(?:(?P<scheme>amqps?)://(?:[^/?@]*@)?)?(?P<host>\[[^\]]+\]|[^\s:/?@\[\]]+)(?::(?P<port>\d{1,5}))?(?P<rest>[/?].*)?"
)


def addresses(text: str, *, heartbeat: int) -> tuple[URL, ...]:
    """Parses `amqp://user:secret@host,other:5673/vhost`: user, vhost and query are those of all hosts.

    They may also stand with the first host, or be repeated with each; a host without a port has that of the first.

    Raises:
        ConfigError: it is no such text.
    """
    try:
        written = _WRITTEN.fullmatch(text.strip())
        if written is None or written["scheme"] not in _PORTS:
            raise ValueError("it begins with amqp:// or amqps:// and names a host")
        places = [_place(part.strip()) for part in written["places"].split(",")]
        rest = {each["rest"] for each in places if each["rest"] not in (None, "/")}
        if len(rest) > 1:
            raise ValueError("all its hosts must have one vhost and one query")
        end = next(iter(rest), "/")
        login = f"{written['user']}@" if written["user"] else ""
        port = places[0]["port"] or _PORTS[written["scheme"]]
        return tuple(
            URL(
                f"{written['scheme']}://{login}{each['host']}:{each['port'] or port}{end}"
            ).update_query(heartbeat=heartbeat)
            for each in places
        )
    except ValueError as error:
        raise ConfigError(
            "the broker's address cannot be understood",
            str(error),
            "--amqp amqp://guest:guest@localhost:5672/vhost",
        ) from None


def _place(part: str) -> re.Match[str]:
    found = _PLACE.fullmatch(part)
    if found is None:
        raise ValueError(
            "each of its hosts is a name, an IPv4 address or [an IPv6 address], with :port"
        )
    return found


def shown(url: URL) -> str:
    """Returns an address as it may be shown: without secrets."""
    return f"{url.host}:{url.port}"
