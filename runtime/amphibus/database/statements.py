"""Statements on the runtime's own tables that both kinds of database share, with `?` for values."""

from typing import Final

from amphibus.database.envelope_rows import ENVELOPE

INSERT_OUTBOX: Final = (
    f"INSERT INTO amphibus_outbox ({ENVELOPE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_INBOX: Final = (
    f"INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
ARM_TIMER: Final = (
    "INSERT INTO amphibus_timer (name, key, due, id, correlation, causation, trace, partition)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET due = excluded.due,"
    " id = excluded.id, correlation = excluded.correlation, causation = excluded.causation,"
    " trace = excluded.trace"
)
DISARM_TIMER: Final = "DELETE FROM amphibus_timer WHERE name = ? AND key = ?"

PRIOR_OUTCOME: Final = """
    SELECT outcome, answer FROM amphibus_inbox WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'dead', NULL FROM amphibus_dead WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'waits', NULL FROM amphibus_delayed WHERE ordering_key = {ordering_key}
    UNION ALL SELECT 'waits', NULL FROM amphibus_dead WHERE ordering_key = {ordering_key} AND blocks = 1
    LIMIT 1
"""
"""What stands against running a message of this source, id and ordering key."""
