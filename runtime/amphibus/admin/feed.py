"""Puts messages of producers into the gateway's outbox, whether the gateway runs or not.

The gateway's relay sends them on: at once if it runs (it looks every second), else when it starts.
"""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from amphibus.admin.database import insert, writing
from amphibus.identity import new_trace

Outcome = Literal["sent", "same", "other"]
"""`same`: it was sent before with this content; `other`: with other content, so it is not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A command that its contract has validated."""

    id: str
    type: str
    key: str | None
    body: bytes
    owner: str
    """The module that handles it."""
    digest: bytes
    """SHA-256 of its canonical content."""
    identities: tuple[str, ...]
    """Everything that a second one with the same content could be known by."""
    location: str | None = None
    """Where what it creates can be read."""


async def prepare(data_dir: Path) -> Path:
    """The gateway's database file, made if there is none.

    Raises:
        StoreError: it cannot be made.
    """
    path = data_dir / "gateway.db"
    if not path.exists():
        from amphibus.sqlite import SqliteStore

        store = SqliteStore("gateway", data_dir)
        await store.open()
        await store.close()
    return path


def feed(path: Path, items: Iterable[Item]) -> list[Outcome]:
    """Sends what was not sent before, in one transaction and in order; says what became of each."""
    with writing(path) as connection:
        return [_one(connection, item) for item in items]


def _one(connection: sqlite3.Connection, item: Item) -> Outcome:
    for identity in item.identities:
        known = connection.execute(
            "SELECT digest FROM amphibus_accepted WHERE identity = ?", (identity,)
        ).fetchone()
        if known is not None:
            return "same" if known["digest"] == item.digest else "other"
    now = time.time_ns() // 1000
    for identity in item.identities:
        insert(
            connection,
            "amphibus_accepted",
            {
                "identity": identity,
                "message_id": item.id,
                "digest": item.digest,
                "accepted": now,
                "location": item.location,
            },
        )
    _put_in_line(connection, item, now)
    return "sent"


def _put_in_line(connection: sqlite3.Connection, item: Item, now: int) -> None:
    seq = insert(
        connection,
        "amphibus_outbox",
        {
            "id": item.id,
            "type": item.type,
            "source": "gateway",
            "key": item.key,
            "time": now,
            "correlation": item.id,
            "trace": new_trace(),
            "reply": 0,
            "body": item.body,
        },
    )
    insert(connection, "amphibus_delivery", {"destination": item.owner, "seq": seq})
