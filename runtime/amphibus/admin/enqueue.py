"""Puts messages of producers into the gateway's outbox, whether the gateway runs or not.

The gateway's relay sends them on: at once if it runs (it looks every second), else when it starts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from amphibus.access.operator import this_operator
from amphibus.access.principal import attributes_of
from amphibus.admin.stores import AdminStore
from amphibus.database.accepted import accepted_as, insert_accepted
from amphibus.database.envelope_rows import columns_of
from amphibus.database.sql import Sql
from amphibus.database.write_set import WriteSet
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace
from amphibus.partitions.assignment import partition_of
from amphibus.routing.topology import GATEWAY

SendOutcome = Literal["sent", "same", "other"]
"""`same`: it was sent before with this content; `other`: with other content, so it is not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedItem:
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
    routed: bool = True
    """True if it has an HTTP route, so that the gateway may send it."""


async def prepare(data_dir: Path) -> Path:
    """The gateway's database file, made if there is none.

    Raises:
        StoreError: it cannot be made.
    """
    path = data_dir / f"{GATEWAY}.db"
    if not path.exists():
        from amphibus.database.sqlite.store import SqliteStore

        store = SqliteStore(GATEWAY, data_dir)
        await store.open()
        await store.close()
    return path


async def enqueue(gateway: AdminStore, items: Iterable[AcceptedItem]) -> list[SendOutcome]:
    """Sends what was not sent before, in one transaction and in order; says what became of each."""
    leaving = WriteSet()
    async with gateway.writing() as sql:
        now = await gateway.now(sql)
        outcomes = [await _one(sql, item, leaving, gateway.partitions, now) for item in items]
        if leaving:
            await sql.flush(leaving)
    return outcomes


async def _one(
    sql: Sql, item: AcceptedItem, leaving: WriteSet, partitions: int, now: int
) -> SendOutcome:
    for identity in item.identities:
        known = await accepted_as(sql, identity)
        if known is not None:
            return "same" if known.digest == item.digest else "other"
    for identity in item.identities:
        await insert_accepted(
            sql,
            identity=identity,
            message_id=item.id,
            digest=item.digest,
            accepted=now,
            location=item.location,
        )
    partition = partition_of(item.key, item.id, partitions)
    leaving.outbox.append(
        (columns_of(operators_envelope(item, GATEWAY, now)), (item.owner,), partition)
    )
    return "sent"


def operators_envelope(item: AcceptedItem, source: str, now: int) -> Envelope:
    """Returns a command that begins a flow, sent for whoever types it."""
    return Envelope(
        id=item.id,
        type=item.type,
        source=source,
        key=item.key,
        time=now,
        correlation=item.id,
        causation=None,
        trace=new_trace(),
        body=item.body,
        extra=attributes_of(this_operator()),
    )
