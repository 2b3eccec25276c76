"""What a program outside sends is there once, whatever becomes of the program."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from amphibus import AmphibusError, Producer
from amphibus.errors import ConfigError, OwnerAway, RequestTimeout, Undeclared
from contracts.orders import v1 as orders
from tests.producers.counter import PARTITIONS, Till
from tests.producers.loader import order
from tests.services.rabbitmq import RabbitNode, scripts

ORDERS = 10_000
BATCH = 500
pytestmark = pytest.mark.asyncio


@pytest.fixture
def till(broker: str, tmp_path: Path) -> Till:
    return Till(tmp_path, broker)


def outside(till: Till, **options: float) -> Producer:
    given = {"partitions": PARTITIONS, **options}
    return Producer(till.amqp_url, source="loader", env=till.env, **given)  # type: ignore[arg-type]


@pytest.mark.full
async def test_ten_thousand_orders_of_a_killed_and_rerun_program_are_placed_once(
    till: Till,
) -> None:
    """A month's file is sent again from its beginning after a crash; nobody looks where it stopped."""
    everything = {str(UUID(int=number)) for number in range(ORDERS)}
    async with till.open() as harness:
        with _started_loader(till) as first:
            assert first.stdout is not None
            while int(await asyncio.to_thread(first.stdout.readline)) < ORDERS // 3:
                pass
            first.kill()
            assert await asyncio.to_thread(first.wait) < 0
        with _started_loader(till) as second:
            said, _ = await asyncio.to_thread(second.communicate)
            assert second.returncode == 0
            assert int(said.split()[-1]) == ORDERS
        await harness.settle()

        assert set(till.placed) == everything
        assert set(till.placed.values()) == {1}
        assert harness.dead("orders") == []


async def test_commands_of_one_key_arrive_in_the_order_in_which_they_were_sent(till: Till) -> None:
    """Many are under way at once, and the broker answers as it likes."""
    same = [
        order(1).model_copy(
            update={"reference": f"R-{number % 7}-{number}", "order_id": UUID(int=number % 7)}
        )
        for number in range(700)
    ]
    async with till.open() as harness, outside(till) as producer:
        await producer.send_all(same)
        await harness.settle()

    for key in range(7):
        mine = [each for each in till.sequence if each.startswith(f"R-{key}-")]
        assert mine == [f"R-{key}-{number}" for number in range(key, 700, 7)]


async def test_an_equal_command_is_the_same_command_unless_it_has_an_id_of_its_own(
    till: Till,
) -> None:
    """Twice the same line in a file is a repetition; two ids say that both are meant."""
    open_order = order(1).model_copy(update={"order_id": None})
    async with till.open() as harness, outside(till) as producer:
        first = await producer.send(open_order)
        again = await producer.send(open_order)
        other = await producer.send(open_order, message_id="second-basket")
        await harness.settle()

        assert first == again != other
        assert sorted(till.placed.values()) == [1, 1]
        assert {row["source"] for row in harness.inbox("orders")} == {"loader"}


async def test_a_command_that_nothing_would_keep_is_refused_and_not_lost(till: Till) -> None:
    """Before the modules were ever started there is no queue; a confirm would be a lie."""
    async with outside(till) as producer:
        with pytest.raises(OwnerAway, match="it was not sent"):
            await producer.send(order(1))

    async with (
        till.open(),
        Producer(till.amqp_url, source="loader", env=till.env, partitions=64) as producer,
    ):
        with pytest.raises(OwnerAway, match="nothing at the broker keeps"):
            await producer.send_all(order(number) for number in range(200))


async def test_an_event_cannot_be_sent(till: Till) -> None:
    """Its owner alone says it."""
    event = orders.OrderPlaced.model_validate(orders.OrderPlaced.contract_example)
    async with outside(till) as producer:
        with pytest.raises(Undeclared, match="is no command"):
            await producer.send(event)  # type: ignore[arg-type]


async def test_what_no_receiver_would_take_is_refused_before_it_is_sent(till: Till) -> None:
    """It would end among the dead letters, far from who can correct it."""
    async with outside(till, body_limit_bytes=100) as producer:
        with pytest.raises(ConfigError, match="bytes"):
            await producer.send(order(1))
    async with outside(till) as producer:
        with pytest.raises(ConfigError, match="129 characters"):
            await producer.send(order(1), message_id="x" * 129)


async def test_a_wrong_password_ends_it_at_once(till: Till) -> None:
    """Trying again cannot help, and locks accounts."""
    wrong = till.amqp_url.replace("guest:guest", "guest:wrong")
    with pytest.raises(ConfigError, match="does not let 'guest' in"):
        async with Producer(wrong, source="loader"):
            pass


async def test_a_broker_that_is_away_is_waited_for_and_not_for_ever(unused_tcp_port: int) -> None:
    """The error says whether anything was sent."""
    nowhere = f"amqp://guest:guest@127.0.0.1:{unused_tcp_port}/"
    with pytest.raises(RequestTimeout) as caught:
        async with Producer(nowhere, source="loader", patience_seconds=0.5):
            pass

    assert caught.value.why == "nothing was sent"


@pytest.mark.full
async def test_a_broker_that_falls_over_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    """Killed in the middle of a batch, with hundreds unconfirmed."""
    node = RabbitNode(scripts())
    await node.do("start")
    try:
        till = Till(tmp_path, node.url)
        async with till.open() as harness, outside(till, patience_seconds=90) as producer:
            half = asyncio.Event()
            sent: set[str] = set()

            def note(message_id: str) -> None:
                sent.add(message_id)
                if len(sent) == 1_000:
                    half.set()

            sending = asyncio.create_task(
                producer.send_all((order(number) for number in range(3_000)), on_sent=note)
            )
            await half.wait()
            await node.do("kill")
            await node.do("start")
            assert await sending == 3_000
            await _until_all(till, 3_000)
            await harness.settle()

            assert set(till.placed) == {str(UUID(int=number)) for number in range(3_000)}
            assert set(till.placed.values()) == {1}
    finally:
        await node.do("destroy")


async def test_one_command_that_is_refused_ends_the_batch_with_its_own_error(till: Till) -> None:
    """A channel that the broker closes ends for all that are on it; only one of them is why."""
    page = "from contracts.orders.v1 import PlaceOrder\nclass Unknown(PlaceOrder): pass"
    stranger: dict[str, Any] = {"__name__": "contracts.nowhere.v1"}
    exec(page, stranger)
    stray = stranger["Unknown"].model_validate(order(5).model_dump())
    batch = [*(order(number) for number in range(100)), stray]
    async with till.open() as harness, outside(till) as producer:
        with pytest.raises(AmphibusError, match="keeps nowhere"):
            await producer.send_all(batch)
        await producer.send_all(order(number) for number in range(100))
        await harness.settle()

        assert set(till.placed.values()) == {1}
        assert len(till.placed) == 100


def _started_loader(till: Till) -> "subprocess.Popen[str]":
    what = [till.amqp_url, till.env, str(ORDERS), str(BATCH)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.producers.loader", *what], stdout=subprocess.PIPE, text=True
    )


async def _until_all(till: Till, count: int) -> None:
    async with asyncio.timeout(60):
        while len(till.placed) < count:
            await asyncio.sleep(0.05)
