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
from collections.abc import Awaitable
from typing import Any, Final, Self

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from amphibus.access.outside_message import BODY_LIMIT_BYTES, OutsideSender
from amphibus.integrations.line import Carrier, Line, wait_for
from amphibus.integrations.outbox import Outbox
from amphibus.integrations.stored import StoredMessages
from amphibus.integrations.watch import LoggedTasks
from amphibus.messages.ids import new_id
from amphibus.supervision import Supervisor

_log: Final = logging.getLogger("amphibus.outbox")
_STOP_SECONDS: Final = 2.0


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
        self._lines: dict[str, Line] = {}

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
        # What does not answer is left: the lease ends by itself, a little later.
        await _ended(self._stored.give_lease_back(self._holder))
        await _ended(self._carrier.close())

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
            await wait_for(self._look, min(self._poll_seconds, self._lease_seconds / 3))

    async def _begin(self, destination: str) -> None:
        if destination not in self._lines:
            line = Line(destination, self._stored, self._carrier, self._window)
            line.task = self._supervisor.task(f"relay to {destination}", line.work)
            self._lines[destination] = line
            await line.task.start()
        self._lines[destination].look.set()

    async def _stop_lines(self) -> None:
        lines, self._lines = self._lines, {}
        tasks = [line.task for line in lines.values() if line.task is not None]
        await asyncio.gather(*(task.stop() for task in tasks))


async def _ended(work: Awaitable[Any]) -> None:
    """Waits for something that belongs to the end, for a moment; whatever becomes of it hinders nobody."""
    task = asyncio.ensure_future(work)
    await asyncio.wait((task,), timeout=_STOP_SECONDS)
    task.cancel()
    await asyncio.wait((task,), timeout=_STOP_SECONDS)
    if task.done() and not task.cancelled():
        task.exception()
