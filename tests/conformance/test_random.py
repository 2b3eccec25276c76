"""Random failures, duplicates and restarts: the order of each key and the single effect hold through all of them."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import MODULES, Office
from tests.conformance.direct_alone import office_on
from tests.conformance.transports import ON_SERVER

MOODS = st.sampled_from(
    ["", "", "", "fail 1", "fail 2", "fail 4", "away 2", "outside fail 1", "outside away 3"]
)
MESSAGES = st.lists(st.tuples(st.sampled_from("abc"), MOODS), min_size=1, max_size=25)
EVENTS = st.lists(
    st.sampled_from(["send", "send", "send", "again", "restart", "crash", "wait", "settle"]),
    max_size=25,
)


@given(messages=MESSAGES, events=EVENTS, seed=st.integers(0, 1000))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_order_and_single_effect_hold_whatever_happens(
    transport: str,
    db_url: str | None,
    messages: list[tuple[str, str]],
    events: list[str],
    seed: int,
) -> None:
    carrier = transport.removesuffix(ON_SERVER)
    if carrier.startswith(
        "rabbitmq"
    ):  # one transport in one loop; the broker has its own random tests
        carrier = "memory+wire"
    with TemporaryDirectory() as folder:
        office = office_on(carrier, Path(folder), seed=seed, db_url=db_url)
        office.lose(*MODULES, GATEWAY)
        asyncio.run(_live(office, messages, events))

        for book in "abc":
            sent = [n for n, (each, _) in enumerate(messages) if each == book]
            assert office.numbers("desk", book) == sent
        for module in ("desk", "gateway"):
            assert office.count(module, "amphibus_delivery") == 0
        assert office.count("desk", "amphibus_delayed") == 0
        assert office.count("desk", "amphibus_dead") == 0


async def _live(office: Office, messages: list[tuple[str, str]], events: list[str]) -> None:
    waiting = list(enumerate(messages))
    todo = [*events, *["send"] * len(waiting), "end"]
    while todo:
        slow = 10.0 if "crash" not in todo else 0.001
        async with office.open(
            max_attempts=20, quick_retries=1, settings={"drain_seconds": slow}
        ) as shop:
            while todo:
                event = todo.pop(0)
                if event in ("restart", "crash"):
                    break
                await _one(shop, event, waiting)


async def _one(shop: Harness, event: str, waiting: list[tuple[int, tuple[str, str]]]) -> None:
    if event == "send" and waiting:
        number, (book, mood) = waiting.pop(0)
        await shop.send(desk.Call(book=book, line=number, mood=mood), message_id=f"{book} {number}")
    elif event == "again":
        arrived = {row["id"] for row in (*shop.inbox("desk"), *shop.delayed("desk"))}
        for each in [each for each in shop.outgoing() if each.id in arrived][-3:]:
            shop.host.transport.deliver(("desk",), each, lambda: None)
    elif event == "wait":
        await asyncio.sleep(0)
    elif event == "settle":
        await shop.settle()
    elif event == "end":
        await shop.settle()
        for _ in range(40):
            if not shop.delayed("desk"):
                break
            await shop.advance(minutes=10)
