"""Shows one dead letter: its facts, its traceback and its payload."""

import base64
import json
from typing import Any

from amphibus.admin.dead import DeadLetter
from amphibus.cli.output import moment, printable_lines, show_facts
from amphibus.messages.contracts.amphibus.answers import DeadLetterContent
from amphibus.messages.documents import document_of


def facts_of(letter: DeadLetter) -> dict[str, Any]:
    """Returns what a listing shows of a letter, by name."""
    shown = dict(letter)
    module = shown.pop("module")
    return {"module": module} | {
        name: value for name, value in shown.items() if name not in ("seq", "ordering_key")
    }


def show_letter(letter: DeadLetter, content: DeadLetterContent) -> None:
    """Prints a letter with its traceback and payload."""
    facts = facts_of(letter) | {
        "time": moment(letter.time),
        "received": moment(letter.received),
        "died": moment(letter.died),
        "blocks": "yes: later messages of its key wait" if letter.blocks else "no",
    }
    show_facts({name: "-" if value is None else value for name, value in facts.items()})
    print(f"\n{printable_lines((content.traceback or '').rstrip()) or 'no traceback'}\n")
    payload = readable(content.body)
    text = payload if isinstance(payload, str) else json.dumps(payload, indent=2)
    print(printable_lines(text))


def readable(body: bytes) -> Any:
    """Returns a payload as JSON, or a text that says what it is instead."""
    try:
        return document_of(body)
    except ValueError:
        return f"not JSON, base64: {base64.b64encode(body).decode()}"
