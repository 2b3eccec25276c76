"""Version 1: the first tables. Stores of that version exist, so what stands here does not change."""

from typing import Final

_ENVELOPE_COLUMNS: Final = """
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    key TEXT,
    time INTEGER NOT NULL,
    correlation TEXT NOT NULL,
    causation TEXT,
    trace TEXT NOT NULL,
    reply INTEGER NOT NULL,
    extra TEXT,
    body BLOB
"""

EVERYWHERE: Final = (
    "CREATE TABLE amphibus_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # What the module has said and asked: its event log, and what the relay reads. Pruned after `retain`.
    f"CREATE TABLE amphibus_outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, {_ENVELOPE_COLUMNS})",
    "CREATE INDEX amphibus_outbox_id ON amphibus_outbox (id)",
    "CREATE INDEX amphibus_outbox_time ON amphibus_outbox (time)",
    # A row for each destination that does not have its message safe yet; the relay's work.
    """
    CREATE TABLE amphibus_delivery (
        destination TEXT NOT NULL,
        seq INTEGER NOT NULL,
        part INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (destination, seq)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX amphibus_delivery_seq ON amphibus_delivery (seq)",
    # What the module has handled. Bodies go after `retain`, rows after `inbox_retention`.
    f"""
    CREATE TABLE amphibus_inbox (
        seq INTEGER PRIMARY KEY,
        {_ENVELOPE_COLUMNS},
        received INTEGER NOT NULL,
        handled INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        answer BLOB,
        UNIQUE (source, id)
    )
    """,
    "CREATE INDEX amphibus_inbox_bodies ON amphibus_inbox (handled) WHERE body IS NOT NULL",
    "CREATE INDEX amphibus_inbox_correlation ON amphibus_inbox (correlation)",
    # Messages that wait for a retry (`due` set), and later ones of their lane that wait behind them (`due` null).
    f"""
    CREATE TABLE amphibus_parked (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        lane TEXT NOT NULL,
        {_ENVELOPE_COLUMNS},
        received INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        due INTEGER,
        late INTEGER NOT NULL,
        error TEXT NOT NULL,
        part INTEGER NOT NULL DEFAULT 0,
        UNIQUE (source, id)
    )
    """,
    "CREATE INDEX amphibus_parked_due ON amphibus_parked (due) WHERE due IS NOT NULL",
    "CREATE INDEX amphibus_parked_lane ON amphibus_parked (lane, seq)",
    # Messages that used up their retries, or that nobody could read. `blocks`: their lane waits behind them.
    f"""
    CREATE TABLE amphibus_dead (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        lane TEXT NOT NULL,
        {_ENVELOPE_COLUMNS},
        received INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        died INTEGER NOT NULL,
        reason TEXT NOT NULL,
        error TEXT NOT NULL,
        traceback TEXT NOT NULL,
        blocks INTEGER NOT NULL,
        UNIQUE (source, id)
    )
    """,
    "CREATE INDEX amphibus_dead_lane ON amphibus_dead (lane) WHERE blocks = 1",
    """
    CREATE TABLE amphibus_timer (
        name TEXT NOT NULL,
        key TEXT NOT NULL,
        due INTEGER NOT NULL,
        id TEXT NOT NULL,
        correlation TEXT NOT NULL,
        causation TEXT,
        trace TEXT NOT NULL,
        part INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (name, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX amphibus_timer_due ON amphibus_timer (due)",
    # What the gateway has accepted over HTTP, by every identity that a second request could repeat.
    """
    CREATE TABLE amphibus_accepted (
        identity TEXT PRIMARY KEY,
        message_id TEXT NOT NULL,
        digest BLOB NOT NULL,
        accepted INTEGER NOT NULL,
        status INTEGER,
        location TEXT,
        answer BLOB
    ) WITHOUT ROWID
    """,
    "CREATE INDEX amphibus_accepted_time ON amphibus_accepted (accepted)",
    "CREATE INDEX amphibus_accepted_message ON amphibus_accepted (message_id)",
)
"""`outcome` of the inbox is one of `handled`, `refused`, `discarded`; a dead message is in the dead letters only."""

ON_A_SERVER: Final = (
    # Who does which part of the module's work; `token` grows with every change of hands.
    """
    CREATE TABLE amphibus_lease (
        part INTEGER PRIMARY KEY,
        owner TEXT,
        token INTEGER NOT NULL,
        until INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE amphibus_instance (
        id TEXT PRIMARY KEY,
        transport TEXT NOT NULL,
        until INTEGER NOT NULL
    )
    """,
)
