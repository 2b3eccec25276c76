"""An idempotent receiver for an application: what it has taken is a row in its own database, in the same transaction.

async with sessions.begin() as session:
    if await Inbox(session, receiver="till-7").take(source, message_id, type):
        ...  # its effect
"""

from typing import Any, Final

from sqlalchemy import CursorResult, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from amphibus.clock import DAY
from amphibus.contract.texts import storable
from amphibus.integrations.server_time import now_in
from amphibus.integrations.tables import IncomingMessage

KEEP_DAYS: Final = 30
"""The time for which a message is known; a module remembers as long."""
_LONGEST_ERROR: Final = 4_000
_INSERT: Final[dict[str, Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Inbox:
    """The inbox of one session."""

    def __init__(self, session: AsyncSession, *, receiver: str) -> None:
        """Makes the inbox.

        Args:
            session: of the application; the effect of the message belongs into the same transaction.
            receiver: the name of who takes it. Each receiver of one database takes a message once.
        """
        self._session = session
        self._receiver = receiver

    async def take(self, source: str, message_id: str, type_: str) -> bool:
        """Notes a message as taken; returns False if it was taken before, so that nothing is left to be done.

        Whoever takes the same message at the same time waits until this transaction has ended.
        """
        return await self._note(source, message_id, type_)

    async def give_up(
        self, source: str, message_id: str, type_: str, *, error: str, body: bytes
    ) -> bool:
        """Notes that a message will not be handled, with its body and the reason, which may hold what users sent."""
        said = storable(error, _LONGEST_ERROR)
        return await self._note(source, message_id, type_, error=said, body=body)

    async def forget(self) -> None:
        """Removes messages that were handled longer ago than they can come again. What was given up stays."""
        await self._session.execute(
            delete(IncomingMessage).where(
                IncomingMessage.taken < now_in(self._session) - KEEP_DAYS * DAY,
                IncomingMessage.error.is_(None),
            )
        )

    async def _note(
        self,
        source: str,
        message_id: str,
        type_: str,
        *,
        error: str | None = None,
        body: bytes | None = None,
    ) -> bool:
        insert = _INSERT[self._session.get_bind().dialect.name]
        noted = await self._session.execute(
            insert(IncomingMessage)
            .values(
                receiver=self._receiver,
                source=source,
                id=message_id,
                taken=now_in(self._session),
                type=type_,
                error=error,
                body=body,
            )
            .on_conflict_do_nothing()
        )
        assert isinstance(noted, CursorResult)
        return noted.rowcount == 1
