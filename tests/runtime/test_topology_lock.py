"""A part of a project and its lock together say what the whole says."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from amphibus.routing.project import LOCK, Project
from amphibus.routing.topology import GATEWAY, Topology
from tests.architecture.tree import ROOT

WHOLE = Project.find(ROOT)
BUSINESS = tuple(name for name in WHOLE.modules if name != GATEWAY)
PARTS = [part for size in range(len(BUSINESS)) for part in combinations(BUSINESS, size)]


@pytest.mark.parametrize("names", PARTS, ids=lambda names: "+".join(names) or "gateway alone")
def test_what_is_not_here_is_read_from_the_lock(names: tuple[str, ...], tmp_path: Path) -> None:
    """An image holds one module, and a machine some: all route alike."""
    part = _part(tmp_path, names, WHOLE.topology())

    assert part.problems() == []
    assert part.topology().as_lock() == WHOLE.topology().as_lock()


def test_the_code_is_right_where_it_is_here_and_the_lock_is_old(tmp_path: Path) -> None:
    """A developer changes a front page first and the lock afterwards."""
    old = WHOLE.topology().as_lock()
    del old["owners"]["orders.GetOrder.v1"]
    part = _part(tmp_path, BUSINESS, old)

    assert part.topology().as_lock() == WHOLE.topology().as_lock()
    assert part.lock_differs()


@pytest.mark.parametrize("text", ["", "[]", '{"modules": ["orders"]}', "<<<<<<< ours"])
def test_a_lock_that_cannot_be_read_says_nothing(text: str, tmp_path: Path) -> None:
    """It is generated, so it is made anew and not repaired."""
    part = _part(tmp_path, BUSINESS, {})
    (tmp_path / LOCK).write_text(text)

    assert part.topology().as_lock() == WHOLE.topology().as_lock()
    part.write_lock()
    assert not part.lock_differs()


def test_a_module_that_is_neither_here_nor_in_the_lock_is_missed(tmp_path: Path) -> None:
    """The lock must not hide that nobody handles what is sent."""
    old = WHOLE.topology().as_lock()
    old["owners"] = {name: who for name, who in old["owners"].items() if who != "payments"}
    old["modules"].remove("payments")
    part = _part(tmp_path, ("orders", "inventory"), old)

    assert any(
        "payments.AuthorizePayment.v1, which nobody handles" in each for each in part.problems()
    )


def _part(root: Path, names: tuple[str, ...], lock: "Topology | dict[str, object]") -> Project:
    (root / LOCK).parent.mkdir(parents=True)
    said = lock.as_lock() if isinstance(lock, Topology) else lock
    (root / LOCK).write_text(json.dumps(said))
    modules = [WHOLE.modules[name] for name in names]
    part = Project.declared(root, contracts=WHOLE.contracts.values(), modules=modules)
    part.modules[GATEWAY] = WHOLE.modules[GATEWAY]  # that of a test may send more
    return part
