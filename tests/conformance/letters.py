"""Dead letters by the thousand, written as they stand when a handler has failed too often, and acts on them."""

import json
import time
from typing import Any

from amphibus.contract import Command, Query
from amphibus.messages.contracts.amphibus.v1 import ListOperations
from amphibus.testing import Harness
from amphibus.testing.conformance.office import Office, grown
from tests.conformance.asking import asked

_AGO = 3_600_000_000
_TRACE = f"00-{'1' * 32}-{'2' * 16}-00"
_INSERT = """
    INSERT INTO amphibus_dead (ordering_key, id, type, source, key, time, correlation, causation, trace, reply, extra,
        body, received, attempts, died, reason, error, traceback, blocks, exception, frame, fingerprint)
    WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
    SELECT 'gateway\x1f' || 'b' || i, 'm' || i, 'desk.Write.v1', 'gateway', 'b' || i, {now} + i, 'f' || i, NULL,
        '{trace}', 0, NULL,
        CAST('{{"book":"b' || i || '","line":1,"mood":"' || CASE WHEN i % {broken} = 0 THEN 'broken' ELSE '' END
            || '"}}' AS {bytes}),
        {now} + i, 8, {now} + i, 'failed', 'Kind' || (i % {kinds}) || ': it broke', '', 0,
        'Kind' || (i % {kinds}), 'modules/desk/handlers.py write', 'kind' || (i % {kinds})
    FROM n
"""

_END = 1_000_000_000
_FAR = f"""
    SELECT CASE o.state WHEN 'done' THEN {_END} ELSE (
        SELECT count(*) FROM amphibus_operation_letter AS l WHERE l.operation = o.id AND l.state <> 'left'
    ) END FROM amphibus_operation AS o WHERE o.id = ?
"""


def bury(
    office: Office, count: int, *, first: int = 1, broken: int = 1_000_000, kinds: int = 1
) -> None:
    """Makes so many letters of the desk, of so many kinds; each `broken`-th dies again when it is retried."""
    statement = _INSERT.format(
        first=first,
        last=first + count - 1,
        trace=_TRACE,
        broken=broken,
        kinds=kinds,
        now=time.time_ns() // 1_000 - _AGO,
        bytes=office.databases.bytes_type,
    )
    office.change("desk", statement)


async def done(shop: Harness, wanted: Command[Any] | Query[Any]) -> dict[str, Any]:
    """The desk's answer to an act."""
    reply = await asked(shop.host, wanted)
    assert reply.outcome == "answered", reply
    found: dict[str, Any] = json.loads(reply.body)
    return found


async def progress(shop: Harness, identity: str) -> dict[str, Any]:
    """An operation of the desk, with what became of its letters."""
    (found,) = (await done(shop, ListOperations(id=identity, outcomes=True)))["operations"]
    return dict(found)


async def ended(office: Office, shop: Harness, identity: str) -> dict[str, Any]:
    """The same once it is done, and all that it had tried is through."""
    await grown(lambda: int(office.query("desk", _FAR, identity)[0][0]), _END)
    await shop.settle()
    return await progress(shop, identity)


def counts(facts: dict[str, Any]) -> dict[str, int]:
    """The numbers of an operation."""
    return {name: facts[name] for name in ("total", "done", "skipped", "again", "waiting")}
