"""One module of this process, for transports within it: its messages are taken under its partitions' leases."""

from functools import partial
from itertools import count
from typing import NamedTuple

from amphibus.messages.envelope import Envelope
from amphibus.messages.failure import Failure
from amphibus.partitions.assignment import partition_of
from amphibus.transport import Ack, Inbound, OwnedPartitions


class _UnderWay(NamedTuple):
    """A message that was handed over by a partition, and is not acknowledged yet."""

    partition: int
    envelope: Envelope
    ack: Ack


class HostedModule:
    """Hands messages to a module that is hosted here, each by its partition if that is held here.

    A partition is given away once its messages are done with, and what was taken under a lost one is
    not committed. Over a broker its new holder gets it then. Here nobody else does: it is handed over again.
    """

    def __init__(self, inbound: Inbound, partitions: OwnedPartitions, partition_count: int) -> None:
        self._inbound = inbound
        self._partitions = partitions
        self._count = partition_count
        self._numbers = count()
        self._under_way: dict[int, _UnderWay] = {}
        partitions.on_change.append(self._changed_hands)

    def take(self, envelope: Envelope, ack: Ack) -> None:
        """Hands a message over; calls `ack` once it is handled, delayed or dead, durably."""
        partition = partition_of(envelope.key, envelope.id, self._count)
        if partition not in self._partitions.owned:
            self._inbound.take(envelope, ack)
            return
        number = next(self._numbers)
        self._under_way[number] = _UnderWay(partition, envelope, ack)
        self._inbound.take(envelope, partial(self._acked, number), partition)

    def refuse(self, envelope: Envelope, failure: Failure, ack: Ack) -> None:
        """Hands over what must not be handled, by no partition: its key is not to be believed."""
        self._inbound.refuse(envelope, failure, ack)

    def _acked(self, number: int) -> None:
        under_way = self._under_way.pop(number, None)
        if under_way is not None:
            under_way.ack()

    def _changed_hands(self, _gained: frozenset[int], lost: frozenset[int]) -> None:
        for number, each in list(self._under_way.items()):
            if each.partition in lost:
                self._inbound.take(each.envelope, partial(self._acked, number))
