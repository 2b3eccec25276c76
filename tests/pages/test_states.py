"""The picture of a process manager shows every state and every way, and how many stand where."""

from pathlib import Path

from amphibus.console.drawing.states import drawn
from amphibus.routing.project import Project
from amphibus.routing.topology import processes_of

ROOT = Path(__file__).parents[2]


def test_every_state_and_every_way_is_drawn_once() -> None:
    (process,) = processes_of(Project.find(ROOT).modules["orders"])
    picture = drawn("orders", process, {"awaiting_payment": 3}, {"awaiting_payment": 2})
    ways = {
        (state.name, to) for state in process.states for when in state.on for to in when.targets
    }
    ways |= {(each.name, each.deadline.to) for each in process.states if each.deadline}

    assert [each.name for each in picture.states] == [each.name for each in process.states]
    assert {tuple(each.words.split(": ")[0].split(" to ")) for each in picture.moves} == ways
    assert len({(each.x, each.y) for each in picture.states}) == len(process.states)
    inside = [0 < each.x < picture.width and 0 < each.y < picture.height for each in picture.states]
    assert all(inside)
    (stuck,) = (each for each in picture.states if each.name == "awaiting_payment")
    assert (stuck.here, stuck.stuck, stuck.look) == (3, 2, "failing")
    ends = [each for each in picture.states if each.final]
    assert len({each.x for each in ends}) == 1
    assert all(each.x <= ends[0].x for each in picture.states)
