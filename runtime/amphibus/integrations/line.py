"""The way of an application's messages to one module: each key in order, and no key held up by another.

What is refused, or takes long, keeps its key apart for a while; all others go on past it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from amphibus.errors import AmphibusError
from amphibus.failpoints import failpoint
from amphibus.integrations.stored import StoredMessages
from amphibus.messages.envelope import Envelope
from amphibus.supervision import SupervisedTask
from amphibus.telemetry.privacy import describe

_log: Final = logging.getLogger("amphibus.outbox")
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 30.0
_SLOW_SECONDS: Final = 0.5
"""The time for which messages that left together are waited for, before others follow."""
_MOST_APART: Final = 1_000
"""Keys that others go past: a statement names each of them."""
_END_SECONDS: Final = 1.0

Numbered = tuple[int, Envelope]


class Carrier(Protocol):
    """The way to the modules: a `Producer`, which is over the broker, or an `Office` in this process."""

    source: str
    """In whose name it sends."""

    async def forward(self, envelope: Envelope) -> None:
        """Returns once the receiver has a message for good.

        Raises:
            AmphibusError: it was not taken, or nobody knows.
        """
        ...

    async def close(self) -> None:
        """Ends; called by the relay, which begins it too, by sending."""
        ...


class _Rest(NamedTuple):
    """The time until which a key that was refused is left alone, and how long that is."""

    until: float
    seconds: float


class Line:
    """The messages to one module. Another module that takes nothing holds none of them up."""

    def __init__(
        self, destination: str, stored: StoredMessages, carrier: Carrier, window: int
    ) -> None:
        self._destination = destination
        self._stored = stored
        self._carrier = carrier
        self._window = window
        self.look = asyncio.Event()
        self.trouble = ""
        """Why something is not taken, until all that was refused is."""
        self.task: SupervisedTask | None = None
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._count = 0
        """Messages under way."""
        self._rests: dict[str, _Rest] = {}
        self._safe: set[int] = set()
        """Messages that are at their receiver, and still in the outbox."""

    async def work(self) -> None:
        """Sends what waits whenever it is told to look."""
        try:
            while True:
                self.look.clear()
                await self._forget()
                begun = await self._begin_some()
                if begun:
                    await asyncio.wait(begun, timeout=_SLOW_SECONDS)
                else:
                    await wait_for(self.look, self._pause())
        finally:
            await self._end()

    async def _begin_some(self) -> list["asyncio.Task[None]"]:
        """Lets the oldest messages leave of all keys that are not apart."""
        room, apart = self._window - self._count, self._apart()
        if room <= 0 or len(apart) >= _MOST_APART:
            return []
        rows = await self._stored.oldest(self._destination, room, besides=apart)
        by_key: dict[str, list[Numbered]] = {}
        for number, envelope in rows:
            if number not in self._safe:
                by_key.setdefault(_turn_of(envelope), []).append((number, envelope))
        for key, messages in by_key.items():
            self._count += len(messages)
            self._under_way[key] = asyncio.create_task(self._send_in_turn(key, messages))
        return [self._under_way[key] for key in by_key]

    async def _send_in_turn(self, key: str, messages: Sequence[Numbered]) -> None:
        try:
            for number, envelope in messages:
                failpoint("application_relay.before_delivery")
                try:
                    await self._carrier.forward(envelope)
                except (Exception, SystemExit) as error:  # noqa: BLE001 - it is this message's alone
                    self._refused(key, envelope, error)
                    return
                self._safe.add(number)
            self._rests.pop(key, None)
        finally:
            del self._under_way[key]
            self._count -= len(messages)
            self.look.set()

    def _refused(self, key: str, envelope: Envelope, error: BaseException) -> None:
        before = self._rests.get(key)
        seconds = _FIRST_PAUSE_SECONDS
        if before is not None:
            seconds = min(before.seconds * 2, _LONGEST_PAUSE_SECONDS)
        self._rests[key] = _Rest(_now() + seconds, seconds)
        what, more = describe(error), ""
        if isinstance(error, AmphibusError):
            what, more = error.what, f"; {error.why}; {error.fix}"
        if not self.trouble:
            said = f"{self._destination} does not take {envelope.type} from {envelope.source} now"
            _log.warning("%s: %s%s. It waits in the outbox, and its key", said, what, more)
        self.trouble = what

    def _apart(self) -> list[str]:
        """Returns the keys that others go past; forgets rests that are long over."""
        now = _now()
        self._rests = {
            key: rest
            for key, rest in self._rests.items()
            if rest.until + _LONGEST_PAUSE_SECONDS > now or key in self._under_way
        }
        if not self._rests:
            self.trouble = ""
        resting = {key for key, rest in self._rests.items() if rest.until > now}
        return sorted(resting.union(self._under_way))

    def _pause(self) -> float | None:
        """Returns the seconds until a rest is over; None if nobody rests."""
        now = _now()
        ends = [rest.until - now for rest in self._rests.values() if rest.until > now]
        return max(min(ends), 0.01) if ends else None

    async def _forget(self) -> None:
        """Removes what is safe; until then it is not sent again by this relay."""
        if not (safe := sorted(self._safe)):
            return
        failpoint("application_relay.delivered")
        await self._stored.remove(safe)
        self._safe.difference_update(safe)
        failpoint("application_relay.removed")

    async def _end(self) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(Exception):  # they are repeated, and ignored
            async with asyncio.timeout(_END_SECONDS):
                await self._forget()
        self._safe.clear()


def _turn_of(envelope: Envelope) -> str:
    """Returns that of which one is under way at a time: the key, or a message without one."""
    return f"id {envelope.id}" if envelope.key is None else f"key {envelope.key}"


def _now() -> float:
    return asyncio.get_running_loop().time()


async def wait_for(event: asyncio.Event, seconds: float | None) -> None:
    """Returns when it is set, or the time is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
