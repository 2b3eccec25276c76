"""The settings that HTTP on a connection is held to, and the time that each of its phases has."""

from typing import Protocol

from amphibus.connections.connections import Phase


class Limits(Protocol):
    """The settings that connections are held to."""

    @property
    def head_bytes(self) -> int: ...  # noqa: D102
    @property
    def head_fields(self) -> int: ...  # noqa: D102
    @property
    def head_seconds(self) -> float: ...  # noqa: D102
    @property
    def body_seconds(self) -> float: ...  # noqa: D102
    @property
    def idle_seconds(self) -> float: ...  # noqa: D102


def patience(limits: Limits, phase: Phase) -> float:
    """Returns the seconds for which a client is waited for; a handshake of TLS has those of a head."""
    if phase in (Phase.FRESH, Phase.HEAD):
        return limits.head_seconds
    if phase is Phase.IDLE:
        return limits.idle_seconds
    if phase is Phase.BODY:
        return limits.body_seconds + 1.0  # whoever reads the body says so first
    return float("inf")
