"""Promise 1, 2 and 5 under kill -9: nothing lost, nothing twice, nothing innocent dead."""

import asyncio
import os
import signal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from amphibus.context import Outside
from amphibus.failpoints import FAILPOINTS
from amphibus.routing.topology import GATEWAY
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import MODULES, Office
from tests.conformance.crashing import start

KILLED = -signal.SIGKILL


def end_of(office: Office) -> dict[str, Any]:
    """All that matters when everything has come to rest."""
    dead = {name: office.query(name, "SELECT id, reason FROM amphibus_dead") for name in MODULES}
    left = {
        (name, table): office.count(name, f"amphibus_{table}")
        for name in (*MODULES, "gateway")
        for table in ("delivery", "delayed", "timer", "later")
    }
    return {
        "lines": {name: sorted(office.lines(name)) for name in MODULES},
        "order": {name: office.numbers(name, "a") for name in MODULES if name != "archive"},
        "filed": office.numbers("archive", "a", "filed"),
        "behind": office.numbers("desk", "p"),
        "dead": dead,
        "left": {where: count for where, count in left.items() if count},
        "suspects": [path.name for path in office.data.glob("crash-*")],
        "loans": office.query("desk", "SELECT book, state FROM loan"),
    }


@cache
def undisturbed() -> dict[str, Any]:
    """How it ends when nobody is killed."""
    with TemporaryDirectory() as folder:
        office = Office("memory", Path(folder))
        assert start(office) == 0
        return end_of(office)


def test_undisturbed_the_day_ends_well() -> None:
    """What all crashes are compared with."""
    end = undisturbed()

    assert end["order"] == {"desk": [0, 1, 2, 3], "readers": [0, 1, 2, 3]}
    assert end["behind"] == [1, 2]
    assert end["dead"] == {"desk": [("dead", "failed")], "archive": [], "readers": []}
    assert end["left"] == {}
    assert end["loans"] == [("l", "missed")]
    assert ("l", 0, "missed") in end["lines"]["readers"]
    later = [line for line in end["lines"]["archive"] if line[0] in ("n", "r")]
    assert later == [("n", 2, "filed"), ("r", 1, "filed")]


@pytest.mark.parametrize("point", FAILPOINTS)
def test_a_process_killed_at_any_point_goes_on_as_if_nothing_had_been(
    office: Office, point: str
) -> None:
    """Fails too when the process is never killed: then nobody comes by that point."""
    office.lose(*MODULES, GATEWAY)  # so that it may die while it makes its tables
    assert start(office, point=f"{point}:1") == KILLED
    assert start(office) == 0

    assert end_of(office) == undisturbed()


@pytest.mark.full
@pytest.mark.parametrize("nth", [2, 5])
@pytest.mark.parametrize("point", FAILPOINTS)
def test_killed_again_and_again(office: Office, point: str, nth: int) -> None:
    """The later times come in the middle of the work, and each start is killed too."""
    office.lose(*MODULES, GATEWAY)
    for times in (nth, 2, 1):
        assert start(office, point=f"{point}:{times}") in (KILLED, 0)
    assert start(office) == 0

    assert end_of(office) == undisturbed()


async def one_call(office: Office) -> None:
    """One message with an outside step, and nothing beside it."""
    async with office.open() as shop:
        await shop.send(desk.Call(book="lone", line=1), message_id="lone")
        await shop.settle()


@pytest.mark.parametrize(
    "point",
    [
        "commit.before",
        *(
            pytest.param(point, marks=pytest.mark.full)
            for point in ("outside.before", "outside.after", "handler.before", "handler.after")
        ),
    ],
)
def test_kills_from_outside_bury_nobody(office: Office, point: str) -> None:
    """However often they hit the same message while nothing is beside it."""
    nth = 2 if point == "commit.before" else 1  # the first is the sender's
    assert start(office, what=one_call, point=f"{point}:{nth}") == KILLED
    for _ in range(4):
        assert start(office, what=only_run, point=f"{point}:1") == KILLED
    assert start(office, what=one_call) == 0

    assert office.numbers("desk", "lone") == [1]
    assert office.count("desk", "amphibus_dead") == 0


async def killed_while_it_waits(office: Office) -> None:
    """The call has begun and waits for its answer when the process is killed."""

    async def wait(_message: desk.Call, _outside: Outside[Any]) -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGKILL)
        await asyncio.Event().wait()

    async with office.open(business=project(step=wait)) as shop:
        await shop.send(desk.Call(book="lone", line=1), message_id="lone")
        await shop.settle()


def test_kills_while_a_call_waits_for_its_answer_bury_nobody(office: Office) -> None:
    """Its code does not run then, so nothing says that it is to blame."""
    for _ in range(5):
        assert start(office, what=killed_while_it_waits) == KILLED
    assert start(office, what=one_call) == 0

    assert office.numbers("desk", "lone") == [1]
    assert office.count("desk", "amphibus_dead") == 0


async def only_run(office: Office) -> None:
    async with office.open() as shop:
        await shop.settle()


def test_a_message_that_kills_its_process_dies_and_no_innocent_with_it(office: Office) -> None:
    """Fifty others are beside it, some of them in the same commit."""
    kills = 0
    code = start(office, what=queue_poison)
    assert code == 0
    while (code := start(office, what=only_run)) == KILLED:
        kills += 1
        assert kills < 8, "it is never given up"
    assert code == 0

    assert office.query("desk", "SELECT key, reason FROM amphibus_dead") == [("poison", "crashed")]
    assert 3 <= kills <= 4
    assert sorted(line for _, line, _ in office.lines("desk")) == list(range(50))
    assert sorted(line for _, line, _ in office.lines("readers")) == list(range(50))
    for module in ("archive", "readers"):
        assert office.count(module, "amphibus_dead") == 0


async def queue_poison(office: Office) -> None:
    """While the desk is away, so that all of it comes at once when it is back."""
    async with office.open("archive") as shop:
        for n in range(50):
            if n == 25:
                await shop.send(desk.Write(book="poison", line=0, mood="kill"))
            await shop.send(desk.Write(book=f"b{n}", line=n))


async def kill_once(office: Office) -> None:
    """A handler that ends its process."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="well", line=1, mood="kill"))
        await shop.settle()


async def run_healed(office: Office) -> None:
    """The same handler does it no more."""
    office.script.healed = True
    await only_run(office)


def test_a_message_that_survives_its_run_alone_is_no_suspect_any_more(office: Office) -> None:
    assert start(office, what=kill_once) == KILLED
    assert start(office, what=run_healed) == 0

    assert office.numbers("desk", "well") == [1]
    assert list(office.data.glob("crash-*")) == []


def test_an_outside_step_that_kills_its_process_dies_too(office: Office) -> None:
    kills = 0
    while (code := start(office, what=call_poison)) == KILLED:
        kills += 1
        assert kills < 8, "it is never given up"
    assert code == 0

    assert office.query("desk", "SELECT key, reason FROM amphibus_dead") == [("poison", "crashed")]
    assert office.numbers("desk", "well") == [1]


async def call_poison(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Call(book="well", line=1), message_id="well")
        await shop.send(desk.Call(book="poison", line=0, mood="outside kill"), message_id="poison")
        await shop.settle()
