"""What waits at a broker is handled before one process goes on without it, whatever is paused or limited meanwhile."""

import asyncio
import time
from collections import deque
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from amphibus.context import Outside
from amphibus.contract import Message
from amphibus.database.steering.pauses import MODULE_PAUSED, PAUSED
from amphibus.host.module_host import ModuleHost
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import MODULES, Office, until
from amphibus.transports.registry import TRANSPORTS
from tests.direct.exchange import Exchange, OverExchange

pytestmark = pytest.mark.asyncio
CALL = desk.Call.contract_type
LIMIT = "INSERT INTO amphibus_limit (type, since, rate, reason) VALUES (?, 1, '1/d', '')"
PAUSE = "INSERT INTO amphibus_pause (type, since, reason) VALUES (?, 1, 'the till is broken')"
RESUME = "DELETE FROM amphibus_pause"
LEFT = "SELECT count(*) FROM amphibus_delivery"


class Provider:
    """Answers once its gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.calls: list[int] = []
        self.answered = 0

    async def ask(self, message: desk.Call, _outside: Outside[Any]) -> str:
        """The step before the transaction."""
        self.calls.append(message.line)
        await self.gate.wait()
        self.answered += 1
        return "yes"


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """The broker that the system ran over the last time."""
    exchange = Exchange()
    monkeypatch.setitem(TRANSPORTS, "rabbitmq", lambda *_: OverExchange(exchange))
    return exchange


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> Office:
    """One that ran over a broker, and has handled everything."""
    made = Office("memory", tmp_path)
    async with made.open():
        pass
    for module in (*MODULES, "gateway"):
        made.change(module, "UPDATE amphibus_meta SET value = 'rabbitmq' WHERE name = 'transport'")
    return made


def _from_outside(*messages: Message) -> deque[Envelope]:
    """Messages of a program that keeps none of them."""
    return deque(
        Envelope(
            id=new_id(),
            type=type(each).contract_type,
            source="gateway",
            key=each.key_value(),
            time=time.time_ns() // 1000,
            correlation=new_id(),
            causation=None,
            trace=new_trace(),
            body=each.model_dump_json().encode(),
        )
        for each in messages
    )


def _calls(count: int) -> deque[Envelope]:
    return _from_outside(*(desk.Call(book="b", line=line) for line in range(count)))


def _alone(
    office: Office, business: Any = None, *, patience: float = 60.0
) -> AbstractAsyncContextManager[Harness]:
    """One process, which empties the broker first; it may look as long as the test may take, unless told otherwise."""
    return office.open(
        business=business,
        settings={"amqp_url": "amqp://localhost/", "drain_seconds": 0.2},
        fallback_after_seconds=patience,
    )


@pytest.mark.parametrize("limit", [{"at_most": 1}, {"rate": "1/d"}])
async def test_what_is_limited_waits_in_the_database_and_the_broker_is_emptied(
    office: Office, broker: Exchange, limit: dict[str, Any]
) -> None:
    broker.queues["desk"] = _calls(5)
    async with _alone(office, project(calls=limit)) as shop:
        assert not broker.queues["desk"]
        if "rate" in limit:
            await until(lambda: office.numbers("desk", "b") == [0])
            assert office.count("desk", "amphibus_delayed") == 4
        else:
            await shop.settle()
            assert office.numbers("desk", "b") == [0, 1, 2, 3, 4]


async def test_a_limit_that_an_operator_set_holds_while_the_broker_is_emptied(
    office: Office, broker: Exchange
) -> None:
    office.change("desk", LIMIT, CALL)
    broker.queues["desk"] = _calls(5)
    async with _alone(office):
        await until(lambda: office.numbers("desk", "b") == [0])
        assert office.count("desk", "amphibus_delayed") == 4


@pytest.mark.parametrize(
    ("paused", "why", "business"),
    [
        ("", MODULE_PAUSED, {}),
        ("", MODULE_PAUSED, {"calls": {"at_most": 1}}),
        (CALL, PAUSED, {}),
    ],
)
async def test_what_is_paused_is_not_handled_while_the_broker_is_emptied(
    office: Office, broker: Exchange, paused: str, why: str, business: dict[str, Any]
) -> None:
    """It waits in the database, and goes on when the pause is over, also after another start."""
    office.change("desk", PAUSE, paused)
    broker.queues["desk"] = _calls(3)
    async with _alone(office, project(**business)):
        assert not broker.queues["desk"]
        waiting = office.query("desk", "SELECT error FROM amphibus_delayed ORDER BY seq")
        assert waiting == [(why,), ("",), ("",)]  # the others wait behind the first
    async with office.open(business=project(**business)) as shop:
        assert office.numbers("desk", "b") == []
        office.change("desk", RESUME)
        await until(lambda: office.numbers("desk", "b") == [0, 1, 2])
        await shop.settle()
    assert office.count("desk", "amphibus_delayed") == 0


async def test_what_is_under_way_when_the_broker_is_given_up_goes_on_in_its_place(
    tmp_path: Path, broker: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its call to the outside ends while the databases are compared. What is put in line again is a repetition."""
    office, provider = Office(broker.transport, tmp_path), Provider()
    async with office.open("archive", "readers") as shop:
        await shop.send(*(desk.Call(book="b", line=line) for line in range(3)))
        await until(lambda: len(broker.got) == 3 and office.query("gateway", LEFT) == [(0,)])
    office.change("gateway", "UPDATE amphibus_meta SET value = 'rabbitmq' WHERE name = 'transport'")
    found = ModuleHost.rest

    async def rest(hosted: ModuleHost) -> None:
        await found(hosted)
        provider.gate.set()
        await until(lambda: provider.answered == len(provider.calls))

    monkeypatch.setattr(ModuleHost, "rest", rest)
    office.transport = "memory"
    async with _alone(office, project(step=provider.ask), patience=1.0) as shop:
        assert len(broker.queues["desk"]) == 3
        await shop.settle()

    assert provider.calls == [0, 1, 2]
    assert office.numbers("desk", "b") == [0, 1, 2]
