"""A transactional outbox for an application that is not built of modules, inside its own SQLAlchemy transaction.

outbox = Outbox(session, source="checkout")
session.add(Basket(...))
outbox.send(orders.PlaceOrder(...))
await session.commit()

What was sent is stored by the same commit as the application's own rows, or not at all; an `OutboxRelay` takes it to
the modules from there.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from amphibus.access.outside_message import BODY_LIMIT_BYTES, OutsideSender
from amphibus.contract import Command
from amphibus.integrations.tables import OutgoingMessage
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id

OnCommit = Callable[[], object]
HANDLED: Final = "amphibus.handled"
"""The name in `session.info` of the message that the session handles, which causes what it sends."""


class Outbox:
    """The outbox of one session. Make one for each, as you make the session; it holds nothing else.

    Commands of one key leave in the order in which their transactions were committed, and arrive in it.
    """

    def __init__(
        self,
        session: AsyncSession | Session,
        *,
        source: str,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
        on_commit: OnCommit | None = None,
    ) -> None:
        """Makes the outbox; it touches no database.

        Args:
            session: of the application, async or not, with or without a transaction under way.
            source: the application's name. An id is unique within it, so it stays the same for good.
            body_limit_bytes: largest command that receivers take.
            on_commit: called after a commit of what was sent. `OutboxRelay.outbox` gives its own.

        Raises:
            ConfigError: the source is no name.
        """
        self._session = session
        self._sender: Final = OutsideSender(source, body_limit_bytes)
        self._on_commit = on_commit

    def send(
        self,
        command: Command[Any],
        *,
        message_id: str | None = None,
        correlation: str | None = None,
        causation: str | None = None,
    ) -> str:
        """Adds a command to the session; returns its id. It is sent if and when the session commits.

        Args:
            command: an instance of a contract, and so valid.
            message_id: its identity: two commands with the same id take effect once. Without one, each is meant
                for itself; an application whose clients repeat requests derives it from what they sent.
            correlation: the flow that it belongs to; if not given, that of the message that the session handles,
                or else its own id.
            causation: the id of the message that caused it; if not given, the one that the session handles.

        Raises:
            Undeclared: it is no command of a contract.
            ConfigError: it is too large, or no receiver would take its id or its key.
        """
        body = self._sender.body_of(command)
        handled: Envelope | None = self._session.info.get(HANDLED)
        if handled is not None:
            correlation, causation = correlation or handled.correlation, causation or handled.id
        envelope = self._sender.envelope(
            command,
            body,
            new_id() if message_id is None else message_id,
            correlation=correlation,
            causation=causation,
        )
        self._session.add(
            OutgoingMessage(
                source=envelope.source,
                destination=type(command).contract_owner,
                id=envelope.id,
                type=envelope.type,
                key=envelope.key,
                time=envelope.time,
                correlation=envelope.correlation,
                causation=envelope.causation,
                trace=envelope.trace,
                body=body,
            )
        )
        self._tell_of_commit()
        return envelope.id

    def _tell_of_commit(self) -> None:
        """Has `on_commit` called once, by the session's next commit."""
        on_commit, self._on_commit = self._on_commit, None
        if on_commit is None:
            return
        session = self._session
        plain = session.sync_session if isinstance(session, AsyncSession) else session
        event.listen(plain, "after_commit", lambda _session: on_commit(), once=True)
