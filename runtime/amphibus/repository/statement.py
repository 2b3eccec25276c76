"""Statements that are compiled once for a database and run without the ORM, in the transaction of a session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ClauseElement, Dialect, Select, TextClause, UpdateBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database.sessions import DIRECT
from amphibus.database.sql import DirectSql
from amphibus.errors import AmphibusError

Convert = Callable[[Any], Any] | None
"""The converter of a value between Python and the driver; None where the driver takes it as it is."""
ROW: Final = "row__"
"""Begins a parameter's name where the name alone would be that of a column, which SQLAlchemy reserves."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in the words of one database."""

    text: str
    slots: tuple[tuple[str, Convert], ...]
    """The name of each value in the order of the text, with its converter."""
    fixed: Mapping[str, Any]
    """The values that stand in the statement itself."""
    results: tuple[tuple[int, Callable[[Any], Any]], ...]
    """The positions of result columns that need a converter."""

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        given = {**self.fixed, **values} if self.fixed else values
        return [
            given[name] if convert is None else convert(given[name]) for name, convert in self.slots
        ]

    def converted(self, row: Sequence[Any]) -> list[Any]:
        found = list(row)
        for position, convert in self.results:
            found[position] = convert(found[position])
        return found


class Statement:
    """A statement of SQLAlchemy Core, compiled once and then run without the ORM.

    `ADD = Statement(table.update()...)` at the top of a file, `await ADD.run(context.db, sku=..., quantity=...)` in a
    handler. It runs in the handler's transaction and sees what the session has not flushed yet.
    """

    __slots__ = ("_by_dialect", "_clause", "_returned")

    def __init__(self, clause: Select[Any] | UpdateBase | TextClause) -> None:
        self._clause: ClauseElement = clause
        self._returned = _returned_types(clause)
        self._by_dialect: dict[type[Dialect], _Compiled] = {}

    async def rows(self, session: AsyncSession, values: Mapping[str, Any]) -> list[list[Any]]:
        """All rows of a query, each value as its column's type gives it."""
        direct = await direct_of(session)
        compiled = await self._on(direct)
        found = await direct.rows(compiled.text, compiled.bound(values))
        return [compiled.converted(row) for row in found]

    async def run(self, session: AsyncSession, values: Mapping[str, Any]) -> int:
        """Runs it; returns the number of rows that it changed."""
        direct = await direct_of(session)
        compiled = await self._on(direct)
        return await direct.run(compiled.text, compiled.bound(values))

    async def run_many(self, session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
        """Runs it once for each mapping, in their order."""
        direct = await direct_of(session)
        compiled = await self._on(direct)
        await direct.many(compiled.text, [compiled.bound(values) for values in rows])

    async def _on(self, direct: DirectSql) -> _Compiled:
        found = self._by_dialect.get(type(direct.dialect))
        if found is None:
            found = await self._compiled(direct)
            self._by_dialect[type(direct.dialect)] = found
        return found

    async def _compiled(self, direct: DirectSql) -> _Compiled:
        dialect = direct.dialect
        compiled: Any = self._clause.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        codes = await direct.column_types(str(compiled)) if self._returned else ()
        results = (
            (at, _from_driver(kind, dialect, codes[at] if codes else None))
            for at, kind in enumerate(self._returned)
        )
        if compiled.post_compile_params:
            raise AmphibusError(
                "a statement is not the same for all its values",
                "an `IN` of many values is written anew for each number of them",
                "run it by context.db.exec",
            )
        fixed = {
            name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required
        }
        return _Compiled(
            str(compiled),
            tuple(
                (name.removeprefix(ROW), _to_driver(compiled.binds[name].type, dialect))
                for name in compiled.positiontup or ()
            ),
            fixed,
            tuple((at, convert) for at, convert in results if convert is not None),
        )


async def direct_of(session: AsyncSession) -> DirectSql:
    """The driver of a session's connection, once all that waits in the session is written.

    Raises:
        AmphibusError: the session is none of the runtime's.
    """
    sync = session.sync_session
    direct: DirectSql | None = sync.info.get(DIRECT)
    if direct is None:
        raise AmphibusError(
            "a repository was given a session of its user's own",
            "it works on the connection of a handler's transaction",
            "give it context.db",
        )
    if next(iter(sync), None) is not None:
        await session.flush()
    return direct


def _returned_types(clause: Select[Any] | UpdateBase | TextClause) -> list[Any]:
    if isinstance(clause, Select):
        return [column.type for column in clause.selected_columns]
    return [column.type for column in getattr(clause, "_returning", ())]


def _to_driver(kind: Any, dialect: Dialect) -> Convert:
    convert: Convert = kind.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _from_driver(kind: Any, dialect: Dialect, code: Any) -> Convert:
    convert: Convert = kind.dialect_impl(dialect).result_processor(dialect, code)
    return convert
