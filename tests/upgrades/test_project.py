"""`amphibus upgrade` brings a project to the present version: what it asks is shown, then done as a whole."""

import tomllib
from pathlib import Path
from typing import Final

import pytest

from amphibus.cli.main import execute
from amphibus.cli.output import CommandError
from amphibus.cli.upgrade.code import renamed_code
from amphibus.cli.upgrade.configuration import renamed_settings
from amphibus.cli.upgrade.found import Found
from amphibus.cli.upgrade.journal import JOURNAL, apply, finish
from amphibus.cli.upgrade.texts import bounded, renamed_words
from amphibus.failpoints import FailpointError, arm
from tests.console.kiosk import write_kiosk

SETTINGS: Final = """\
app = "kiosk"  # the name

[bus]  # of messages
gather_seconds = 0.01   # fewer commits

[rabbitmq]
prefetch = 50
partitions = 4

[producers.web]
hears = ["shelf.Sold.v1"]
"""
NEW_SETTINGS: Final = """\
app = "kiosk"  # the name

[bus]  # of messages
partitions = 4
commit_delay_seconds = 0.01   # fewer commits

[rabbitmq]
prefetch = 50

[producers.web]
subscribes = ["shelf.Sold.v1"]
"""
TEST: Final = b'''"""Of the shelf."""
from amphibus import store as columns_of
from amphibus.store import module_registry
from amphibus.testing import Harness


def test_it(office: Harness) -> None:
    assert office.parked("shelf") == [], "parked"
'''
WORKFLOW: Final = "env:\n  AMPHIBUS_BUS__GATHER_SECONDS: 1\nrun: grep amphibus_parked metrics\n"


def test_settings_are_renamed_where_they_stand_and_nothing_else_changes() -> None:
    found = Found()
    text = renamed_settings(Path("config/amphibus.toml"), SETTINGS, found)

    assert text == NEW_SETTINGS
    assert [(each.line, each.what) for each in found.changes] == [
        (4, "bus.gather_seconds -> bus.commit_delay_seconds"),
        (8, "rabbitmq.partitions -> bus.partitions"),
        (11, "producers.web.hears -> producers.web.subscribes"),
    ]
    assert renamed_settings(Path("config/amphibus.toml"), text, Found()) == text


@pytest.mark.parametrize(
    "text",
    [
        "bus.gather_seconds = 1\n",
        "[bus]\ngather_seconds = 1\ncommit_delay_seconds = 1\n",
        "[rabbitmq]\npartitions = \\\n",
        "bus = {gather_seconds = 1}\n",
    ],
)
def test_settings_that_cannot_be_renamed_surely_are_left_as_they_are(text: str) -> None:
    found = Found()

    assert renamed_settings(Path("config/amphibus.toml"), text, found) == text
    assert found.changes == []
    assert len(found.left) == (0 if "\\" in text else 1)


def test_a_setting_whose_new_table_is_not_there_gets_it() -> None:
    text = renamed_settings(Path("c"), "[rabbitmq]\npartitions = 4\n", Found())

    assert tomllib.loads(text) == {"rabbitmq": {}, "bus": {"partitions": 4}}


def test_imports_and_methods_are_renamed_and_texts_are_not() -> None:
    found = Found()
    lines = renamed_code(Path("tests/test_it.py"), TEST, found).decode().splitlines()

    assert lines[1] == "from amphibus import columns as columns_of"
    assert lines[2] == "from amphibus.columns import module_registry"
    assert lines[-1] == '    assert office.delayed("shelf") == [], "parked"'
    assert [each.line for each in found.changes] == [2, 3, 8]


def test_a_name_that_is_no_import_of_ours_stays() -> None:
    code = b"from mine import store\nstore.parked()\n"

    assert renamed_code(Path("a.py"), code, Found()) == code
    used = renamed_code(Path("a.py"), b"import amphibus.store\namphibus.store.x()\n", Found())
    assert used == b"import amphibus.columns\namphibus.columns.x()\n"
    imported = renamed_code(Path("a.py"), b"from amphibus import store\nstore.x()\n", Found())
    assert imported == b"from amphibus import columns as store\nstore.x()\n"


def test_what_went_is_left_to_a_person_with_its_place() -> None:
    found = Found()
    renamed_code(Path("modules/a.py"), b"def f(context):\n    context.set_timer('a')\n", found)

    assert [(each.place, each.fix) for each in found.left] == [
        ("modules/a.py:2", "${EDITOR:-vi} modules/a.py")
    ]


def test_variables_and_metrics_are_renamed_in_workflows_and_rules() -> None:
    text = renamed_words(Path(".github/workflows/ci.yml"), WORKFLOW, Found())

    assert text == WORKFLOW.replace("GATHER_SECONDS", "COMMIT_DELAY_SECONDS").replace(
        "parked", "delayed"
    )
    assert renamed_words(Path("a"), "my_amphibus_parked", Found()) == "my_amphibus_parked"


@pytest.mark.parametrize(
    ("asked", "version", "bounds"),
    [
        (">=0.1.0,<0.2", "0.2.1", ">=0.2.1,<0.3"),
        (">=0.1.0,<0.2", "0.1.4", ">=0.1.0,<0.2"),
        (">=0.9.0, <1", "1.2.0", ">=1.2.0,<2"),
    ],
)
def test_the_bound_lets_the_installed_version_in(asked: str, version: str, bounds: str) -> None:
    text = f'dependencies = ["amphibus[server]{asked}"]\n'

    assert f'"amphibus[server]{bounds}"' in bounded(Path("p"), text, version, Found())


def test_another_kind_of_bound_is_left_to_a_person() -> None:
    found = Found()

    assert bounded(Path("p"), '"amphibus==0.1.0"', "0.2.0", found) == '"amphibus==0.1.0"'
    assert [each.place for each in found.left] == ["p:1"]


@pytest.mark.parametrize("moved", [1, 2, 3])
def test_an_upgrade_that_ends_between_two_files_is_ended_by_the_next(
    tmp_path: Path, moved: int
) -> None:
    before, after = _files(tmp_path)
    arm(f"upgrade.moved:{moved}:raise")
    with pytest.raises(FailpointError):
        apply(tmp_path, before, after)
    arm("")

    assert finish(tmp_path)
    assert _held(tmp_path, after) == after
    assert not finish(tmp_path)
    assert not (tmp_path / JOURNAL).exists()


def test_an_upgrade_that_ends_before_all_is_written_has_changed_nothing(tmp_path: Path) -> None:
    before, after = _files(tmp_path)
    arm("upgrade.before:1:raise")
    with pytest.raises(FailpointError):
        apply(tmp_path, before, after)
    arm("")

    assert not finish(tmp_path)
    assert _held(tmp_path, before) == before
    apply(tmp_path, before, after)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "new"]


def test_what_was_written_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    before, after = _files(tmp_path)
    (tmp_path / "a").write_text("by a person")

    with pytest.raises(CommandError, match="was changed while"):
        apply(tmp_path, before, after)
    assert (tmp_path / "a").read_text() == "by a person"
    assert (tmp_path / "gone").read_text() == "old"


def test_a_former_setting_is_answered_with_the_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_kiosk(tmp_path)
    (tmp_path / "config/amphibus.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)

    assert execute(["config", "show"]) == 2
    said = capsys.readouterr().err
    assert "bus.gather_seconds" in said
    assert "it is called bus.commit_delay_seconds now" in said
    assert "amphibus upgrade" in said


def _files(root: Path) -> tuple[dict[Path, bytes | None], dict[Path, bytes | None]]:
    (root / "a").write_text("old")
    (root / "gone").write_text("old")
    before: dict[Path, bytes | None] = {Path("a"): b"old", Path("new"): None, Path("gone"): b"old"}
    after: dict[Path, bytes | None] = {Path("a"): b"now", Path("new"): b"now", Path("gone"): None}
    return before, after


def _held(root: Path, names: dict[Path, bytes | None]) -> dict[Path, bytes | None]:
    return {each: (root / each).read_bytes() if (root / each).exists() else None for each in names}
