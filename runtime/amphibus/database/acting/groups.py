"""Groups of dead letters: those of one type that died of one cause."""

from collections.abc import Sequence
from typing import NamedTuple

from amphibus.database.acting.conditions import is_of_groups, narrowing_of_groups
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.acting import Condition


class Group(NamedTuple):
    """Letters of one type that died of one cause."""

    group: str
    type: str
    exception: str
    frame: str
    letters: int
    first: int
    last: int


async def dead_groups(sql: Sql, where: Sequence[Condition], *, limit: int) -> list[Group]:
    """Returns the largest groups of letters; counted by the database, from an index where that has all it takes.

    Elsewhere the letters are read as they lie and then put in order: in the order of that index, each would be
    looked up by itself.
    """
    narrowed = narrowing_of_groups(where)
    group = "fingerprint" if is_of_groups(where) else "fingerprint || ''"
    rows = await sql.rows(
        f"SELECT {group}, type, exception, frame, count(*), min(died), max(died)"
        f" FROM amphibus_dead WHERE 1 = 1{narrowed.sql}"
        " GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2 LIMIT ?",
        *narrowed.values,
        limit,
    )
    return [Group(*row) for row in rows]
