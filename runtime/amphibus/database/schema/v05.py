"""Version 5: how much of a type of message may begin, and where the schedules of a module stand."""

from typing import Final

EVERYWHERE: Final = (
    # Limits that operators set; `until` is null until they are unset, `at_most` and `rate` where there is none.
    """
    CREATE TABLE amphibus_limit (
        type TEXT PRIMARY KEY,
        since INTEGER NOT NULL,
        until INTEGER,
        at_most INTEGER,
        rate TEXT,
        reason TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    # The last turn of a type with a rate that was taken; `value` is a digest of that for which each the rate counts.
    """
    CREATE TABLE amphibus_turn (
        type TEXT NOT NULL,
        value TEXT NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (type, value)
    ) WITHOUT ROWID
    """,
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

ON_A_SERVER: Final = (
    # How many of a type an instance may have under way at once, and how many it wants.
    """
    CREATE TABLE amphibus_permit (
        type TEXT NOT NULL,
        value TEXT NOT NULL,
        holder TEXT NOT NULL,
        held INTEGER NOT NULL,
        wanted INTEGER NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (type, value, holder)
    )
    """,
)
