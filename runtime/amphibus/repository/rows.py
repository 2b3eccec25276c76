"""The base of the repositories that `amphibus generate repositories` writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.errors import AmphibusError, StaleRow
from amphibus.repository import queries
from amphibus.repository.shape import Shape, shape_of
from amphibus.repository.unsaved import note

R = TypeVar("R", bound=SQLModel)
Place = TypeVar("Place")
_MOST_KEYS: Final = 256
"""The most keys that one statement asks for."""


@dataclass(frozen=True, slots=True)
class Page(Generic[R, Place]):
    """Some rows of many, in an order."""

    rows: list[R]
    next: Place | None
    """Where the next page begins: its `after`. None at the end."""


class Repository(Generic[R]):
    """The rows of one table, read and written without the ORM in the transaction of a handler's session.

    Lives no longer than its session. What it reads are objects of the table's class that belong to no session: what is
    changed in them is written by `save`, and by nothing else. A handler that changes one and does not save it fails.
    """

    __slots__ = ("_session", "_shape")
    table: ClassVar[type[SQLModel]]

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._shape: Shape = shape_of(self.table)

    async def insert(self, row: R) -> None:
        """Writes a new row.

        Raises:
            sqlalchemy.exc.IntegrityError: its key is taken, or a constraint forbids it.
        """
        if row in self._session:
            await self._session.flush()
            return
        shape, values = self._shape, vars(row)
        shape.complete(row)
        counted = shape.given_by_database
        if counted is not None and values.get(counted) is None:
            made = await queries.inserted(self.table, counted=True).rows(self._session, values)
            setattr(row, counted, made[0][0])
        else:
            await queries.inserted(self.table, counted=False).run(self._session, values)
        self._written(row)

    async def upsert(self, row: R) -> bool:
        """Writes a row, or over the one of its key; returns False if that has the same `hash_code`.

        A table without that column is compared by all of them.

        Raises:
            AmphibusError: the table has a version, which such a row cannot know.
        """
        if self._shape.version is not None:
            raise AmphibusError(
                f"a {self.table.__name__} has a version",
                "who writes over one must have read it",
                "get it, then insert or save",
            )
        self._shape.complete(row)
        wrote = await queries.upserted(self.table).run(self._session, vars(row)) > 0
        self._written(row)
        return wrote

    async def update(self, row: R) -> bool:
        """Writes all of a row over the one of its key; returns False if that has the same `hash_code`.

        A table without that column is compared by all of them.

        Raises:
            StaleRow: there is no such row, or it has another version.
        """
        wrote = await queries.updated(self.table).run(self._session, vars(row)) > 0
        if not wrote:
            await self._check_there(row)
        self._count_up(row, wrote=wrote)
        self._written(row)
        return wrote

    async def save(self, row: R) -> bool:
        """Writes what was changed in a row since it was read; returns False if that is nothing.

        Raises:
            StaleRow: there is no such row any more, or it has another version.
        """
        changed = self._shape.changed(row)
        if not changed:
            return False
        if row in self._session:
            await self._session.flush()
            return True
        if any(name in self._shape.key for name in changed):
            raise AmphibusError(
                f"a {self.table.__name__} was saved that was never read",
                "its key is new, or was changed",
                "insert it",
            )
        statement = queries.saved(self.table, tuple(changed))
        if not await statement.run(self._session, vars(row)):
            raise self._stale(row)
        self._count_up(row, wrote=True)
        self._written(row)
        return True

    async def _get(self, key: Mapping[str, Any], *, for_update: bool) -> R | None:
        statement = queries.by_key(self.table, locked=for_update)
        found = await statement.rows(self._session, key)
        return self._loaded(found[0]) if found else None

    async def _get_many(self, keys: Collection[Any], *, for_update: bool) -> list[R]:
        """The rows of some keys, in the order of the keys, so that no two handlers lock each other out."""
        left, rows = sorted(set(keys)), []
        while left:
            some, left = left[:_MOST_KEYS], left[_MOST_KEYS:]
            asked = 1 << (len(some) - 1).bit_length()
            some += [some[-1]] * (asked - len(some))
            statement = queries.by_keys(self.table, asked, locked=for_update)
            values = {f"{queries.NTH}{at}": key for at, key in enumerate(some)}
            rows += await statement.rows(self._session, values)
        return [self._loaded(each) for each in rows]

    async def _find(self, equal: Mapping[str, Any], limit: int) -> list[R]:
        statement = queries.found(self.table, tuple(equal), self._shape.key)
        found = await statement.rows(self._session, {**equal, queries.LIMIT: limit})
        return [self._loaded(each) for each in found]

    async def _find_one(self, equal: Mapping[str, Any]) -> R | None:
        found = await self._find(equal, 1)
        return found[0] if found else None

    async def _page(
        self,
        equal: Mapping[str, Any],
        order: tuple[str, ...],
        after: Sequence[Any] | None,
        *,
        limit: int,
        descending: bool,
    ) -> "Page[R, Any]":
        statement = queries.found(
            self.table, tuple(equal), order, descending=descending, behind=after is not None
        )
        place = zip(order, after or (), strict=False)
        values = {f"{queries.AFTER}{name}": value for name, value in place}
        asked = {**equal, **values, queries.LIMIT: limit + 1}
        found = await statement.rows(self._session, asked)
        rows: list[R] = [self._loaded(each) for each in found[:limit]]
        more = len(found) > limit and bool(rows)
        return Page(rows, tuple(vars(rows[-1])[name] for name in order) if more else None)

    def _loaded(self, values: Sequence[Any]) -> Any:
        row = self._shape.loaded(values)
        note(self._session, self._shape, row)
        return row

    def _written(self, row: R) -> None:
        self._shape.written(row, self._session)
        note(self._session, self._shape, row)

    def _count_up(self, row: R, *, wrote: bool) -> None:
        version = self._shape.version
        if wrote and version is not None:
            setattr(row, version, vars(row)[version] + 1)

    async def _check_there(self, row: R) -> None:
        """Raises if nothing was written since the row is not the one that its writer knows."""
        key = {name: vars(row)[name] for name in self._shape.key}
        there: Any = await self._get(key, for_update=False)
        version = self._shape.version
        if there is None or (version and vars(there)[version] != vars(row)[version]):
            raise self._stale(row)

    def _stale(self, row: R) -> StaleRow:
        key = ", ".join(str(vars(row)[name]) for name in self._shape.key)
        return StaleRow(
            f"{self.table.__name__} {key} is not as it was read",
            "it was removed, or somebody else has written a later version of it",
            "nothing: the message is tried again",
        )
