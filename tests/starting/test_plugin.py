"""The pytest plugin runs a team's own tests in every mode, by one marker, and says what it cannot do here."""

import os
import subprocess
import sys

import pytest

from tests.adding.project import Workplace
from tests.architecture.readme import blocks
from tests.architecture.tree import ROOT
from tests.services.postgres import PostgresCluster

PAGE = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.full
_NOTE = """
from uuid import uuid4

import pytest

from contracts.notes import v1 as notes
"""
_IN_EVERY_MODE = """
@pytest.mark.asyncio
@pytest.mark.amphibus(modes="all")
async def test_a_note(office, virtual_clock):
    note_id = uuid4()
    await office.request(notes.WriteNote(note_id=note_id, text="Buy milk"))
    assert (await office.ask(notes.GetNote(note_id=note_id))).text == "Buy milk"
    assert office.clock is virtual_clock
"""
_ALL = ("memory", "memory+wire", "rabbitmq", "postgresql", "rabbitmq+postgresql")
_NOWHERE = {
    "AMPHIBUS_TEST_AMQP": "amqp://127.0.0.1:1/",
    "AMPHIBUS_TEST_POSTGRES": "postgresql://127.0.0.1:1/x",
}


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    folder = Workplace(tmp_path_factory.mktemp("plugin"))
    assert folder.amphibus("new", "notebook", "--template", "minimal").code == 0
    return Workplace(folder.root / "notebook")


def test_one_marker_runs_a_test_in_every_mode(
    notes: Workplace, broker: str, cluster: PostgresCluster
) -> None:
    servers = {"AMPHIBUS_TEST_AMQP": broker, "AMPHIBUS_TEST_POSTGRES": cluster.url()}
    said = _tested(notes, _IN_EVERY_MODE, servers, "-v", "--amphibus-strict")

    assert [each for each in _ALL if f"test_a_note[{each}] PASSED" not in said] == [], said


def test_a_server_that_is_not_there_skips_its_tests_and_says_so(notes: Workplace) -> None:
    said = _tested(notes, _IN_EVERY_MODE, _NOWHERE)
    assert "2 passed, 3 skipped" in said
    assert "no RabbitMQ answers at 127.0.0.1:1; type: docker run" in said
    assert "no PostgreSQL answers at 127.0.0.1:1; type: docker run" in said

    said = _tested(notes, _IN_EVERY_MODE, _NOWHERE, "--amphibus-strict")
    assert "2 passed, 3 errors" in said
    assert "2 passed" in _tested(
        notes, _IN_EVERY_MODE, _NOWHERE, "--amphibus-modes=memory,memory+wire"
    )


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('modes="rabitmq"', "no mode 'rabitmq' for tests of modules; there are all, memory"),
        ('transport="memory"', "does not take transport; it takes at, containers, modes"),
    ],
)
def test_a_wrong_marker_is_named(notes: Workplace, marker: str, said: str) -> None:
    wrong = _IN_EVERY_MODE.replace('modes="all"', marker)

    assert said in _tested(notes, wrong, _NOWHERE)


def test_the_page_on_testing_shows_what_runs(notes: Workplace) -> None:
    """Its example stands alone in a project that `amphibus new --template minimal` began."""
    (example,) = [each for each in blocks("python", PAGE) if each.path.startswith("tests/")]
    said = _tested(notes, example.text, _NOWHERE)

    assert "failed" not in said, said
    assert "error" not in said, said
    assert " passed" in said


def test_pytest_loads_nothing_of_amphibus_before_a_test_asks() -> None:
    """The plugin is there in every environment that has Amphibus, whatever is tested in it."""
    asked = (
        "import sys; import amphibus.pytest_plugin.hooks; "
        "print(sorted(each for each in sys.modules if each.startswith('amphibus')))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )

    assert (
        ended.stdout == "['amphibus', 'amphibus.pytest_plugin', 'amphibus.pytest_plugin.hooks']\n"
    )


def _tested(project: Workplace, tests: str, servers: dict[str, str], *options: str) -> str:
    """What pytest says of a file of tests in a project."""
    (project.root / "tests/test_own.py").write_text(_NOTE + tests)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMPHIBUS_", "PYTEST_"))
    }
    words = ("-m", "pytest", "-p", "no:cacheprovider", "tests/test_own.py", *options)
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=project.root,
        env=kept | servers | {"COLUMNS": "200", "PYTHONPATH": str(ROOT / "runtime")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    return ended.stdout
