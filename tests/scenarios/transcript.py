"""What was said in a story, as a tree that is the same however and wherever it was said.

A message hangs below the first message of its flow that its sender handled. Not below its cause: which of two answers
came last, and so led to the decision, is chance.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_COLUMNS = "source, id, type, causation, body"


@dataclass
class Said:
    """A message, who handled it with which outcome, and what hangs below it."""

    source: str
    id: str
    type: str
    causation: str | None
    body: str
    outcomes: dict[str, str] = field(default_factory=dict)
    below: list["Said"] = field(default_factory=list)

    @property
    def line(self) -> str:
        """One line, without ids and times."""
        handled = ", ".join(f"{who} {how}" for who, how in sorted(self.outcomes.items()))
        body = _TIME.sub("TIME", self.body)
        return f"{self.type} {body}" + (f"  -> {handled}" if handled else "")


def transcript(folder: Path) -> str:
    """The flows in the databases of a folder; ids are numbered as they come."""
    messages = _messages(folder)
    roots = _planted(messages)
    lines = list(_notified(roots, ""))
    return _numbered("\n".join(lines)) + "\n"


def _messages(folder: Path) -> dict[str, Said]:
    """By id. What was not in an outbox is known from the inboxes: requests and deadlines."""
    found: dict[str, Said] = {}
    databases = [path for path in sorted(folder.glob("*.db")) if path.stem.isidentifier()]
    for path in databases:
        for row in _rows(path, f"SELECT {_COLUMNS} FROM amphibus_outbox"):
            found[row[1]] = _said(row)
    for path in databases:
        for *row, outcome in _rows(path, f"SELECT {_COLUMNS}, outcome FROM amphibus_inbox"):
            said = found.setdefault(row[1], _said(row))
            said.outcomes[path.stem] = outcome
    return found


def _rows(path: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as raw:
        return raw.execute(statement).fetchall()


def _said(row: Any) -> Said:
    source, identity, kind, causation, body = row
    content = json.dumps(json.loads(body), sort_keys=True) if body else ""
    return Said(source, identity, kind, causation, content)


def _planted(messages: dict[str, Said]) -> list[Said]:
    """Hangs each message where it belongs; returns the roots."""
    roots: list[Said] = []
    for said in messages.values():
        ancestors = list(_ancestors(said, messages))
        place = next((each for each in reversed(ancestors) if said.source in each.outcomes), None)
        (place.below if place else roots).append(said)
    return roots


def _ancestors(said: Said, messages: dict[str, Said]) -> Iterator[Said]:
    while said.causation in messages:
        said = messages[said.causation]
        yield said


def _notified(siblings: Iterable[Said], indent: str) -> Iterator[str]:
    for said in sorted(siblings, key=_shape):
        yield f"{indent}{said.line}"
        yield from _notified(said.below, f"{indent}    ")


def _shape(said: Said) -> str:
    """What a message and all below it look like without its ids: siblings are sorted by that."""
    below = sorted(_shape(each) for each in said.below)
    return _UUID.sub("ID", "\n".join((said.line, *below)))


def _numbered(text: str) -> str:
    names: dict[str, str] = {}
    return _UUID.sub(lambda found: names.setdefault(found[0], f"#{len(names) + 1}"), text)
