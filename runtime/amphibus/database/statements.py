"""Statements on the runtime's own tables that both kinds of database share, with `?` for values."""

from typing import Final

from amphibus.database.tables import ENVELOPE

INSERT_OUTBOX: Final = (
    f"INSERT INTO amphibus_outbox ({ENVELOPE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_INBOX: Final = (
    f"INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
ARM_TIMER: Final = (
    "INSERT INTO amphibus_timer (name, key, due, id, correlation, causation, trace, part)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET due = excluded.due,"
    " id = excluded.id, correlation = excluded.correlation, causation = excluded.causation,"
    " trace = excluded.trace"
)
DISARM_TIMER: Final = "DELETE FROM amphibus_timer WHERE name = ? AND key = ?"

PAST: Final = """
    SELECT outcome, answer FROM amphibus_inbox WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'dead', NULL FROM amphibus_dead WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'waits', NULL FROM amphibus_parked WHERE lane = {lane}
    UNION ALL SELECT 'waits', NULL FROM amphibus_dead WHERE lane = {lane} AND blocks = 1
    LIMIT 1
"""
"""What stands against running a message of this source, id and lane."""
