"""Rates: how often an address and a principal may ask, and what is said of one more."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from amphibus import Module, on
from amphibus.access.principal import Principal
from amphibus.config.http import HttpSettings
from amphibus.connections.origin import origin_of
from amphibus.contract import Command, Post, ShortText
from amphibus.gateway.limits.backlog import Backlog
from amphibus.gateway.limits.bodies import LargeBodies
from amphibus.gateway.limits.buckets import Buckets, Window, window_of
from amphibus.gateway.limits.descriptors import backlog_for, most_connections
from amphibus.gateway.limits.quotas import Quotas
from amphibus.gateway.limits.throttle import Throttle
from amphibus.gateway.problems import Problem
from amphibus.policy import Quota
from amphibus.routing.policies import problems_of_policies
from tests.gateway.library import v1 as library
from tests.gateway.reading_room import loan, problem, reading_room

ADA = Principal("ada", "user")
BOB = Principal("bob", "user")


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_so_many_come_at_once_and_then_one_after_the_other() -> None:
    hand = Hand()
    buckets, window = Buckets(hand), Window(7, 60)
    assert [buckets.take("ada", window) for _ in range(7)] == [0.0] * 7
    late = buckets.take("ada", window)
    assert late == pytest.approx(60 / 7)
    assert buckets.take("ada", window) == pytest.approx(late)  # being refused costs nothing
    assert buckets.take("bob", window) == 0.0
    hand.time += late
    assert buckets.take("ada", window) == 0.0
    assert buckets.take("ada", window) > 0
    hand.time += 60
    assert [buckets.take("ada", window) for _ in range(7)] == [0.0] * 7


def test_a_day_of_requests_is_as_many_as_the_rate_says() -> None:
    hand = Hand()
    buckets, window = Buckets(hand), window_of("5/h")
    assert window == Window(5, 3_600)
    done = 0
    for _ in range(24 * 60):
        hand.time += 60
        done += buckets.take("ada", window) == 0.0
    assert done == 5 + 24 * 5 - 1


def test_of_very_many_the_oldest_are_forgotten() -> None:
    buckets = Buckets(Hand(), most=10)
    for number in range(1_000):
        buckets.take(number, Window(1, 60))
    assert len(buckets) == 10
    assert buckets.take(999, Window(1, 60)) > 0


def test_a_network_of_ipv6_is_one_client() -> None:
    assert origin_of("2001:db8::1") == origin_of("2001:db8::ffff:1") != origin_of("2001:db8:1::1")
    assert origin_of("::ffff:10.0.0.9") == "10.0.0.9" == origin_of("10.0.0.9")
    assert origin_of("") == ""


def test_each_address_and_each_principal_has_rates_of_its_own() -> None:
    hand = Hand()
    rates = HttpSettings(read_rate="2/m", write_rate="1/m", wait_rate="off")
    throttle = Throttle(rates, proxy="10.0.0.1", now=hand)
    for _ in range(2):
        throttle.ask_from("10.0.0.9", "read")
        throttle.ask_as(ADA, "read")
    for _ in range(9):
        throttle.ask_from("10.0.0.9", "wait")
        throttle.ask_from("10.0.0.1", "read")  # the proxy asks for everybody
        throttle.ask_as(Principal(kind="anonymous"), "read")
    with pytest.raises(Problem):
        throttle.ask_from("10.0.0.9", "read")
    with pytest.raises(Problem):
        throttle.ask_as(ADA, "read")
    throttle.ask_from("10.0.0.8", "read")
    throttle.ask_as(BOB, "read")
    throttle.ask_as(Principal("ada", "user", "elsewhere"), "read")
    throttle.ask_as(ADA, "write")
    with pytest.raises(Problem):
        throttle.ask_as(ADA, "write")


@pytest.mark.asyncio
async def test_whoever_asks_too_often_is_told_when_to_ask_again(tmp_path: Path) -> None:
    rates, hand = HttpSettings(read_rate="3/m", write_rate="1/m"), Hand()
    async with reading_room(tmp_path, throttle=Throttle(rates, now=hand)) as room:
        for _ in range(3):
            assert (await room.get("/v1/loans")).status_code == 200
        refused = await room.get("/v1/loans")
        assert refused.status_code == 429
        assert problem(refused)["type"] == "urn:amphibus:problem:too-many-requests"
        assert refused.headers["retry-after"] == "20"
        assert refused.headers["ratelimit-policy"] == '"read";q=3;w=60'
        assert refused.headers["ratelimit"] == '"read";r=0;t=20'
        assert (await room.lend()).status_code == 202  # a write has a rate of its own
        assert (await room.lend()).status_code == 429
        assert (await room.get("/livez")).status_code == 200  # whoever watches is never refused
        hand.time += 20
        assert (await room.get("/v1/loans")).status_code == 200
        vars(rates)["read_rate"] = "off"  # as `config set` does
        for _ in range(9):
            assert (await room.get("/v1/loans")).status_code == 200


@pytest.mark.asyncio
async def test_what_was_accepted_and_cannot_leave_ends_somewhere(tmp_path: Path) -> None:
    """Its owner is away, so all of it waits in the gateway's own outbox."""
    http = HttpSettings(waiting_messages=3)
    async with reading_room(
        tmp_path, owner_is_there=False, http=http, accept_within_seconds=0
    ) as room:
        for _ in range(3):
            assert (await room.lend()).status_code == 202
        refused = await room.lend()
        assert refused.status_code == 503
        assert problem(refused)["type"] == "urn:amphibus:problem:busy"
        assert refused.headers["retry-after"] == "5"


@pytest.mark.asyncio
async def test_what_waits_is_counted_again_before_anybody_is_refused() -> None:
    hand, counted = Hand(), [0, 2]

    async def count(_most: int) -> int:
        return counted.pop(0)

    backlog = Backlog(count, hand)
    for _ in range(4):  # two, then a count that finds none, then two more
        await backlog.another(2)
    hand.time += 2
    with pytest.raises(Problem):
        await backlog.another(2)
    with pytest.raises(Problem):
        await backlog.another(2)  # at once again: not counted again
    assert counted == []


@pytest.mark.asyncio
async def test_large_bodies_have_room_together_and_are_read_one_by_one() -> None:
    bodies = LargeBodies(lambda: 1_000)
    reading: list[int] = []

    def read() -> None:
        reading.append(1)
        assert len(reading) == 1
        reading.clear()

    with bodies.room(5_000), pytest.raises(Problem), bodies.room(1):
        pass
    with bodies.room(500), bodies.room(500):
        assert bodies.taken == 1_000
        await asyncio.gather(*(bodies.read(read) for _ in range(20)))
    assert bodies.taken == 0


def test_descriptors_are_kept_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for allowed, most in ((1_024, 768), (256, 128), (20_000, 10_000), (4, 2), (-1, 10_000)):
        monkeypatch.setattr("resource.getrlimit", lambda _which, soft=allowed: (soft, soft))
        assert most_connections(10_000) == most
        # Those that are accepted at one stroke have descriptors before they are counted.
        assert allowed < 256 or backlog_for(most) <= 256 or allowed - most >= backlog_for(most)


@pytest.mark.asyncio
async def test_a_contract_says_how_large_its_body_is(tmp_path: Path) -> None:
    async with reading_room(tmp_path, body_limit_bytes=4_000_000) as room:
        small = await room.post(f"/v1/loans/{'0' * 8}/renewals", content=b" " * 262_145)
        assert small.status_code == 413
        assert "262144 bytes" in problem(small)["detail"]
        assert (await room.post("/v1/loans", content=b" " * 262_145)).status_code == 422
        assert (await room.post("/v1/loans", content=b" " * 1_000_001)).status_code == 413


@pytest.mark.asyncio
async def test_errors_that_nobody_would_read_are_only_counted(tmp_path: Path) -> None:
    async with reading_room(tmp_path) as room:
        books = [{"title": 1, "copies": 0} for _ in range(1_500)]
        answer = await room.post("/v1/loans", loan(books=books))
        assert answer.status_code == 422
        assert problem(answer)["more_errors"] >= 3_000
        assert len(answer.content) < 1_000


async def _nothing(_message: object, _context: object) -> None:
    raise AssertionError


@pytest.mark.asyncio
async def test_a_quota_is_refused_with_its_code_for_whom_it_counts(tmp_path: Path) -> None:
    quota = Quota("2/h", per="member.name", code="too_many_loans")
    page, hand = Module(name="library", handles=(on(library.Lend, _nothing, quota=quota),)), Hand()
    async with reading_room(tmp_path, quotas=Quotas((page,), hand)) as room:
        for _ in range(2):
            assert (await room.lend()).status_code == 202
        refused = await room.lend()
        assert refused.status_code == 429
        assert problem(refused)["code"] == "too_many_loans"
        assert refused.headers["retry-after"] == "1800"
        assert refused.headers["ratelimit-policy"] == '"too_many_loans";q=2;w=3600'
        assert (await room.lend(member={"name": "Bob"})).status_code == 202
        hand.time += 1_800
        assert (await room.lend()).status_code == 202
        assert len(room.owner.loans) == 4


class Fetch(
    Command[None],
    http=Post("/v1/fetched"),
    requires="books:fetch",
    owned_by="member",
    example={"member": "ada"},
):
    """Fetches books for a member, named or not."""

    member: ShortText | None = None


@pytest.mark.parametrize("named", [True, False])
def test_nobody_uses_up_the_quota_of_somebody_else(named: bool) -> None:
    quota = Quota("2/h", per="member", code="too_many")
    quotas = Quotas((Module(name="library", handles=(on(Fetch, _nothing, quota=quota),)),), Hand())
    ada, bob = (
        Principal(name, "user", scopes=frozenset({"books:fetch"})) for name in ("ada", "bob")
    )
    for _ in range(2):
        quotas.another(Fetch(member="ada"), bob, "192.0.2.1")
    with pytest.raises(Problem):
        quotas.another(Fetch(member="ada"), bob, "192.0.2.1")

    quotas.another(Fetch(member="ada" if named else None), ada, "192.0.2.1")
    quotas.another(Fetch(member="ada"), ada, "192.0.2.1")
    with pytest.raises(Problem):
        quotas.another(Fetch(), ada, "192.0.2.1")
    desk = replace(bob, scopes=frozenset({"books:fetch:any"}))
    with pytest.raises(Problem):
        quotas.another(Fetch(member="ada"), desk, "192.0.2.1")  # who may, does it for him


def test_a_quota_that_means_nothing_is_named() -> None:
    wrong = Quota("often", per="membre.name", code="Too many")
    page = Module(
        name="library",
        handles=(
            on(library.Lend, _nothing, quota=wrong),
            on(library.GetLoan, _nothing, quota=wrong),
        ),
    )
    told = "\n".join(problems_of_policies(page))
    for part in ("'often' is no rate", "'Too many' is no code", "'membre.name' is no field of it"):
        assert told.count(part) == 2
    assert told.count("no command with a route") == 1
