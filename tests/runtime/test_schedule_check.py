"""What is wrong with a schedule is said before it is due."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from amphibus.inbox.steering.schedules import Schedule
from amphibus.messages.ids import derived_id
from amphibus.routing.project import Project
from amphibus.schedule.declared import Every, every
from amphibus.testing.conformance.business import ROOT, contracts, modules, project
from amphibus.testing.conformance.contracts.archive import v1 as archive
from amphibus.testing.conformance.contracts.desk import v1 as desk


def line(due: datetime) -> desk.Write:
    return desk.Write(book="rota", line=due.day)


def broken(_due: datetime) -> desk.Write:
    raise RuntimeError("it broke")


def another(_due: datetime) -> Any:
    return archive.File(book="b", line=1)


def problems(*schedules: Every) -> list[str]:
    desk_page, *others = modules()
    pages = (replace(desk_page, schedules=schedules), *others)
    return Project.declared(ROOT, contracts=contracts(), modules=pages).problems()


RIGHT = every("0 6 * * 1-5", desk.Write, make=line)


def changed(**wrong: Any) -> Every:
    return replace(RIGHT, **wrong)


def test_a_right_one_has_no_problems() -> None:
    assert problems(RIGHT, every("15m", desk.Write, name="often", make=line)) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (every("0 0 30 2 *", desk.Write, make=line), "'0 0 30 2 *' never comes: bad day-of-month"),
        (replace(RIGHT, timezone="Europe/Pariss"), "'Europe/Pariss' is no time zone; did you mean"),
        (
            every("15m", archive.File, make=another),
            "the module does not handle archive.File.v1 itself",
        ),
        (changed(contract=desk.Count), "desk.Count.v1 is no command"),
        (changed(missed="onse"), "missed='onse' is none of once, all, skip; did you mean once?"),
        (replace(RIGHT, name="A day"), "its name is not made of small letters"),
        (replace(RIGHT, key="k"), "desk.Write.v1 has a key of its own, so key= means nothing"),
        (every("15m", desk.Write), "no desk.Write.v1 can be made: "),
        (replace(RIGHT, make=broken), "no desk.Write.v1 can be made: RuntimeError"),
        (replace(RIGHT, make=another), "make= returns File, not desk.Write.v1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_one(wrong: Every, problem: str) -> None:
    name = wrong.name
    assert [
        each[: len(f"module desk: schedule {name}: {problem}")] for each in problems(wrong)
    ] == [f"module desk: schedule {name}: {problem}"]


def test_two_of_one_name() -> None:
    assert problems(RIGHT, RIGHT) == [
        "module desk: schedule write is there twice: give one of them a name, every(..., name=...)"
    ]


def test_a_module_sends_what_its_schedules_send() -> None:
    """So it has the right to at the broker."""
    page = replace(modules()[0], schedules=(RIGHT,))
    found = Project.declared(ROOT, contracts=contracts(), modules=(page, *modules()[1:]))

    assert "desk.Write.v1" in found.topology().sends["desk"]
    assert "desk.Write.v1" not in project().topology().sends["desk"]


def test_the_command_of_a_time_has_an_id_that_follows_from_it() -> None:
    schedule = Schedule("desk", RIGHT)
    first, again = schedule.envelope(1_000_000, 5), schedule.envelope(1_000_000, 6)
    other, by_hand = schedule.envelope(2_000_000, 5), schedule.envelope(1_000_000, 5, by_hand=True)

    assert first.id == again.id == derived_id("schedule", "desk", "write", "1000000")
    assert len({first.id, other.id, by_hand.id}) == 3
    assert (first.key, first.source, first.correlation) == ("rota", "desk", first.id)
    assert every("15m", desk.Write).ordering_key == "schedule:write"
    assert every("15m", desk.Write, key="k", name="other").ordering_key == "k"
