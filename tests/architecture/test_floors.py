"""One look at the folders tells the way of a message, and imports go down its floors."""

import tomllib
from collections.abc import Iterator
from functools import cache

import grimp

from tests.architecture.tree import ROOT

WAY = (
    "gateway.accepted_store",
    "unit_of_work.writer",
    "unit_of_work.transaction",
    "outbox.relay",
    "transports.memory",
    "inbox.receiver",
    "inbox.runner",
    "inbox.executor",
    "inbox.recorder",
)
"""The files that a message from outside passes until its handler's transaction is committed."""
_ASIDE = {"telemetry", "access"}
"""What is told of a message, and who may send it: no part of its way."""
_MOST_PACKAGES, _MOST_FILES = 10, 20
_DOORS_AND_GROUND = {
    *("__init__", "module", "process", "context", "columns", "producer", "client"),
    *("errors", "clock", "failpoints", "transport", "service", "supervision", "nearest"),
}


def test_following_one_message_needs_at_most_ten_packages() -> None:
    met = {package for _, package in _arrows()} | {file.split(".")[0] for file in WAY}

    assert len(met - _ASIDE) <= _MOST_PACKAGES, sorted(met - _ASIDE)


def test_no_arrow_on_the_way_of_a_message_leads_back_up() -> None:
    floor = {name: height for height, names in enumerate(_floors()) for name in names}
    up = {(above, below) for above, below in _arrows() if floor[above] >= floor[below]}

    assert up == set()


def test_at_the_top_lie_doors_and_ground_alone() -> None:
    flat = {path.stem for path in (ROOT / "runtime/amphibus").glob("*.py")}

    assert flat <= _DOORS_AND_GROUND


def test_no_folder_has_more_files_than_one_look_takes_in() -> None:
    folders = {path.parent for path in (ROOT / "runtime/amphibus").rglob("*.py")}

    assert {each for each in folders if len([*each.glob("*.py")]) > _MOST_FILES} == set()


def test_the_page_on_the_architecture_is_read_in_one_sitting() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 120


def _arrows() -> Iterator[tuple[str, str]]:
    """From package to package, along the imports of the files on the way; single files at the top aside."""
    for file in WAY:
        here = file.split(".")[0]
        for imported in _graph().find_modules_directly_imported_by(f"amphibus.{file}"):
            package = imported.split(".")[1]
            if package != here and _is_folder(package):
                yield here, package


def _is_folder(package: str) -> bool:
    return package != "contract" and (ROOT / "runtime/amphibus" / package).is_dir()


def _floors() -> list[list[str]]:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (floors,) = (
        each["layers"] for each in rules["contracts"] if each.get("containers") == ["amphibus"]
    )
    return [floor.split(" | ") for floor in floors]


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("amphibus", cache_dir=None)
