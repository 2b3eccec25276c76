"""Brings the copies of an event together, so that it is published once for all who subscribe to it.

A relay hands a message over for each destination when its turn there has come. Where the turn of all
subscribers comes at once, as it does while all are well, one publish serves them all. Where one has
fallen behind, each gets its copy by itself: nobody waits for another, and nobody gets a message
before its turn.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import structlog

from amphibus.messages.envelope import Envelope
from amphibus.transport import Ack

_log: Any = structlog.get_logger()

Together = Mapping[str, Ack]
"""The destinations of one message, each with what is called once it has it for good."""
Depart = Callable[[Envelope, Together], None]
_SEVERAL: Final = 2
_AGAIN_SECONDS: Final = 30.0
"""The time after which a message is tried again for which a departure has failed."""


class Departures:
    """Gathers what is handed over in one turn of the loop. One a process."""

    def __init__(self, depart: Depart) -> None:
        self._depart = depart
        self._gathered: dict[tuple[str, str], tuple[Envelope, dict[str, Ack]]] = {}

    @property
    def idle(self) -> bool:
        """True if nothing is gathered."""
        return not self._gathered

    def put(self, destination: str, envelope: Envelope, ack: Ack) -> None:
        """Takes a message for one destination; it leaves at the end of this turn of the loop."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self.leave)
        _, together = self._gathered.setdefault((envelope.source, envelope.id), (envelope, {}))
        together[destination] = ack

    def leave(self) -> None:
        """Lets go of what is gathered."""
        gathered, self._gathered = self._gathered, {}
        for envelope, together in gathered.values():
            try:
                self._depart(envelope, together)
            except Exception:  # noqa: BLE001 - it costs itself alone; nobody would hand over those behind it
                _log.exception(
                    "process.failed", error=f"{envelope.type} {envelope.id} did not leave"
                )
                asyncio.get_running_loop().call_later(
                    _AGAIN_SECONDS, self._again, envelope, together
                )

    def _again(self, envelope: Envelope, together: Together) -> None:
        for destination, ack in together.items():
            self.put(destination, envelope, ack)


def all_of(together: Together) -> Ack:
    """Tells all of them."""
    if len(together) < _SEVERAL:
        return next(iter(together.values()))
    return partial(_tell, tuple(together.values()))


def _tell(acks: tuple[Ack, ...]) -> None:
    for ack in acks:
        ack()
