"""The session that handlers work with: SQLModel's, with rows by their key from a statement made once."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import Select, bindparam, event, inspect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapper
from sqlalchemy.util.concurrency import greenlet_spawn
from sqlmodel import Session, select
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database.sql import DirectSql
from amphibus.database.store import UnitFailed
from amphibus.errors import OutlivesHandler

S = TypeVar("S", bound=AsyncSession)
_KEPT: Final = 512
_ASIDE: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
"""Comments and texts, in which nothing is a statement."""
_DURABILITY: Final = "synchronous_commit"
_HOLDS_STATEMENTS: Final = re.compile(
    r"\s*CREATE\b[^;]*\b(?:TRIGGER|FUNCTION|PROCEDURE)\b", re.IGNORECASE
)
_ENDS: Final = re.compile(
    r"\s*(?:BEGIN|START|COMMIT|END|ABORT|ROLLBACK(?!\s+TO\b)|PREPARE\s+TRANSACTION)\b",
    re.IGNORECASE,
)
_OUTLIVES: Final = re.compile(
    r"""\s*(?:
        SET \s+ (?!LOCAL\b|CONSTRAINTS\b|TRANSACTION\b)
        | SET \s+ LOCAL \s+ "? (?:search_path|role|session) \b
        | (?:RESET|DISCARD|LISTEN|UNLISTEN|LOAD|PREPARE|ATTACH|DETACH) \b
        | CREATE \s+ (?:(?:LOCAL|GLOBAL) \s+)? TEMP(?:ORARY)? \b
        | PRAGMA \s+ (?! (?:\w+\.)? (?:table_|index_|foreign_key_|defer_foreign_keys\b))
    )
    | .* \b (?:
        pg_(?:try_)?advisory_(?:lock|unlock)\w* \s* \(
        | set_config \s* \( (?! [^()]* , \s* true \s* \))
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
DIRECT: Final = "amphibus.direct"
"""The key of a session's `info` under which repositories find the driver of its connection."""


def session_on(bound: AsyncConnection, kind: type[S], direct: DirectSql) -> S:
    """A session of a connection whose transactions the runtime begins and ends: it reads and flushes."""
    session = kind(
        bind=bound,
        sync_session_class=ModuleSession,
        expire_on_commit=False,
        autoflush=True,
        join_transaction_mode="control_fully",
    )
    _uncommitting(session.sync_session)
    session.sync_session.info[DIRECT] = direct
    return session


class ServerSession(AsyncSession):
    """The session of a database that is waited for."""

    async def get(self, *args: Any, **options: Any) -> Any:
        """Loads a row by its primary key."""
        # SQLModel's own would name every option that there is, and so hide that none is asked for.
        return await greenlet_spawn(self.sync_session.get, *args, **options)


class ModuleSession(Session):
    """SQLModel's session. Only `get` differs, and only in speed."""

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """Loads a row by its primary key, as SQLAlchemy's own `get` does.

        That one builds its statement anew each time, which is a third of what a row costs.
        """
        lock = options.get("with_for_update")
        plain = not options if lock is None else lock is True and len(options) == 1
        statement = _by_key(entity, lock is True) if plain and _is_value(ident) else None
        if statement is None or (lock is None and self._has(entity, ident)):
            return super().get(entity, ident, **options)
        return super().execute(statement, {"ident": ident}).scalars().first()

    def _has(self, entity: Any, ident: Any) -> bool:
        return inspect(entity).identity_key_from_primary_key((ident,)) in self.identity_map


@lru_cache(maxsize=_KEPT)
def _by_key(entity: type, lock: bool) -> Select[Any] | None:
    """A row of a table of one key, without relationships or heirs; None for any other."""
    mapper: Mapper[Any] = inspect(entity)
    if len(mapper.primary_key) > 1 or mapper.relationships or mapper.polymorphic_on is not None:
        return None
    if mapper.inherits is not None or mapper.always_refresh:
        return None
    key = mapper.primary_key[0]
    statement: Select[Any] = select(entity).where(key == bindparam("ident", type_=key.type))
    return statement.with_for_update() if lock else statement


def _is_value(ident: Any) -> bool:
    return ident is not None and not isinstance(ident, (tuple, list, dict))


class TransactionGuard:
    """Keeps a connection and its transactions for the runtime, by whatever door somebody else would change them.

    The work of other handlers, not noted yet, is in the same transaction, and the next one is on the same connection.
    The drivers below are told to do nothing at SQLAlchemy's commit and rollback, so what a handler does with them
    ends nothing; it has only spoilt its batch.
    """

    def __init__(self) -> None:
        self.spoilt = False
        """A handler ended the transaction as far as SQLAlchemy knows."""
        self._armed = False

    @classmethod
    def listening(cls, bound: AsyncConnection) -> "TransactionGuard":
        """A guard that SQLAlchemy's events tell of everything."""
        guard, connection = cls(), bound.sync_connection
        event.listen(connection, "commit", lambda _: guard.ended())
        event.listen(connection, "rollback", lambda _: guard.ended())
        event.listen(connection, "before_cursor_execute", lambda *seen: guard.executing(seen[2]))
        return guard

    def begin(self, *, armed: bool) -> None:
        """A transaction begins; where it is not armed, its user may end it."""
        self.spoilt, self._armed = False, armed

    def ended(self) -> None:
        """SQLAlchemy commits or rolls back."""
        self.spoilt = self._armed

    def executing(self, statement: str) -> None:
        """A statement is about to run.

        Raises:
            UnitFailed: it would begin or end a transaction.
            OutlivesHandler: it would change what others do on the connection.
        """
        if self._armed and (refuse := _refusal(statement)) is not None:
            refuse(statement)


def _ends_the_transaction(_statement: str) -> None:
    raise UnitFailed


def _outlives_its_handler(statement: str) -> None:
    raise OutlivesHandler(
        f"a handler may not run {' '.join(statement.split())[:60]!r}",
        "it would hold for the handlers after it too: they share one connection",
        "use what ends with the transaction: SET LOCAL, pg_advisory_xact_lock, a WITH query",
    )


def ends_transaction(statement: str) -> bool:
    """Returns whether a statement begins or ends a transaction, or one of several in it does."""
    return any(map(_ENDS.match, _parts_of(statement)))


def _parts_of(statement: str) -> list[str]:
    plain = _ASIDE.sub(lambda found: " " if found[0][0] in "-/" else "''", statement)
    return [plain] if _HOLDS_STATEMENTS.match(plain) else plain.split(";")


@lru_cache(maxsize=1024)
def _refusal(statement: str) -> Callable[[str], None] | None:
    """Returns what a handler that runs a statement is told, or None."""
    if ends_transaction(statement):
        return _ends_the_transaction
    parts = _parts_of(statement)
    outlives = _DURABILITY in statement.lower() or any(map(_OUTLIVES.match, parts))
    return _outlives_its_handler if outlives else None


def _uncommitting(session: Session) -> None:
    """Refuses a session to commit: the work of other handlers, not noted yet, is in its transaction."""

    def refuse(session: Session) -> None:
        if not session.in_nested_transaction():
            raise UnitFailed

    event.listen(session, "before_commit", refuse)
