"""Version 5: for whom a deadline was armed, and the keys by which programs show who they are."""

from typing import Final

EVERYWHERE: Final = (
    # Access: a deadline carries on for whom its process was begun.
    "ALTER TABLE amphibus_timer ADD COLUMN extra TEXT",
    # Access: API keys, of which only the hash is kept. Used in the gateway's database alone.
    """
    CREATE TABLE amphibus_api_key (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        tenant TEXT NOT NULL,
        scopes TEXT NOT NULL,
        hash BLOB NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        revoked INTEGER
    ) WITHOUT ROWID
    """,
)

ON_A_SERVER: Final[tuple[str, ...]] = ()
