"""Databases as modules leave them, made of the runtime's own statements and rows of ours."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

from amphibus.database.schema.steps import SCHEMA_VERSION, statements_for_sqlite

NOW: Final = time.time_ns() // 1000
SALE: Final = "11111111-1111-4111-8111-111111111111"


class Store:
    """One module's database. Each call is committed when it returns."""

    def __init__(self, folder: Path, module: str) -> None:
        self.path = folder / f"{module}.db"
        self._module = module
        self._times = count(NOW - 60_000_000, 1_000)
        folder.mkdir(exist_ok=True)
        with self.open() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            for statement in statements_for_sqlite(0):
                connection.execute(statement)
            facts = {"schema_version": str(SCHEMA_VERSION), "module": module, "transport": "memory"}
            connection.executemany("INSERT INTO amphibus_meta VALUES (?, ?)", facts.items())

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.open() as connection:
            return [dict(row) for row in connection.execute(f"SELECT * FROM amphibus_{table}")]

    def insert(self, table: str, **row: Any) -> int:
        with self.open() as connection:
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            statement = f"INSERT INTO amphibus_{table} ({names}) VALUES ({marks})"
            return connection.execute(statement, tuple(row.values())).lastrowid or 0

    def sent(self, identity: str, *destinations: str, **envelope: Any) -> int:
        seq = self.insert(
            "outbox", **self._message(identity, **{"source": self._module} | envelope)
        )
        for destination in destinations:
            self.insert("delivery", destination=destination, seq=seq)
        return seq

    def handled(self, identity: str, *, outcome: str = "handled", **envelope: Any) -> None:
        at = next(self._times)
        self.insert(
            "inbox",
            **self._message(identity, **envelope),
            received=at,
            handled=envelope.pop("handled_at", at),
            attempts=1,
            outcome=outcome,
        )

    def delayed(self, identity: str, *, due: int | None, **envelope: Any) -> None:
        message = self._message(identity, **envelope)
        self.insert(
            "delayed",
            **message,
            ordering_key=_ordering_key(message),
            received=NOW,
            attempts=1,
            tries=1,
            due=due,
            late=0,
            error="RuntimeError: it broke",
        )

    def died(self, identity: str, *, blocks: bool = False, **envelope: Any) -> None:
        message = self._message(identity, **envelope)
        self.insert(
            "dead",
            **message,
            ordering_key=_ordering_key(message),
            received=NOW - 2_000_000,
            attempts=8,
            died=NOW - 1_000_000,
            reason="attempts",
            error="RuntimeError: it broke",
            traceback="Traceback (most recent call last): it broke",
            blocks=blocks,
        )

    def _message(self, identity: str, **envelope: Any) -> dict[str, Any]:
        body = envelope.pop("data", {"sale_id": SALE, "item": "glass", "pieces": 1})
        envelope.pop("handled_at", None)
        return {
            "id": identity,
            "type": "shelf.Sell.v1",
            "source": "gateway",
            "key": SALE,
            "time": next(self._times),
            "correlation": "flow-1",
            "causation": None,
            "trace": f"00-{'1' * 32}-{'2' * 16}-00",
            "reply": 0,
            "extra": None,
            "body": json.dumps(body).encode(),
        } | envelope


def _ordering_key(message: dict[str, Any]) -> str:
    keyed = message["key"] is not None
    return f"{message['source']}\x1f{message['key']}" if keyed else f"\x1f{message['id']}"
