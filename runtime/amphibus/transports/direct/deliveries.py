"""The messages of one sender that are under way directly to one module, each until it is safe there."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from amphibus.failpoints import failpoint
from amphibus.messages.envelope import Envelope, Reply
from amphibus.partitions.assignment import partition_of
from amphibus.transport import Ack
from amphibus.transports.direct.connection import ConnectionGone, NotTaken
from amphibus.transports.direct.peer import Peer
from amphibus.transports.direct.peers import Peers

_AT_ONCE: Final = 128
"""Half of what a connection carries: requests have the rest."""
_MOST_BYTES: Final = 16_777_216
"""Half of what the other side lets be under way before it leaves the rest, and requests with it, in the connection."""
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
_LONGEST_SECONDS: Final = 120.0
"""After so long a message is handed over again: whoever took it may have forgotten it."""

OnReply = Callable[[str, Reply], None]
"""Told the id of a message, and the reply to it."""


class Deliveries:
    """Lives from the first message that goes directly to the recall of all. Keeps nothing beyond that.

    An instance that owns a message's partition gets it. Where none can be reached that does, another one
    takes it: the inbox knows repetitions, whoever writes there.
    """

    def __init__(
        self, peers: Peers, source: str, destination: str, *, partitions: int, on_reply: OnReply
    ) -> None:
        self._peers = peers
        self._source = source
        self._destination = destination
        self._partitions = partitions
        self._on_reply = on_reply
        self._owners: dict[int, Peer] = {}
        self._room = _Room()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """True if nothing is under way."""
        return not self._tasks

    def put(self, envelope: Envelope, ack: Ack) -> None:
        """Hands a message over until it is taken; calls `ack` once it is safe."""
        task = asyncio.get_running_loop().create_task(self._carry(envelope, ack))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def recall(self) -> None:
        """Hands nothing more over; of what was handed over, nobody is told any more."""
        for task in self._tasks:
            task.cancel()

    async def _carry(self, envelope: Envelope, ack: Ack) -> None:
        async with self._room.of(len(envelope.body)):
            pause = _FIRST_PAUSE
            while not await self._handed_over(envelope):
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        failpoint("direct.safe")
        ack()

    async def _handed_over(self, envelope: Envelope) -> bool:
        partition = partition_of(envelope.key, envelope.id, self._partitions)
        for anyway in (False, True):
            for peer in self._likely(partition):
                failpoint("direct.before")
                try:
                    reply = await peer.hand(envelope, _LONGEST_SECONDS, anyway=anyway)
                except (NotTaken, ConnectionGone, TimeoutError):
                    continue
                self._owners[partition] = peer
                if reply is not None:
                    self._on_reply(envelope.id, reply)
                return True
        return False

    def _likely(self, partition: int) -> list[Peer]:
        """Returns those that can be reached, the owner of the partition first as far as it is known."""
        found = self._peers.of(self._source, self._destination)
        owner = self._owners.get(partition)
        return sorted(found, key=lambda each: each is not owner)


class _Room:
    """Room for so many messages and bytes, given in the order in which they came; one alone may have any size."""

    def __init__(self) -> None:
        self._messages = 0
        self._bytes = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, size: int) -> AsyncIterator[None]:
        """Around a message that is under way; waits until there is room for it."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._let_in()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._messages -= 1
                self._bytes -= size
                self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.cancelled():
                if not self._has(size):
                    return
                self._messages += 1
                self._bytes += size
                turn.set_result(None)
            self._waiting.popleft()

    def _has(self, size: int) -> bool:
        fits = self._messages < _AT_ONCE and self._bytes + size <= _MOST_BYTES
        return fits or not self._messages
