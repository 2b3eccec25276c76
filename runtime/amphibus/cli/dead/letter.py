"""Shows one dead letter: its facts, its traceback and its payload."""

import base64
import json
from typing import Any

from amphibus.cli.output import moment
from amphibus.database.dead import DeadLetter


def facts_of(letter: DeadLetter) -> dict[str, Any]:
    """Returns what a listing shows of a letter, by name."""
    hidden = ("seq", "ordering_key", "traceback", "body")
    return {
        name: getattr(letter, name)
        for name in DeadLetter.__dataclass_fields__
        if name not in hidden
    }


def show_letter(letter: DeadLetter) -> None:
    """Prints a letter with its traceback and payload."""
    facts = facts_of(letter) | {
        "time": moment(letter.time),
        "received": moment(letter.received),
        "died": moment(letter.died),
        "blocks": "yes: later messages of its key wait" if letter.blocks else "no",
    }
    for name, value in facts.items():
        print(f"{name:12} {'-' if value is None else value}")
    print(f"\n{letter.traceback.rstrip() or 'no traceback'}\n")
    payload = readable(letter.body)
    text = payload if isinstance(payload, str) else json.dumps(payload, indent=2)
    print(text)


def readable(body: bytes) -> Any:
    """Returns a payload as JSON, or a text that says what it is instead."""
    try:
        return json.loads(body)
    except ValueError:
        return f"not JSON, base64: {base64.b64encode(body).decode()}"
