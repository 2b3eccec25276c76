"""Version 4: what is paused, and where the processes stand that have not ended."""

from typing import Final

EVERYWHERE: Final = (
    # `type` is empty for the whole module; `until` is null until it is resumed.
    """
    CREATE TABLE amphibus_pause (
        type TEXT PRIMARY KEY,
        since INTEGER NOT NULL,
        until INTEGER,
        reason TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    # Written with the state in the module's own table; a process that ends leaves nothing here.
    """
    CREATE TABLE amphibus_process (
        process TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (process, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX amphibus_process_since ON amphibus_process (since, process, key)",
    # One page of the dead letters of one type.
    "CREATE INDEX amphibus_dead_type ON amphibus_dead (type, died, id)",
)

ON_A_SERVER: Final[tuple[str, ...]] = ()
