"""Version 5: limits, schedules, acts on many dead letters, the audit, for whom a deadline was armed, and API keys."""

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
    # The exception that it died of, the last frame of the module's own code, and a short name of both with its type.
    "ALTER TABLE amphibus_dead ADD COLUMN exception TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE amphibus_dead ADD COLUMN frame TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE amphibus_dead ADD COLUMN fingerprint TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX amphibus_dead_fingerprint ON amphibus_dead (fingerprint, type, exception, frame, died)",
    # Its letters are those that matched up to the number `upto`; it has looked for them up to `collected`.
    """
    CREATE TABLE amphibus_operation (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        conditions TEXT NOT NULL,
        most INTEGER,
        per_second DOUBLE PRECISION,
        who TEXT NOT NULL,
        reason TEXT NOT NULL,
        began INTEGER NOT NULL,
        ended INTEGER,
        upto INTEGER NOT NULL,
        collected INTEGER NOT NULL,
        total INTEGER NOT NULL,
        done INTEGER NOT NULL,
        skipped INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX amphibus_operation_state ON amphibus_operation (state, began)",
    """
    CREATE TABLE amphibus_operation_letter (
        operation TEXT NOT NULL,
        seq INTEGER NOT NULL,
        id TEXT NOT NULL,
        source TEXT NOT NULL,
        key TEXT,
        time INTEGER NOT NULL,
        died INTEGER NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (operation, seq)
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX amphibus_operation_letter_left ON amphibus_operation_letter (operation, time, seq)
        WHERE state = 'left'
    """,
    # Acts of operators, each with a hash over the one before it. The last of them stands among the facts.
    """
    CREATE TABLE amphibus_audit (
        number INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        principal TEXT,
        what TEXT NOT NULL,
        object TEXT NOT NULL,
        reason TEXT NOT NULL,
        count INTEGER NOT NULL,
        hash TEXT NOT NULL
    )
    """,
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
