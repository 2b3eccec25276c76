"""Inbox, outbox and relay, as a good engineer writes them.

One transaction a message; a relay that is woken on commit and has many confirms in flight.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from faststream.rabbit import RabbitBroker, RabbitExchange
from sqlalchemy import Table, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from tests.benchmarks.peers.flow.messages import Message
from tests.benchmarks.peers.flow.tables import INBOXES

Work = Callable[[AsyncSession], Awaitable[Sequence[Message]]]
_BATCH: Final = 256
_POLL_SECONDS: Final = 1.0


class Post:
    """How the handlers of a process commit and publish.

    With an outbox: the message is noted, the work done and what it says written in one transaction; a relay
    publishes. Without: the work is committed, then published.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        broker: RabbitBroker,
        exchange: RabbitExchange,
        outbox: Table | None,
    ) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._broker = broker
        self._exchange = exchange
        self._outbox = outbox
        self._woken = asyncio.Event()
        self._relay: asyncio.Task[None] | None = None

    async def handle(self, module: str, message: Message | None, work: Work) -> None:
        """Does the work once, durably; `message` is what caused it, None for a request from outside."""
        async with self._sessions.begin() as session:
            if self._outbox is not None and message is not None:
                noted = await session.execute(
                    insert_or(INBOXES[module])
                    .values(message_id=message.message_id)
                    .on_conflict_do_nothing()
                )
                if not noted.rowcount:  # type: ignore[attr-defined]
                    return
            said = await work(session)
            if self._outbox is not None and said:
                await session.execute(insert(self._outbox), [_row(each) for each in said])
        if self._outbox is None:
            await asyncio.gather(*(self._publish(_row(each)) for each in said))
        elif said:
            self._woken.set()

    def start(self) -> None:
        """Starts the relay, if there is an outbox."""
        if self._outbox is not None:
            self._relay = asyncio.create_task(self._watch(self._outbox))

    async def stop(self) -> None:
        """Ends it."""
        if self._relay is not None:
            self._relay.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._relay

    async def _watch(self, outbox: Table) -> None:
        while True:
            self._woken.clear()
            while await self._send_some(outbox):
                pass
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._woken.wait()

    async def _send_some(self, outbox: Table) -> bool:
        async with self._engine.begin() as connection:
            oldest = select(outbox).order_by(outbox.c.seq).limit(_BATCH)
            found = await connection.execute(oldest.with_for_update(skip_locked=True))
            rows = [dict(row) for row in found.mappings()]
            if not rows:
                return False
            await asyncio.gather(*(self._publish(row) for row in rows))
            sent = [row["seq"] for row in rows]
            await connection.execute(delete(outbox).where(outbox.c.seq.in_(sent)))
        return True

    async def _publish(self, row: dict[str, Any]) -> None:
        await self._broker.publish(
            row["body"],
            exchange=self._exchange,
            routing_key=row["type"],
            message_id=str(row["message_id"]),
            content_type="application/json",
            persist=True,
        )


def _row(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "type": type(message).__name__,
        "body": message.model_dump_json().encode(),
    }
