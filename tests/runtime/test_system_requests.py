"""What a module answers on behalf of the runtime, and to whom."""

import json
from pathlib import Path
from typing import Any

import pytest

from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, Arrived
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

pytestmark = pytest.mark.asyncio


def asked(source: str, body: bytes) -> Envelope:
    given: dict[str, Any] = {"key": None, "time": 0, "correlation": "c", "causation": None}
    return Envelope(
        id=new_id(),
        type=Arrived.contract_type,
        source=source,
        trace=new_trace(),
        body=body,
        reply=True,
        **given,
    )


async def test_a_module_hears_of_its_own_messages_alone(tmp_path: Path) -> None:
    """Handled, delayed and dead ones have arrived; a field of a newer version is passed over."""
    async with Office("memory", tmp_path).open(max_attempts=1, quick_retries=0) as shop:
        await shop.send(desk.Write(book="b", line=1), desk.Write(book="c", line=2, mood="broken"))
        await shop.settle()
        receiver = shop.host.modules["desk"].receiver
        ids = [row["id"] for row in (*shop.inbox("desk"), *shop.dead("desk"))]
        body = json.dumps({"ids": [*ids, "never-sent"], "newer": True}).encode()
        own = await receiver.request(asked("gateway", body))
        of_another = await receiver.request(asked("archive", body))

    assert len(ids) == 2
    assert json.loads(own.body) == {"ids": ["never-sent"], "forgotten_before": 0}
    assert json.loads(of_another.body) == {"ids": [*ids, "never-sent"], "forgotten_before": 0}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"ids": 7}',
        json.dumps({"ids": ["x"] * (MOST_ROWS + 1)}).encode(),
        json.dumps({"ids": ["x" * 129]}).encode(),
        b'{"ids": ' + b"[" * 10_000,
    ],
)
async def test_a_question_that_cannot_be_meant_fails_in_words(tmp_path: Path, body: bytes) -> None:
    async with Office("memory", tmp_path).open("desk") as shop:
        reply = await shop.host.modules["desk"].receiver.request(asked("gateway", body))

    assert reply.outcome == "failed"
    assert Arrived.contract_type in reply.detail
