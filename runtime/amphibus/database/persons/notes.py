"""Notes beside messages that tell a person: deadlines that came, and operations that ended."""

import json
from typing import Any, Final

from amphibus.database.persons.bodies import Sought, replaced, rewritten, without_texts
from amphibus.database.persons.principals import without_principal
from amphibus.database.sql import Sql
from amphibus.database.timers import NEVER

_DEADLINES: Final = f"SELECT name, key, extra FROM amphibus_timer WHERE due = {NEVER}"
_DEADLINE: Final = "UPDATE amphibus_timer SET key = ?, extra = ? WHERE name = ? AND key = ?"
_OPERATIONS: Final = "SELECT id, conditions, reason FROM amphibus_operation WHERE state = 'done'"
_OPERATION: Final = "UPDATE amphibus_operation SET conditions = ?, reason = ? WHERE id = ?"
_LETTERS: Final = (
    "UPDATE amphibus_operation_letter SET key = ? WHERE key = ?"
    " AND operation IN (SELECT id FROM amphibus_operation WHERE state = 'done')"
)


async def erase_notes(sql: Sql, person: Sought) -> int:
    """Takes the person out of deadlines that came and of operations that ended; returns out of how many rows."""
    count = 0
    for name, key, extra in await sql.rows(_DEADLINES):
        deadline = _key(key, person), _document(without_principal(extra, person), person)
        if deadline != (key, extra):
            count += await sql.run(_DEADLINE, *deadline, name, key)
    for identity, conditions, reason in await sql.rows(_OPERATIONS):
        operation = (
            _document(conditions, person),
            without_texts(reason, person.texts, person),
        )
        if operation != (conditions, reason):
            count += await sql.run(_OPERATION, *operation, identity)
    for text in person.texts:
        count += await sql.run(_LETTERS, _key(text, person), text)
    return count


def _key(key: str, person: Sought) -> str:
    return str(replaced(key, person)) if key in person.texts else key


def _document(text: str | None, person: Sought) -> str | None:
    """Returns a document of ours without the person, whatever escapes it is written with."""
    if text is None:
        return None
    before = json.loads(text)
    after = rewritten(before, (), lambda each: _leaf(each, person))
    return text if after == before else json.dumps(after)


def _leaf(value: Any, person: Sought) -> Any:
    return without_texts(value, person.texts, person) if isinstance(value, str) else value
