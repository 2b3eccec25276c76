"""Version 3: what receivers have said of the messages that left."""

from typing import Final

EVERYWHERE: Final = (
    # 1 once every destination was asked; those that did not say that they have it stand in `amphibus_awaited`.
    "ALTER TABLE amphibus_outbox ADD COLUMN asked INTEGER",
    """
    CREATE TABLE amphibus_awaited (
        destination TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (destination, seq)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX amphibus_awaited_seq ON amphibus_awaited (seq)",
)

ON_A_SERVER: Final[tuple[str, ...]] = ()
