"""What an application sends inside its own transaction arrives once, in order, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.orm import Session

from amphibus import Outbox, OutboxRelay, Producer
from amphibus.access.outside_message import OutsideSender
from amphibus.clock import DAY, SystemClock
from amphibus.errors import ConfigError, Undeclared
from amphibus.integrations.stored import StoredMessages
from amphibus.integrations.tables import OutgoingMessage
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from tests.integrations.application import Application, Basket, application_in
from tests.producers.counter import PARTITIONS, Till
from tests.producers.loader import order
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio
_PATIENCE_SECONDS = 60.0


@pytest.fixture
def till(broker: str, tmp_path: Path) -> Till:
    return Till(tmp_path, broker)


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def application(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Application]:
    if request.param == "sqlite":
        async with application_in(f"sqlite+aiosqlite:///{tmp_path}/application.db") as found:
            yield found
        return
    cluster: PostgresCluster = request.getfixturevalue("cluster")
    with database_in(cluster) as url:
        async with application_in(url.replace("postgresql:", "postgresql+asyncpg:")) as found:
            yield found


def relay_to(till: Till, application: Application, **options: float) -> OutboxRelay:
    producer = Producer(
        till.amqp_url, source="checkout", env=till.env, partitions=PARTITIONS, patience_seconds=5
    )
    return OutboxRelay(application.engine, producer, **options)  # type: ignore[arg-type]


async def until_empty(relay: OutboxRelay) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while await relay.waiting():
            await asyncio.sleep(0.01)


async def test_what_is_committed_arrives_once_and_what_is_rolled_back_never(
    till: Till, application: Application
) -> None:
    async with till.open() as harness, relay_to(till, application) as relay:
        async with application.sessions() as session:
            session.add(Basket(id="kept"))
            sent = relay.outbox(session).send(order(1))
            await session.commit()
        async with application.sessions() as session:
            session.add(Basket(id="dropped"))
            relay.outbox(session).send(order(2))
            await session.flush()
            await session.rollback()
        await until_empty(relay)
        await harness.settle()

        assert dict(till.placed) == {str(UUID(int=1)): 1}
        (row,) = harness.inbox("orders")
        assert (row["id"], row["source"]) == (sent, "checkout")
        async with application.sessions() as session:
            assert list(await session.scalars(select(Basket.id))) == ["kept"]


async def test_commands_of_one_key_arrive_in_the_order_of_their_commits(
    till: Till, application: Application
) -> None:
    """By two relays at once, which repeat each other and turn nothing around."""
    async with (
        till.open() as harness,
        relay_to(till, application, window=7, lease_seconds=0.001) as relay,
        relay_to(till, application, window=5, lease_seconds=0.001),
    ):
        for number in range(60):
            async with application.sessions.begin() as session:
                reference = f"R-{number % 3}-{number:02d}"
                same_key = {"reference": reference, "order_id": UUID(int=number % 3)}
                relay.outbox(session).send(order(1).model_copy(update=same_key))
        await until_empty(relay)
        await harness.settle()

    for key in range(3):
        mine = [each for each in till.sequence if each.startswith(f"R-{key}-")]
        assert mine == [f"R-{key}-{number:02d}" for number in range(key, 60, 3)]


async def test_a_transaction_waits_for_another_one_that_sends_for_the_same_key(
    cluster: PostgresCluster,
) -> None:
    """Else the later number could be committed, and sent, before the earlier one is there."""
    with database_in(cluster) as url:
        async with (
            application_in(url.replace("postgresql:", "postgresql+asyncpg:")) as application,
            application.sessions() as first,
            application.sessions() as second,
        ):
            Outbox(first, source="checkout").send(order(1), message_id="first")
            await first.flush()
            Outbox(second, source="checkout").send(order(1), message_id="second")
            flushing = asyncio.create_task(second.flush())
            async with application.sessions() as third:
                Outbox(third, source="checkout").send(order(2), message_id="other-key")
                await third.commit()
            assert not flushing.done()
            await first.commit()
            await flushing
            await second.commit()

            async with application.sessions() as session:
                ids = await session.scalars(select(OutgoingMessage.id).order_by("seq"))
                assert list(ids) == ["first", "other-key", "second"]


async def test_a_module_that_takes_nothing_holds_up_no_other(
    till: Till, application: Application
) -> None:
    receive = inventory.ReceiveStock.model_validate(inventory.ReceiveStock.contract_example)
    async with till.open() as harness, relay_to(till, application) as relay:
        async with application.sessions.begin() as session:
            outbox = relay.outbox(session)
            outbox.send(receive)
            for number in range(3):
                outbox.send(order(number))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not relay.refusals or await relay.waiting() > 1:
                await asyncio.sleep(0.01)
        await harness.settle()

        assert len(till.placed) == 3
        assert (
            "nothing at the broker keeps inventory.ReceiveStock.v1" in (relay.refusals["inventory"])
        )


async def test_an_application_starts_without_a_broker_and_loses_nothing(
    till: Till, application: Application, unused_tcp_port: int
) -> None:
    nowhere = f"amqp://guest:guest@127.0.0.1:{unused_tcp_port}/"
    away = Producer(nowhere, source="checkout", patience_seconds=0.1)
    async with OutboxRelay(application.engine, away) as relay:
        async with application.sessions.begin() as session:
            relay.outbox(session).send(order(1))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not relay.refusals:
                await asyncio.sleep(0.01)
    async with till.open() as harness, relay_to(till, application) as relay:
        await until_empty(relay)
        await harness.settle()

        assert len(till.placed) == 1


async def test_a_session_that_is_not_async_sends_too(till: Till, tmp_path: Path) -> None:
    async with (
        application_in(f"sqlite+aiosqlite:///{tmp_path}/application.db") as application,
        till.open() as harness,
        relay_to(till, application) as relay,
    ):
        async with application.engine.connect() as connection:
            await connection.run_sync(lambda plain: _send_plainly(Session(plain), relay))
        await until_empty(relay)
        await harness.settle()

        assert len(till.placed) == 1


async def test_the_same_id_takes_effect_once(till: Till, application: Application) -> None:
    async with till.open() as harness, relay_to(till, application) as relay:
        for _ in range(2):
            async with application.sessions.begin() as session:
                relay.outbox(session).send(order(1), message_id="basket-1")
        await until_empty(relay)
        await harness.settle()

        assert list(till.placed.values()) == [1]


async def test_what_no_receiver_would_take_is_refused_before_the_commit(tmp_path: Path) -> None:
    async with (
        application_in(f"sqlite+aiosqlite:///{tmp_path}/application.db") as application,
        application.sessions() as session,
    ):
        outbox = Outbox(session, source="checkout", body_limit_bytes=10)
        with pytest.raises(ConfigError, match="bytes"):
            outbox.send(order(1))
        event = orders.OrderPlaced.model_validate(orders.OrderPlaced.contract_example)
        with pytest.raises(Undeclared, match="is no command"):
            outbox.send(event)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="the source"):
            Outbox(session, source="")
        outbox = Outbox(session, source="checkout")
        for wrong in ({"message_id": "i" * 129}, {"correlation": "c" * 256}, {"causation": "\0"}):
            with pytest.raises(ConfigError, match="no receiver would take it"):
                outbox.send(order(1), **wrong)
        assert not session.new


async def test_a_clock_that_is_a_day_fast_keeps_no_other_relay_from_its_turn(
    cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_in(cluster) as url:
        async with application_in(url.replace("postgresql:", "postgresql+asyncpg:")) as application:
            stored = StoredMessages(application.engine, OutsideSender("checkout"))
            with monkeypatch.context() as patched:
                true = SystemClock().now()
                patched.setattr(SystemClock, "now", lambda _self: true + DAY)
                assert await stored.take_lease("the fast one", seconds=0)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not await stored.take_lease("another", seconds=5):
                    await asyncio.sleep(0.01)


def _send_plainly(session: Session, relay: OutboxRelay) -> None:
    relay.outbox(session).send(order(1))
    session.commit()
