"""Takes what an application has sent from its outbox to the modules: at least once, in order per key.

async with OutboxRelay(engine, Producer("amqp://…", source="checkout")) as relay:
    ...  # serve; `relay.outbox(session)` sends

A message is removed once its receiver has it for good, so a kill between any two lines repeats it at most, under the
same id. Each relay sends a message only after all earlier ones of its key, so several of them at once repeat, and turn
nothing around: the lease spares the repetitions.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final, Protocol, Self

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from amphibus.access.outside_message import BODY_LIMIT_BYTES, OutsideSender
from amphibus.errors import AmphibusError
from amphibus.failpoints import failpoint
from amphibus.integrations.outbox import Outbox
from amphibus.integrations.stored import StoredMessages
from amphibus.integrations.watch import LoggedTasks
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id
from amphibus.supervision import SupervisedTask, Supervisor

_log: Final = logging.getLogger("amphibus.outbox")
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 30.0


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


class OutboxRelay:
    """The sending side of an application. Lives as long as the application serves; any number may run at once."""

    def __init__(
        self,
        engine: AsyncEngine,
        carrier: Carrier,
        *,
        window: int = 256,
        poll_seconds: float = 1.0,
        lease_seconds: float = 5.0,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
    ) -> None:
        """Makes the relay; it connects to nothing yet.

        Args:
            engine: of the database with the tables of `create_tables`.
            carrier: the way to the modules. A broker that is away delays what is sent, and not the start.
            window: most messages to one module under way at once.
            poll_seconds: interval at which it looks for what another process has committed.
            lease_seconds: time after which another relay takes over from one that was killed.
            body_limit_bytes: largest command that receivers take.
        """
        self._sender = OutsideSender(carrier.source, body_limit_bytes)
        self._stored = StoredMessages(engine, self._sender)
        self._carrier = carrier
        self._window = window
        self._poll_seconds = poll_seconds
        self._lease_seconds = lease_seconds
        self._holder = new_id()
        self._look = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._supervisor = Supervisor(LoggedTasks(_log))
        self._task = self._supervisor.task(f"relay of {carrier.source}", self._watch)
        self._lines: dict[str, _Line] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begins to send what waits and what comes."""
        self._loop = asyncio.get_running_loop()
        await self._task.start()

    async def stop(self) -> None:
        """Sends nothing more; what is not at its receiver stays in the outbox."""
        await self._task.stop()
        await self._stop_lines()
        with contextlib.suppress(Exception):  # it ends by itself, a little later
            await self._stored.give_lease_back(self._holder)
        await self._carrier.close()

    def outbox(self, session: AsyncSession | Session) -> Outbox:
        """Returns the outbox of a session, whose commits wake this relay at once."""
        return Outbox(
            session,
            source=self._sender.source,
            body_limit_bytes=self._sender.body_limit_bytes,
            on_commit=self.wake,
        )

    def wake(self) -> None:
        """Looks at once for what waits; may be called from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and so has the relay
                self._loop.call_soon_threadsafe(self._look_at_once)

    @property
    def refusals(self) -> dict[str, str]:
        """The modules that take nothing now, each with the reason; for a health check."""
        return {name: line.trouble for name, line in self._lines.items() if line.trouble}

    async def waiting(self) -> int:
        """Returns how many messages are not at their receivers yet."""
        return await self._stored.waiting()

    def _look_at_once(self) -> None:
        self._look.set()
        for line in self._lines.values():
            line.look.set()

    async def _watch(self) -> None:
        while True:
            self._look.clear()
            if await self._stored.take_lease(self._holder, self._lease_seconds):
                for destination in await self._stored.destinations():
                    await self._begin(destination)
            else:
                await self._stop_lines()
            await _wait(self._look, min(self._poll_seconds, self._lease_seconds / 3))

    async def _begin(self, destination: str) -> None:
        if destination not in self._lines:
            line = _Line(destination, self._stored, self._carrier, self._window)
            line.task = self._supervisor.task(f"relay to {destination}", line.work)
            self._lines[destination] = line
            await line.task.start()
        self._lines[destination].look.set()

    async def _stop_lines(self) -> None:
        lines, self._lines = self._lines, {}
        for line in lines.values():
            if line.task is not None:
                await line.task.stop()


class _Line:
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
        """Why nothing is taken, until all that waited is sent."""
        self._refused = False
        self.task: SupervisedTask | None = None

    async def work(self) -> None:
        """Sends what waits whenever it is told to look; later each time while nothing is taken."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            self.look.clear()
            self._refused = False
            while await self._send_some() and not self._refused:
                pause = _FIRST_PAUSE_SECONDS
            if not self._refused:
                self.trouble = ""
                await self.look.wait()
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _send_some(self) -> bool:
        """Sends the oldest messages, each key in order; returns whether there were any."""
        rows = await self._stored.oldest(self._destination, self._window)
        by_key: dict[str, list[tuple[int, Envelope]]] = {}
        for row in rows:
            by_key.setdefault(row[1].ordering_key, []).append(row)
        sent: list[int] = []
        try:
            await asyncio.gather(
                *(self._send_in_turn(messages, sent) for messages in by_key.values())
            )
        finally:
            if sent:
                failpoint("application_relay.delivered")
                await asyncio.shield(self._stored.remove(sent))
                failpoint("application_relay.removed")
        return bool(rows)

    async def _send_in_turn(
        self, messages: Sequence[tuple[int, Envelope]], sent: list[int]
    ) -> None:
        for number, envelope in messages:
            failpoint("application_relay.before_delivery")
            try:
                await self._carrier.forward(envelope)
            except AmphibusError as error:
                self._note(envelope, error)
                return
            sent.append(number)

    def _note(self, envelope: Envelope, error: AmphibusError) -> None:
        if not self.trouble:
            _log.warning(
                "%s takes nothing from %s now: %s; %s; %s. What was sent waits in the outbox",
                self._destination, envelope.source, error.what, error.why, error.fix,
            )  # fmt: skip
        self.trouble = error.what
        self._refused = True


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
