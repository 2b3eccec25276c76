"""Whom a removed field breaks is known from the tests of those that read it."""

import json

import pytest

from tests.evolution.project import Depot

_BOARD = '''"""The board."""

from amphibus.module import Module, on
from contracts.store import v1 as store


async def show(message: store.Stored, context: object) -> None:
    assert message.pieces


module = Module(name="board", subscribes=(on(store.Stored, show),))
'''
_TEST = """from pathlib import Path

import pytest

from amphibus.testing import Harness
from contracts.store import v1 as store


@pytest.mark.asyncio
async def test_it_is_shown() -> None:
    async with Harness.of(Path(__file__), modules=("board",)) as office:
        await office.publish(store.Stored(shelf="A1", pieces=3))
        await office.settle()
        assert office.dead("board") == []
"""
_NEW = "    pieces: Annotated[int, Field(ge=1, le=1000)] = 1\n    note: Key | None = None\n    maker: Key\n"


@pytest.fixture
def known(depot: Depot) -> Depot:
    """The board reads how many pieces there are, and a test has shown it."""
    text = depot.page.read_text()
    head, _, event = text.partition("class Stored")
    depot.page.write_text(
        head
        + "class Stored"
        + event.replace("    pieces: Annotated[int, Field(ge=1, le=1000)]\n", _NEW).replace(
            '"pieces": 3}', '"pieces": 3, "maker": "Bo"}'
        )
    )
    depot.lock.unlink()
    depot.commit()  # nothing was released yet
    assert depot("check", "--fix").code == 0
    (depot.root / "modules/board/module.py").write_text(_BOARD)
    (depot.root / "tests").mkdir()
    (depot.root / "tests/test_board.py").write_text(
        _TEST.replace("pieces=3", 'pieces=3, maker="Bo"')
    )
    recorded = depot("contracts", "readers", "--record")
    assert recorded.code == 0, recorded.err
    depot.commit()
    return depot


@pytest.mark.full
def test_what_is_read_is_kept_beside_the_lock_and_shown(known: Depot) -> None:
    kept = json.loads((known.root / "contracts/store/v1.reads.json").read_text())
    shown = known("contracts", "readers", "store.Stored.v1")

    test = "tests/test_board.py::test_it_is_shown"
    assert kept["events"] == {"Stored": {"board": {"pieces": [test], "shelf": [test]}}}
    assert [line.split() for line in shown.out.splitlines()[1:]] == [
        ["store.Stored.v1", "board", "pieces", test],
        ["store.Stored.v1", "board", "shelf", test],
    ]
    assert known("check").code == 0


@pytest.mark.full
def test_an_optional_field_that_nobody_reads_is_safe_to_remove(known: Depot) -> None:
    known.edit("    note: Key | None = None\n", "")
    code, found = known.findings()

    assert code == 0
    assert found["FLD06 store.Stored.v1"]["severity"] == "info"
    assert found["FLD06 store.Stored.v1"]["read_by"] == ["nobody, as the tests have seen"]
    assert known("check", "--fix").code == 0


def test_a_field_that_somebody_reads_names_the_test_that_breaks(known: Depot) -> None:
    known.edit("    pieces: Annotated[int, Field(ge=1, le=1000)] = 1\n", "")
    ended = known("contracts", "check")

    assert "  read by   board (tests/test_board.py::test_it_is_shown)\n" in ended.out
    assert known("check", "--fix").code == 3


def test_a_required_field_that_nobody_reads_is_removed_in_two_steps(known: Depot) -> None:
    """The classes that are deployed would refuse an event without it, although no handler reads it."""
    known.edit("    maker: Key\n", "")
    code, found = known.findings()

    assert code == 3
    assert found["FLD05 store.Stored.v1"]["read_by"] == ["nobody, as the tests have seen"]
    assert "give it a default" in found["FLD05 store.Stored.v1"]["instead"]


@pytest.mark.full
def test_a_subscriber_without_a_test_may_read_anything(known: Depot) -> None:
    page = known.root / "modules/dock/module.py"
    page.write_text(
        page.read_text().replace(
            "sends=(store.Put,)", "sends=(store.Put,), subscribes=(on(store.Stored, nothing),)"
        )
    )
    known.edit("    note: Key | None = None\n", "")
    found = known.findings()[1]["FLD06 store.Stored.v1"]

    assert found["severity"] == "warning"
    assert found["read_by"] == ["dock: not known, no test has given it one"]


@pytest.mark.full
def test_tests_that_fail_record_nothing_and_a_damaged_record_is_told(known: Depot) -> None:
    (known.root / "tests/test_board.py").write_text("def test_no() -> None:\n    assert False\n")
    failed = known("contracts", "readers", "--record")
    (known.root / "contracts/store/v1.reads.json").write_text("{")
    damaged = known("check")

    assert (failed.code, damaged.code) == (1, 3)
    assert "nothing was recorded" in failed.err
    assert "contracts/store/v1.reads.json cannot be read" in damaged.out
