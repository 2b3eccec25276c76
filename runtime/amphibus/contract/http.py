"""The HTTP binding of a contract, as data that the gateway reads."""

from dataclasses import dataclass, field
from typing import Final

BODY_BYTES: Final = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """One route. `{name}` in the path fills the contract's field of that name."""

    method: str
    path: str
    stored: bool = False
    """A stored command is committed to the gateway's own outbox and accepted while its owner is away."""
    status: int = 200
    location: str | None = None
    """Path of what was created, with `{field}`s of the command; sent as the `Location` header."""
    summary: str = ""
    body_bytes: int = BODY_BYTES
    """Largest body that is taken."""
    tags: tuple[str, ...] = field(default=())


def Get(path: str, *, summary: str = "") -> Http:  # noqa: N802 - reads as the HTTP method it is
    """Binds a query to `GET path`; fields that are not in the path come from the query string."""
    return Http(method="GET", path=path, summary=summary)


def Post(  # noqa: N802 - reads as the HTTP method it is
    path: str,
    *,
    stored: bool = False,
    status: int = 202,
    location: str | None = None,
    summary: str = "",
    body_bytes: int = BODY_BYTES,
) -> Http:
    """Binds a command to `POST path`; fields that are not in the path come from the JSON body.

    A body of more than `body_bytes` is answered 413, before it is read.
    """
    return Http(
        method="POST",
        path=path,
        stored=stored,
        status=status,
        location=location,
        summary=summary,
        body_bytes=body_bytes,
    )
