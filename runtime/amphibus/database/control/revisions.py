"""The revisions of the live settings. A row is never changed: each holds all that is set, and what it changed."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from amphibus.database.sql import Sql
from amphibus.database.write_set import Row
from amphibus.errors import Overtaken

TABLE: Final = """
    CREATE TABLE IF NOT EXISTS {}revision (
        revision BIGINT PRIMARY KEY,
        previous BIGINT NOT NULL UNIQUE,
        at BIGINT NOT NULL,
        who TEXT NOT NULL,
        why TEXT NOT NULL,
        changes TEXT NOT NULL,
        settings TEXT NOT NULL
    )
"""
"""Two that follow the same one cannot both stand."""
_COLUMNS: Final = "revision, previous, at, who, why, changes, settings"
_LIST: Final = f"SELECT {_COLUMNS} FROM {{}}revision ORDER BY revision DESC LIMIT ?"
_ADD: Final = (
    f"INSERT INTO {{}}revision ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


class Revision(NamedTuple):
    """All live settings from a moment on."""

    revision: int
    previous: int
    """The one that it was made from; 0 where there was none."""
    at: int
    who: str
    why: str
    changes: Mapping[str, tuple[Any, Any]]
    """By setting: its value before, and its value; None where it was or is not set."""
    settings: Mapping[str, Any]


NOTHING: Final = Revision(0, -1, 0, "", "", {}, {})
"""Nothing was ever set."""


class Control(Protocol):
    """The place of the revisions, as processes read it."""

    async def latest(self) -> Revision:
        """Returns the settings as they are meant to be now.

        Raises:
            Exception: it is away, or damaged.
        """
        ...


async def revisions(sql: Sql, place: str, limit: int) -> list[Revision]:
    """Returns the revisions, newest first; `place` stands before the name of the table."""
    return [_revision(row) for row in await sql.rows(_LIST.format(place), limit)]


async def add_revision(sql: Sql, place: str, wanted: Revision) -> None:
    """Adds one.

    Raises:
        Overtaken: another one follows the same; nothing was changed.
    """
    kept = wanted._replace(
        changes=json.dumps({key: list(both) for key, both in wanted.changes.items()}),  # type: ignore[arg-type]
        settings=json.dumps(dict(wanted.settings), sort_keys=True),  # type: ignore[arg-type]
    )
    if not await sql.run(_ADD.format(place), *kept):
        raise _overtaken(wanted, (await revisions(sql, place, 1))[0])


def _overtaken(wanted: Revision, latest: Revision) -> Overtaken:
    keys = ", ".join(latest.changes) or "something"
    return Overtaken(
        f"the settings are at revision {latest.revision} by now, no longer at {wanted.previous}",
        f"{latest.who} changed {keys} meanwhile; nothing was changed here",
        "amphibus config history",
    )


def _revision(row: Row) -> Revision:
    revision, previous, at, who, why, changes, settings = row
    return Revision(
        int(revision),
        int(previous),
        int(at),
        who,
        why,
        {key: (both[0], both[1]) for key, both in json.loads(changes).items()},
        json.loads(settings),
    )
