"""Version 5: where the schedules of a module stand."""

from typing import Final

EVERYWHERE: Final = (
    # `plan` is what `next` follows from, which is null until an instance arms it. `asked`: by hand, and not sent yet.
    """
    CREATE TABLE amphibus_schedule (
        name TEXT PRIMARY KEY,
        plan TEXT NOT NULL,
        next INTEGER,
        last INTEGER,
        missed INTEGER NOT NULL,
        paused INTEGER,
        reason TEXT NOT NULL,
        asked INTEGER
    ) WITHOUT ROWID
    """,
)

ON_A_SERVER: Final[tuple[str, ...]] = ()
