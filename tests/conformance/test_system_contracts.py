"""What every process answers on behalf of the runtime, on each way of delivery."""

import json
from typing import Any

import pytest

from amphibus.admin.views import at_rest
from amphibus.contract import Query
from amphibus.messages.contracts.amphibus import v1
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from tests.conformance.asking import asked

pytestmark = pytest.mark.asyncio
_LATE = 2**60


def _questions(correlation: str) -> list[Query[Any]]:
    """One of each that a store answers, but for its size, which may change by itself."""
    return [
        v1.CheckArrived(sender="gateway", ids=("never-sent",)),
        v1.CountWaits(),
        v1.ListMessagesLeft(
            receiver="archive", types=("desk.Written.v1",), beyond=0, known_since=0, limit=10
        ),
        v1.TellFlow(correlation=correlation),
        v1.FindFlow(key="c"),
        v1.ListHappened(log="inbox", at=_LATE, seq=_LATE, limit=10),
        v1.ListHappened(log="outbox", at=_LATE, seq=_LATE, limit=10),
        v1.SummarizeFlows(correlations=(correlation,), with_messages=True),
        v1.ListDead(limit=10),
        v1.ShowDead(seq=1, id="none"),
    ]


async def _with_a_dead_letter(office: Office, shop: Harness) -> str:
    await shop.send(desk.Write(book="b", line=1), desk.Write(book="c", line=2, mood="broken"))
    await shop.settle()
    return str(office.query("desk", "SELECT correlation FROM amphibus_dead")[0][0])


async def test_a_module_answers_what_its_store_says_at_rest(office: Office) -> None:
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        correlation = await _with_a_dead_letter(office, shop)
        questions = _questions(correlation)
        running = [await asked(shop.host, each) for each in questions]
    async with at_rest(office.stores("desk")) as views:
        resting = [await views["desk"].ask(each) for each in questions]

    assert {each.outcome for each in running} == {"answered"}
    assert [json.loads(each.body) for each in running] == [
        each.model_dump(mode="json") for each in resting
    ]


async def test_a_process_describes_itself_and_its_modules(office: Office) -> None:
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        await _with_a_dead_letter(office, shop)
        said = json.loads((await asked(shop.host, v1.DescribeProcess(contracts=True))).body)
        state = "degraded" if shop.host.health.degraded else "ready"  # a broker may be away

    hosted = {each["name"]: each for each in said["modules"]}
    assert said["state"] == state
    assert said["transport"] == shop.host.transport.name
    assert set(hosted) == set(shop.host.modules)
    assert hosted["desk"]["dead"] == 1
    assert len(hosted["desk"]["partitions"]) == 2
    assert "desk.Write.v1" in {each["type"] for each in said["contracts"]}


async def test_nobody_looks_into_a_store_but_who_may_write_it(office: Office) -> None:
    async with office.open() as shop:
        replies = [
            await asked(shop.host, query, source=who)
            for who, query in (
                ("archive", v1.ListDead(limit=1)),
                ("gateway", v1.ShowDead(seq=1, id="x")),
                ("archive", v1.DescribeProcess()),
            )
        ]

    assert [(each.outcome, each.code) for each in replies] == [("refused", "not_allowed")] * 3
