"""A FastStream service handles each event of a system once, and gives up what it can never handle."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiormq
import pytest
from faststream.rabbit import RabbitBroker
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from amphibus import Module
from amphibus.errors import ConfigError, Undeclared
from amphibus.integrations.faststream import SystemRouter
from amphibus.integrations.tables import IncomingMessage
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace
from amphibus.routing.project import Project
from amphibus.testing import Harness, environment
from amphibus.transports.rabbitmq.properties import properties_of
from contracts.orders import v1 as orders
from tests.integrations.application import Application, Basket, application_in
from tests.services import rabbitmq
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio
PARTITIONS = 2


class Service:
    """A plain FastStream service, which notes the references of what is confirmed."""

    def __init__(
        self, application: Application, broker: str, folder: Path, options: dict[str, Any]
    ) -> None:
        self.application = application
        self.handled: list[str] = []
        handler = self._rules_its_transaction if options.pop("rules", False) else self._confirmed
        self.system = SystemRouter(
            "gifts", sessions=application.sessions, env=environment(folder), **options
        )
        self.system.subscribes(orders.OrderConfirmed)(handler)
        # What is being handled comes to its end before its database is closed.
        self._broker, self._url = RabbitBroker(broker, graceful_timeout=30), broker
        self._broker.include_router(self.system)

    async def start(self) -> None:
        """Declares its queue, and takes events."""
        await self.system.declare(self._url)
        await self._broker.start()

    async def stop(self) -> None:
        """Takes no more."""
        await self._broker.stop()

    async def _confirmed(self, event: orders.OrderConfirmed, session: AsyncSession) -> None:
        reference = str(event.reference)
        self.handled.append(reference)
        session.add(Basket(id=reference))
        match reference:
            case "bad":
                raise ValueError("it can never be handled")
            case "odd":
                raise ValueError("it holds \x00 and \ud800 and \U0001f600" + 9_000 * "!")
            case "hanging":
                await asyncio.Event().wait()
            case "leaving":
                sys.exit(3)
            case "cancelled":
                raise asyncio.CancelledError
            case "late":
                raise TimeoutError("a rate of exchange did not come")
            case "slow":
                await session.execute(text("SET LOCAL statement_timeout = 20"))
                await session.execute(text("SELECT pg_sleep(30)"))

    async def _rules_its_transaction(
        self, event: orders.OrderConfirmed, session: AsyncSession
    ) -> None:
        """Ends it by each door, or takes a part of it back."""
        reference = str(event.reference)
        self.handled.append(reference)
        session.add(Basket(id=reference))
        with contextlib.suppress(Exception):  # as code does that knows better
            match reference:
                case "commits":
                    await session.commit()
                case "commits below":
                    await (await session.connection()).commit()
                case "says commit":
                    await session.flush()
                    await session.execute(text("/* now */ COMMIT"))
                case "rolls back":
                    await session.rollback()
                    session.add(Basket(id="after a rollback"))
                case _:
                    async with session.begin_nested() as part:
                        session.add(Basket(id="nothing"))
                        await session.flush()
                        await part.rollback()
        if "commit" in reference:
            raise ValueError("after a commit")

    async def baskets(self) -> list[str]:
        """What it has committed."""
        async with self.application.sessions() as session:
            return sorted(await session.scalars(select(Basket.id)))

    async def taken(self) -> list[IncomingMessage]:
        """Its inbox."""
        async with self.application.sessions() as session:
            return list(await session.scalars(select(IncomingMessage).order_by("taken")))


@asynccontextmanager
async def service_at(
    broker: str, folder: Path, *, database: str = "", **options: Any
) -> AsyncIterator[tuple[Harness, Service]]:
    module = Module(name="orders", publishes=(orders.OrderConfirmed,))
    project = Project.declared(folder, contracts=[orders.OrderConfirmed], modules=[module])
    async with (
        application_in(database or f"sqlite+aiosqlite:///{folder}/application.db") as application,
        Harness.of(
            project,
            transport="rabbitmq",
            amqp_url=broker,
            data_dir=folder,
            settings={"bus.partitions": PARTITIONS},
        ) as harness,
    ):
        service = Service(application, broker, folder, options)
        await service.start()
        try:
            yield harness, service
        finally:
            await service.stop()
            await rabbitmq.forget(broker, folder, project.topology(), PARTITIONS)


def confirmed(reference: str) -> orders.OrderConfirmed:
    event = orders.OrderConfirmed.model_validate(orders.OrderConfirmed.contract_example)
    return event.model_copy(update={"reference": reference})


async def say(
    broker: str, folder: Path, event: orders.OrderConfirmed, identity: str, body: bytes = b""
) -> None:
    """Publishes an event as its owner does; with another body, as its owner never does."""
    envelope = Envelope(
        id=identity,
        type=event.contract_type,
        source="orders",
        key=event.key_value(),
        time=0,
        correlation=identity,
        causation=None,
        trace=new_trace(),
        body=body or event.model_dump_json().encode(),
    )
    connection = await aiormq.connect(broker)
    channel = await connection.channel()
    await channel.basic_publish(
        envelope.body,
        exchange=f"shop.{environment(folder)}.orders.events",
        routing_key=f"{envelope.type}.p0",
        properties=properties_of(envelope, user="guest"),
    )
    await connection.close()


async def until(service: Service, count: int) -> None:
    async with asyncio.timeout(60):
        while len(await service.taken()) < count:
            await asyncio.sleep(0.02)


async def test_an_event_that_comes_twice_is_handled_once(broker: str, tmp_path: Path) -> None:
    async with service_at(broker, tmp_path) as (_, service):
        for identity, reference in (("e-1", "A"), ("e-1", "A"), ("e-2", "B")):
            await say(broker, tmp_path, confirmed(reference), identity)
        await until(service, 2)

        assert service.handled == ["A", "B"]
        assert await service.baskets() == ["A", "B"]


async def test_an_event_that_can_never_be_handled_is_kept_and_holds_up_no_other(
    broker: str, tmp_path: Path
) -> None:
    async with service_at(broker, tmp_path, attempts=2) as (_, service):
        for identity, reference in (("e-1", "bad"), ("e-2", "B")):
            await say(broker, tmp_path, confirmed(reference), identity)
        await until(service, 2)

        assert service.handled == ["bad", "bad", "B"]
        assert await service.baskets() == ["B"]
        given_up, done = await service.taken()
        assert (given_up.id, done.id, done.error) == ("e-1", "e-2", None)
        assert given_up.error == "ValueError: it can never be handled"
        assert b'"reference":"bad"' in (given_up.body or b"")


@pytest.mark.parametrize(
    ("reference", "error"),
    [("odd", "ValueError: it holds"), ("hanging", "Overdue: "), ("slow", "DBAPIError: ")],
)
async def test_whatever_a_handler_does_its_event_ends_and_holds_up_no_other(
    broker: str, cluster: PostgresCluster, tmp_path: Path, reference: str, error: str
) -> None:
    with database_in(cluster) as url:
        async with service_at(
            broker,
            tmp_path,
            database=url.replace("postgresql:", "postgresql+asyncpg:"),
            attempts=2,
            handler_timeout_seconds=0.5,
        ) as (_, service):
            await say(broker, tmp_path, confirmed(reference), "e-1")
            await say(broker, tmp_path, confirmed("B"), "e-2")
            await until(service, 2)

            assert service.handled == [reference, reference, "B"]
            given_up, done = await service.taken()
            assert (given_up.id, done.id, done.error) == ("e-1", "e-2", None)
            assert (given_up.error or "").startswith(error)


@pytest.mark.parametrize("reference", ["leaving", "cancelled", "late"])
async def test_a_handler_that_ends_more_than_itself_has_failed(
    broker: str, tmp_path: Path, reference: str
) -> None:
    """The only consumer goes on. Who does not answer in time may be starting; who never does has failed."""
    async with service_at(broker, tmp_path, attempts=1) as (_, service):
        await say(broker, tmp_path, confirmed(reference), "e-1")
        await say(broker, tmp_path, confirmed("B"), "e-2")
        await until(service, 2)

        assert service.handled == [reference, *["late"] * (reference == "late"), "B"]
        assert await service.baskets() == ["B"]
        given_up, done = await service.taken()
        assert (given_up.id, done.id, done.error) == ("e-1", "e-2", None)


@pytest.mark.parametrize("reference", ["commits", "commits below", "says commit", "rolls back"])
async def test_a_handler_may_not_end_its_transaction(
    broker: str, cluster: PostgresCluster, tmp_path: Path, reference: str
) -> None:
    """Its event would count as handled with half of its effects, or take effect again."""
    with database_in(cluster) as url:
        async with service_at(
            broker,
            tmp_path,
            database=url.replace("postgresql:", "postgresql+asyncpg:"),
            attempts=2,
            rules=True,
        ) as (_, service):
            await say(broker, tmp_path, confirmed(reference), "e-1")
            await say(broker, tmp_path, confirmed("takes back"), "e-2")
            await until(service, 2)

            assert service.handled == [reference, reference, "takes back"]
            assert await service.baskets() == ["takes back"]
            given_up, done = await service.taken()
            assert (given_up.id, done.id, done.error) == ("e-1", "e-2", None)


async def test_a_body_that_no_contract_describes_is_given_up_at_once(
    broker: str, tmp_path: Path
) -> None:
    async with service_at(broker, tmp_path) as (_, service):
        twice = b'{"reference": "A", ' + confirmed("A").model_dump_json().encode()[1:]
        await say(broker, tmp_path, confirmed("A"), "e-1", twice)
        await say(broker, tmp_path, confirmed("B"), "e-2")
        await until(service, 2)

        assert service.handled == ["B"]
        given_up, _ = await service.taken()
        assert given_up.error == 'Unreadable: the body has the key "reference" twice'


async def test_a_service_subscribes_to_events_with_one_handler_each(tmp_path: Path) -> None:
    async with application_in(f"sqlite+aiosqlite:///{tmp_path}/application.db") as application:
        system = SystemRouter("gifts", sessions=application.sessions)

        async def handler(_event: orders.OrderConfirmed, _session: AsyncSession) -> None:
            """Does nothing."""

        system.subscribes(orders.OrderConfirmed)(handler)
        with pytest.raises(ConfigError, match="two handlers"):
            system.subscribes(orders.OrderConfirmed)
        with pytest.raises(Undeclared, match="is no event"):
            system.subscribes(orders.PlaceOrder)  # type: ignore[type-var]
