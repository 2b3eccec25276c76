"""Version 2: the field's words for tables and columns, and indexes for the questions of history."""

from typing import Final

_TIMER_OF_A_MESSAGE: Final = """
    INSERT INTO amphibus_timer (name, key, due, id, correlation, causation, trace, partition)
    SELECT substr(type, 7), coalesce(key, ''), 9223372036854775807, id, correlation, causation, trace, {partition}
    FROM {table} WHERE type LIKE 'timer:%' ORDER BY seq DESC
    ON CONFLICT (name, key) DO NOTHING
"""
_LATER: Final = """
    CREATE TABLE amphibus_later (
        name TEXT NOT NULL,
        recall_key TEXT NOT NULL,
        due INTEGER NOT NULL,
        destination TEXT NOT NULL,
        partition INTEGER NOT NULL,
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
        body BLOB,
        PRIMARY KEY (name, recall_key)
    )
"""

EVERYWHERE: Final = (
    "ALTER TABLE amphibus_parked RENAME TO amphibus_delayed",
    "ALTER TABLE amphibus_delayed RENAME COLUMN lane TO ordering_key",
    "ALTER TABLE amphibus_delayed RENAME COLUMN part TO partition",
    "DROP INDEX amphibus_parked_due",
    "DROP INDEX amphibus_parked_lane",
    "CREATE INDEX amphibus_delayed_due ON amphibus_delayed (due) WHERE due IS NOT NULL",
    "CREATE INDEX amphibus_delayed_ordering_key ON amphibus_delayed (ordering_key, seq)",
    "ALTER TABLE amphibus_dead RENAME COLUMN lane TO ordering_key",
    "DROP INDEX amphibus_dead_lane",
    "CREATE INDEX amphibus_dead_ordering_key ON amphibus_dead (ordering_key) WHERE blocks = 1",
    "ALTER TABLE amphibus_delivery RENAME COLUMN part TO partition",
    "ALTER TABLE amphibus_timer RENAME COLUMN part TO partition",
    # A timer whose message is delayed or dead keeps its row: a process can disarm it until it fires.
    _TIMER_OF_A_MESSAGE.format(table="amphibus_delayed", partition="partition"),
    _TIMER_OF_A_MESSAGE.format(table="amphibus_dead", partition="0"),
    # Commands that are sent later, unless they are recalled.
    _LATER,
    "CREATE INDEX amphibus_later_due ON amphibus_later (due)",
    # What happened last, one flow, and the flows that a business key began.
    "CREATE INDEX amphibus_inbox_handled ON amphibus_inbox (handled)",
    "CREATE INDEX amphibus_outbox_correlation ON amphibus_outbox (correlation)",
    "CREATE INDEX amphibus_outbox_key ON amphibus_outbox (key) WHERE causation IS NULL",
    "CREATE INDEX amphibus_inbox_key ON amphibus_inbox (key) WHERE causation IS NULL",
    "CREATE INDEX amphibus_delayed_correlation ON amphibus_delayed (correlation)",
    "CREATE INDEX amphibus_dead_correlation ON amphibus_dead (correlation)",
    # The pages of the dead letters, and one of them.
    "CREATE INDEX amphibus_dead_died ON amphibus_dead (died, id)",
    "CREATE INDEX amphibus_dead_id ON amphibus_dead (id)",
)

ON_A_SERVER: Final = (
    "ALTER TABLE amphibus_lease RENAME COLUMN part TO partition",
    # What PostgreSQL named after the table, and shows in its errors.
    "ALTER INDEX amphibus_parked_pkey RENAME TO amphibus_delayed_pkey",
    "ALTER INDEX amphibus_parked_source_id_key RENAME TO amphibus_delayed_source_id_key",
    "ALTER SEQUENCE amphibus_parked_seq_seq RENAME TO amphibus_delayed_seq_seq",
)
