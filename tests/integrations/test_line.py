"""What a module does not take keeps its key apart; everything else of an application goes past it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from amphibus import OutboxRelay, Producer
from amphibus.errors import AmphibusError, RequestTimeout
from amphibus.integrations import stored
from amphibus.messages.envelope import Envelope
from contracts.inventory import v1 as inventory
from tests.integrations.application import Application, application_behind_proxy, application_in
from tests.producers.loader import order
from tests.services.postgres import PostgresCluster

pytestmark = pytest.mark.asyncio
_PATIENCE_SECONDS = 60.0
WINDOW = 4
KEY = str(UUID(int=1))


class Carrier:
    """A way to the modules that does with each message what a test says."""

    source = "checkout"

    def __init__(self, carry: Callable[[Envelope], Awaitable[None]]) -> None:
        self._carry = carry
        self.taken: list[str] = []

    async def forward(self, envelope: Envelope) -> None:
        await self._carry(envelope)
        self.taken.append(envelope.id)

    async def close(self) -> None:
        """Has nothing to end."""


@pytest_asyncio.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    async with application_in(f"sqlite+aiosqlite:///{tmp_path}/application.db") as found:
        yield found


def receipt(number: int) -> inventory.ReceiveStock:
    received = inventory.ReceiveStock.model_validate(inventory.ReceiveStock.contract_example)
    return received.model_copy(update={"receipt_id": UUID(int=number)})


async def send(relay: OutboxRelay, application: Application, *sent: tuple[str, int]) -> None:
    """Sends receipts: id and key of each."""
    async with application.sessions.begin() as session:
        for identity, key in sent:
            relay.outbox(session).send(receipt(key), message_id=identity)


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not fact():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("error", [AmphibusError("its queue is full"), ValueError("it is odd")])
async def test_messages_that_are_refused_hold_up_their_key_alone(
    application: Application, error: Exception
) -> None:
    """Also where more of them wait than may be under way."""
    healed = False

    async def carry(envelope: Envelope) -> None:
        if envelope.key == KEY and not healed:
            raise error

    refused = [(f"a{number}", 1) for number in range(3 * WINDOW)]
    carrier = Carrier(carry)
    async with OutboxRelay(application.engine, carrier, window=WINDOW) as relay:
        await send(relay, application, *refused, ("b", 2))
        await until(lambda: carrier.taken == ["b"])
        assert set(relay.refusals) == {"inventory"}
        healed = True
        await until(lambda: len(carrier.taken) == 1 + len(refused))
        await until(lambda: not relay.refusals)

    assert carrier.taken == ["b", *(identity for identity, _ in refused)]


async def test_a_message_that_takes_long_holds_up_no_other(application: Application) -> None:
    gate = asyncio.Event()

    async def carry(envelope: Envelope) -> None:
        if envelope.key == KEY:
            await gate.wait()

    many = [(f"b{number}", 100 + number) for number in range(3 * WINDOW)]
    carrier = Carrier(carry)
    async with OutboxRelay(application.engine, carrier, window=WINDOW) as relay:
        await send(relay, application, ("a1", 1), *many, ("a2", 1))
        await until(lambda: len(carrier.taken) == len(many))
        assert "a1" not in carrier.taken
        gate.set()
        await until(lambda: carrier.taken[-2:] == ["a1", "a2"])


async def carry(_envelope: Envelope) -> None:
    """Takes everything."""


async def test_a_relay_goes_on_though_a_connection_of_it_answers_no_more(
    cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is half open: nobody says that the other end is gone. Another one works."""
    monkeypatch.setattr(stored, "_ANSWER_SECONDS", 0.5)
    async with (
        application_behind_proxy(cluster) as (application, proxy, there),
        application_in(there) as another,
    ):
        carrier = Carrier(carry)
        async with OutboxRelay(application.engine, carrier) as relay:
            await send(relay, another, ("a", 1))
            await until(lambda: carrier.taken == ["a"])
            while await relay.waiting():
                await asyncio.sleep(0.005)
            proxy.freeze()
            await send(relay, another, ("b", 1))
            await until(lambda: carrier.taken[-1] == "b")
        proxy.thaw()


async def test_a_relay_stops_though_its_database_does_not_answer(
    cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_ANSWER_SECONDS", 3600.0)
    async with application_behind_proxy(cluster) as (application, proxy, _):
        carrier = Carrier(carry)
        relay = OutboxRelay(application.engine, carrier)
        await relay.start()
        await send(relay, application, ("a", 1))
        await until(lambda: carrier.taken == ["a"])
        proxy.freeze()
        proxy.freeze_from(1)
        stopping = asyncio.create_task(relay.stop())
        done, _ = await asyncio.wait((stopping,), timeout=_PATIENCE_SECONDS / 2)
        proxy.freeze_from(1_000_000)
        proxy.thaw()
        assert done


async def test_the_patience_of_a_producer_holds_for_the_turn_of_a_message_too(
    unused_tcp_port: int,
) -> None:
    """Those before it of its key wait in vain for the broker, each for as long."""
    nowhere = f"amqp://guest:guest@127.0.0.1:{unused_tcp_port}/"
    producer = Producer(nowhere, source="checkout", patience_seconds=0.5)
    alike = order(1).model_copy(update={"order_id": UUID(int=1)})
    sending = [producer.send(alike, message_id=f"m{number}") for number in range(400)]
    async with asyncio.timeout(60):
        said = await asyncio.gather(*sending, return_exceptions=True)
    await producer.close()

    assert {type(each) for each in said} == {RequestTimeout}
