"""The door of one module hosted here for messages that come directly; it takes those of its partitions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import NamedTuple

from amphibus.clock import Clock
from amphibus.errors import Undecodable
from amphibus.messages.cloudevents import from_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.messages.refused import refused_envelope
from amphibus.partitions.assignment import partition_of
from amphibus.telemetry.privacy import describe
from amphibus.transport import Inbound, OwnedPartitions

Settle = Callable[[bool, Reply | None], None]
"""Called once: the message is safe, with the reply to it; or it was not taken."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it came."""

    sender: str
    """The module that sent it, proved."""
    headers: Mapping[str, str]
    body: bytes
    anyway: bool
    """Its sender has found no instance that owns its partition."""


class _Taken(NamedTuple):
    envelope: Envelope
    partition: int | None
    settle: Settle


class Door:
    """Lives as long as its module is attached.

    Args:
        inbound: the receiving end of the module.
        partitions: those that it has here.
        partition_count: of all.
        doubt: returns why a message must not be believed by the rules of the broker, or None.
        clock: of the host.
    """

    def __init__(
        self,
        inbound: Inbound,
        partitions: OwnedPartitions,
        partition_count: int,
        *,
        doubt: Callable[[Envelope], str | None],
        clock: Clock,
    ) -> None:
        self._inbound = inbound
        self._partitions = partitions
        self._count = partition_count
        self._doubt = doubt
        self._clock = clock
        self._numbers = count()
        self._taken: dict[int, _Taken] = {}
        self._replies: dict[tuple[str, str], Reply] = {}
        self._revoked: frozenset[int] = frozenset()
        partitions.on_change.append(self._changed_hands)

    def listen(self) -> None:
        """Keeps the replies to messages that came directly; hands the others on as before."""
        self._inbound.on_reply = partial(self._replied, self._inbound.on_reply)

    def revoke(self, partitions: frozenset[int]) -> None:
        """Takes nothing more of some partitions, which are given away."""
        self._revoked |= partitions

    def take(self, arrival: Arrival, settle: Settle) -> None:
        """Takes a message; `settle` is called once it is handled, delayed or dead, or if it was not taken."""
        envelope, failure = self._read(arrival)
        if failure is not None:
            ack = self._under_way(_Taken(envelope, None, settle))
            self._inbound.refuse(envelope, failure, ack)
            return
        partition = partition_of(envelope.key, envelope.id, self._count)
        owned = partition in self._partitions.owned and partition not in self._revoked
        if not (owned or arrival.anyway):
            settle(False, None)
            return
        by = partition if owned else None
        self._inbound.take(envelope, self._under_way(_Taken(envelope, by, settle)), by)

    def _under_way(self, taken: _Taken) -> Callable[[], None]:
        number = next(self._numbers)
        self._taken[number] = taken
        return partial(self._acked, number)

    def _acked(self, number: int) -> None:
        taken = self._taken.pop(number, None)
        if taken is not None:
            reply = self._replies.pop((taken.envelope.source, taken.envelope.id), None)
            taken.settle(True, reply)

    def _replied(
        self, others: Callable[[Envelope, Reply], None], envelope: Envelope, reply: Reply
    ) -> None:
        if any(each.envelope is envelope for each in self._taken.values()):
            self._replies[envelope.source, envelope.id] = reply
        others(envelope, reply)

    def _changed_hands(self, gained: frozenset[int], lost: frozenset[int]) -> None:
        """Gives back what was taken under a lease that is lost: nothing of it is done."""
        self._revoked -= gained | lost
        for number, each in list(self._taken.items()):
            if each.partition in lost:
                del self._taken[number]
                each.settle(False, None)

    def _read(self, arrival: Arrival) -> tuple[Envelope, Failure | None]:
        now = self._clock.now()
        headers, body = dict(arrival.headers), arrival.body
        stranger = partial(refused_envelope, headers, body, sender=arrival.sender, now=now)
        try:
            envelope = from_headers(headers, body, now=now)
        except Undecodable as error:
            return stranger(), Failure("undecodable", describe(error))
        why = self._doubt(envelope)
        if envelope.source != arrival.sender:
            why = f"it says that it comes from {envelope.source}, and was sent by {arrival.sender}"
        return (envelope, None) if why is None else (stranger(), Failure("forged", why))
