"""Every broker user, exchange, routing key and type: nothing passes that is not declared, everything declared does.

There are two locks. The broker's lets a user in by exchange and key; the receiver's believes a type only where the
way fits to it, and only of a source that declares it. Each is tried alone, and then both.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import aiormq
import pytest
from aiormq.exceptions import ChannelAccessRefused

from amphibus.messages.envelope import Envelope
from amphibus.transports.rabbitmq.incoming.senders import Senders
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import Arrival
from tests.rights.conftest import PREFIX, Guarded
from tests.rights.matrix import (
    INSTANCE,
    MODULES,
    OF_THE_BROKER,
    PRODUCERS,
    PROJECT,
    TYPES,
    UNKNOWN,
    USERS,
    Way,
    is_asked,
    is_declared,
    receivers_by,
    ways,
)
from tests.rights.messengers import Tried, dead_of, everything_allowed, sent, told
from tests.rights.test_needed import shop_at

pytestmark = pytest.mark.asyncio
ALL: Final = list(ways())
DECLARED: Final = [each for each in ALL if is_declared(each)]
KEPT: Final = [each for each in DECLARED if receivers_by(each)]
_SOME: Final = 400
_FEW: Final = 100
"""Ways that are tried at a broker in each run; every one of them is where there is more time."""
_AT_ONCE: Final = 8
NAMES: Final = Names("shop", "dev", 8, PROJECT.topology())
ENVELOPE: Final = Envelope(
    id="1",
    type="",
    source="",
    key=None,
    time=0,
    correlation="1",
    causation=None,
    trace="",
    body=b"",
)


async def test_the_brokers_lock_lets_in_what_is_declared(guarded: Guarded) -> None:
    undeclared = random.Random(7).sample([each for each in ALL if not is_declared(each)], _FEW)

    assert await _wrong_at_the_broker(guarded, [*DECLARED, *undeclared]) == []


@pytest.mark.full
async def test_the_brokers_lock_lets_in_nothing_else(guarded: Guarded) -> None:
    assert await _wrong_at_the_broker(guarded, ALL) == []


async def test_the_receivers_lock_believes_what_is_declared_and_nothing_near_it() -> None:
    """What is declared, with every type; and of all else a part."""
    chosen = random.Random(11)
    tried = [(way, said) for way in DECLARED for said in TYPES]
    tried += [(way, way.type) for way in chosen.sample(ALL, 5 * _SOME) if way.type in TYPES]

    assert _wrong_at_the_receiver(tried) == []


@pytest.mark.full
async def test_the_receivers_lock_believes_nothing_else() -> None:
    """As if the broker let in everybody with everything."""
    assert _wrong_at_the_receiver((way, said) for way in ALL for said in TYPES) == []


async def test_a_source_that_nobody_declares_is_not_believed() -> None:
    """Somebody made a user at the broker by hand."""
    way = Way("stranger", "orders.commands", "orders.PlaceOrder.v1.p0")

    assert not _believed(way, way.type, user="stranger")


async def test_the_gateway_sends_what_has_a_route_and_nothing_else() -> None:
    routed = {name for name, each in PROJECT.contracts.items() if each.contract_http is not None}
    may = {each.type for each in DECLARED if each.user == "gateway"} & set(PROJECT.contracts)

    assert set(PROJECT.topology().sends["gateway"]) == may == routed


async def test_nobody_is_believed_under_another_name() -> None:
    """Whatever the broker says of nobody, or of another user, is said of no source."""
    wrong = [
        (way, user)
        for way in KEPT
        for user in (*USERS, "")
        if user != way.user and _believed(way, way.type, user=user)
    ]

    assert wrong == []


async def test_behind_both_locks_each_message_is_what_its_way_says(
    guarded: Guarded, tmp_path: Path
) -> None:
    chosen = random.Random(13)
    tried = [
        Tried(way, said, way.user)
        for way in DECLARED
        for said in {way.type, chosen.choice(TYPES)}
        if way.key != INSTANCE
    ]
    async with shop_at(guarded, tmp_path) as shop:
        assert await _wrong_behind_both(guarded, shop, tried) == []


@pytest.mark.full
@pytest.mark.parametrize("on_server", [False, True], ids=["sqlite", "postgresql"])
async def test_behind_both_locks_nothing_else_passes(
    guarded: Guarded, tmp_path: Path, request: pytest.FixtureRequest, *, on_server: bool
) -> None:
    tried = [
        Tried(way, said, way.user) for way in DECLARED for said in TYPES if way.key != INSTANCE
    ]
    async with _shop(guarded, tmp_path, request, on_server=on_server) as shop:
        assert await _wrong_behind_both(guarded, shop, tried) == []


@pytest.mark.full
@pytest.mark.parametrize("on_server", [False, True], ids=["sqlite", "postgresql"])
async def test_one_mistake_at_the_broker_opens_nothing(
    guarded: Guarded, tmp_path: Path, request: pytest.FixtureRequest, *, on_server: bool
) -> None:
    """Every user has all rights there, and tries each way of every other, under both names."""
    every_way = sorted({(each.exchange, each.key) for each in DECLARED if each.key != INSTANCE})
    tried = [
        Tried(Way(user, *where), Way(user, *where).type, source)
        for user in USERS
        for where in every_way
        for source in sorted({user, "gateway"})
    ]
    async with (
        everything_allowed(guarded, USERS),
        _shop(guarded, tmp_path, request, on_server=on_server) as shop,
    ):
        assert await _wrong_behind_both(guarded, shop, tried) == []


@asynccontextmanager
async def _shop(
    guarded: Guarded, folder: Path, request: pytest.FixtureRequest, *, on_server: bool
) -> AsyncIterator[Any]:
    from tests.services.postgres import database_in

    if not on_server:
        async with shop_at(guarded, folder) as shop:
            yield shop
        return
    with database_in(request.getfixturevalue("cluster")) as url:
        async with shop_at(guarded, folder, db_url=url) as shop:
            yield shop


async def _wrong_at_the_broker(guarded: Guarded, tried: Iterable[Way]) -> list[str]:
    """The ways that the broker judges otherwise than the front pages."""
    by_user: dict[str, list[Way]] = {user: [] for user in USERS}
    for way in tried:
        by_user[way.user].append(way)
    found = await asyncio.gather(*(_judged(guarded, *each) for each in by_user.items()))
    _empty(guarded)
    return [wrong for some in found for wrong in some]


async def _judged(guarded: Guarded, user: str, tried: list[Way]) -> list[str]:
    connection = await aiormq.connect(guarded.url(user))
    wrong: list[str] = []
    waiting = iter(tried)

    async def work() -> None:
        channel = await connection.channel(on_return_raises=False)
        for way in waiting:
            try:
                await channel.basic_publish(
                    b"[]", exchange=_place(way), routing_key=way.key, mandatory=True
                )
                passed = True
            except ChannelAccessRefused:
                passed = False
                channel = await connection.channel(on_return_raises=False)
            if passed != is_declared(way):
                wrong.append(f"{way} {'passed' if passed else 'was refused'}")

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    await connection.close()
    return wrong


def _empty(guarded: Guarded) -> None:
    """What passed lies in the queues, and is no message of any test."""
    lines = guarded.node.ctl("list_queues", "name", "messages").splitlines()
    for name, _, count in (line.partition("\t") for line in lines):
        if name.startswith(PREFIX) and count.strip() not in ("", "0", "messages"):
            guarded.node.ctl("purge_queue", name)


def _wrong_at_the_receiver(tried: Iterable[tuple[Way, str]]) -> list[str]:
    """The messages that their receivers judge otherwise than the front pages."""
    return [
        f"{way} as {said}"
        for way, said in tried
        if not _is_newer(way, said)
        and _believed(way, said, user=way.user) != (is_declared(way) and said == way.type)
    ]


def _is_newer(way: Way, said: str) -> bool:
    """Returns whether a message is a command that its owner has never heard of: no forgery, and a dead letter."""
    return said == way.type == UNKNOWN and way.exchange == "orders.commands"


def _believed(way: Way, said: str, *, user: str) -> bool:
    """Returns whether anybody whom the message could reach takes it for what it says."""
    vouched = PREFIX + user if user else ""
    arrival = Arrival(b"", {}, "1", said, vouched, "", "", _place(way), way.key)
    envelope = replace(ENVELOPE, type=said, source=way.user)
    owner = way.exchange.partition(".")[0]
    receivers = receivers_by(way) or ([owner] if owner in MODULES else MODULES)
    return any(_LOCKS[each].forgery(envelope, arrival) is None for each in receivers)


def _place(way: Way) -> str:
    return way.exchange if way.exchange in OF_THE_BROKER else PREFIX + way.exchange


_LOCKS: Final = {name: Senders(name, NAMES, verify=True, producers=PRODUCERS) for name in MODULES}


async def _wrong_behind_both(guarded: Guarded, shop: Any, tried: list[Tried]) -> list[str]:
    """The messages that became something else than the front pages say."""
    async with told(guarded) as answers:
        await sent(guarded, tried)
        kept = [each for each in tried if not is_asked(each.said)]
        expected = {
            (each.identity, receiver): _should_pass(each)
            for each in kept
            for receiver in receivers_by(each.way)
        }
        found = await dead_of(shop, len(expected))
        asked = {each.identity for each in tried if is_asked(each.said) and _should_pass(each)}
        await answers.have(asked)
    passed = {identity for identity, forged in answers.forged.items() if not forged}
    wrong = [
        f"{who}: {found.get(who)}" for who, right in expected.items() if found.get(who) != right
    ]
    return [*wrong, *(f"{each} was answered" for each in passed - asked)]


def _should_pass(each: Tried) -> bool:
    return is_declared(each.way) and each.said == each.way.type and each.source == each.way.user
