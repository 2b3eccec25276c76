"""A FastStream service waits for nobody without an end: not for its database, nor for another instance of itself."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from amphibus.integrations.faststream import _bound
from amphibus.integrations.inbox import Inbox
from contracts.orders import v1 as orders
from tests.integrations.test_faststream import confirmed, say, service_at
from tests.integrations.test_faststream import until as until_taken
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio


async def test_an_instance_that_holds_an_event_and_is_frozen_holds_up_nobody_for_ever(
    broker: str,
    cluster: PostgresCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its server ends its transaction, as if its process had died; who waits says so meanwhile."""
    monkeypatch.setattr("amphibus.integrations.faststream._ANSWER_SECONDS", 0.2)
    with database_in(cluster) as url:
        database = url.replace("postgresql:", "postgresql+asyncpg:")
        async with service_at(broker, tmp_path, database=database, handler_timeout_seconds=0.3) as (
            _,
            service,
        ):
            frozen = service.application.sessions()
            await _bound(frozen, 1.5)
            assert await Inbox(frozen, receiver="gifts").take("orders", "e-1", "t")
            await say(broker, tmp_path, confirmed("A"), "e-1")
            await say(broker, tmp_path, confirmed("B"), "e-2")
            await until_taken(service, 2)
            await frozen.invalidate()

            assert service.handled == ["A", "B"]
    assert "another instance holds the event" in caplog.text


async def test_a_transaction_of_a_handler_ends_at_its_server_too(
    broker: str, cluster: PostgresCluster, tmp_path: Path
) -> None:
    said: list[str] = []
    with database_in(cluster) as url:
        database = url.replace("postgresql:", "postgresql+asyncpg:")
        async with service_at(broker, tmp_path, database=database) as (_, service):

            async def looks(_event: orders.OrderConfirmed, session: AsyncSession) -> None:
                setting = text("SHOW idle_in_transaction_session_timeout")
                said.append(str(await session.scalar(setting)))

            contract, _handler = service.system._routed[orders.OrderConfirmed.contract_type]
            service.system._routed[contract.contract_type] = (contract, looks)
            await say(broker, tmp_path, confirmed("A"), "e-1")
            await until_taken(service, 1)

    assert said == ["45s"]
