"""`amphibus new` writes a project that passes all that it brings, or nothing."""

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from amphibus.cli.main import execute
from tests.adding.project import Ended, Workplace
from tests.architecture.readme import blocks
from tests.architecture.tree import ROOT

START = (ROOT / "docs/start.md").read_text(encoding="utf-8")
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.fixture
def folder(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def test_a_new_project_passes_its_check_and_its_tests(folder: Workplace) -> None:
    said = _new(folder, "library")
    library = Workplace(folder.root / "library")

    assert "next     cd library && amphibus run\n" in said
    assert (library.root / ".git").is_dir()
    assert (library.root / "test").stat().st_mode & 0o111
    assert library.amphibus("check").out == "ok  3 modules, 6 contracts\n"
    ended = library.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not wire")
    assert "4 passed" in ended.out, ended.out
    _is_shown_as_it_is(library)


@pytest.mark.full
@pytest.mark.parametrize(
    "chosen",
    ["", "--template shop", "--template minimal --db postgresql --broker rabbitmq"],
)
def test_whatever_is_chosen_passes_every_rule(folder: Workplace, chosen: str) -> None:
    _new(folder, "library", *chosen.split())
    library = Workplace(folder.root / "library")

    for words in (
        ("-m", "ruff", "check", "--no-cache", "."),
        ("-m", "ruff", "format", "--check", "--no-cache", "."),
        ("-m", "mypy"),
        ("-c", _LINT_IMPORTS, "--no-cache"),
        ("-m", "pytest", "-q"),
    ):
        ended = library.python(*words)
        assert ended.code == 0, ended.out
    _is_added_to(library)


@pytest.mark.full
def test_a_small_shop_keeps_the_rules_of_contracts_too(folder: Workplace) -> None:
    said = _new(folder, "bazaar", "--template", "shop")
    bazaar = Workplace(folder.root / "bazaar")

    assert "amphibus send inventory.SetStock.v1 " in said
    ended = bazaar.amphibus("contracts", "lint")
    assert ended.code == 0, ended.out


def test_a_database_and_a_broker_stand_in_what_ships_it(folder: Workplace) -> None:
    _new(folder, "my_shop", "--template", "minimal", "--db", "postgresql", "--broker", "rabbitmq")
    compose = yaml.safe_load(folder.read("my_shop/compose.yaml"))
    workflow = yaml.safe_load(folder.read("my_shop/.github/workflows/ci.yml"))

    assert 'app = "my-shop"' in folder.read("my_shop/config/amphibus.toml")
    assert set(compose["services"]) == {"app", "postgres", "rabbitmq"}
    assert set(compose["services"]["app"]["depends_on"]) == {"postgres", "rabbitmq"}
    assert '"amphibus[server,postgresql,rabbitmq]>=' in folder.read("my_shop/pyproject.toml")
    assert 'CMD ["amphibus", "run", "--mode=distributed", "--all"]' in folder.read(
        "my_shop/Dockerfile"
    )
    modes = 'amphibus_modes = ["memory", "memory+wire", "rabbitmq", "postgresql"]\n'
    assert modes in folder.read("my_shop/pyproject.toml")
    assert set(workflow["jobs"]["test"]["services"]) == {"postgres", "rabbitmq"}
    assert workflow["jobs"]["test"]["env"] == {"PYTEST_ADDOPTS": "--amphibus-strict"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("class", "amphibus new class_app"),
        ("2fast", "'2fast' cannot be the name of a project"),
        ("My Shop", "amphibus new my_shop"),
        ("a" * 32, "it has 32 characters, and may have 31"),
        ("pytest", "amphibus new pytest_app"),
        ("full", "full is there already, and is not empty"),
        ("full/note", "full/note is there already"),
        ("full/note/within", "nothing was written"),
        ("nowhere/library", "nothing was written"),
        ("/proc/library", "ls -ld /proc"),
    ],
)
def test_what_cannot_be_begun_leaves_everything_as_it_was(
    name: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/note").write_text("mine")
    before = _everything(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert execute(["new", name]) in (1, 2)
    assert said in capsys.readouterr().err
    assert _everything(tmp_path) == before


def test_a_dry_run_lists_the_files_and_writes_none(folder: Workplace) -> None:
    ended = folder.amphibus("new", "library", "--dry-run")

    assert ended.code == 0, ended.out
    assert "would create  library/contracts/jobs/v1.lock.json\n" in ended.out
    assert _everything(folder.root) == []


def test_an_empty_folder_becomes_the_project_and_no_git_is_no_harm(
    folder: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (folder.root / "library").mkdir()
    said = _new(folder, "library", "--template", "minimal")

    assert "there is no git here" in said
    assert (folder.root / "library/config/topology.lock.json").is_file()
    assert [each.name for each in folder.root.iterdir()] == ["library"]


def test_a_run_where_no_project_is_says_how_to_begin_one(folder: Workplace) -> None:
    ended = folder.amphibus("run")

    assert ended.code == 2
    assert "fix  amphibus new NAME" in ended.out


def _new(folder: Workplace, *words: str) -> str:
    ended: Ended = folder.amphibus("new", *words)
    assert ended.code == 0, ended.out
    return ended.out


def _is_shown_as_it_is(library: Workplace) -> None:
    """The tutorial quotes what is written; its commands are typed in test_wheel.py."""
    for block in blocks("python", START):
        lines = [line for line in block.text.splitlines()[1:] if line.strip()]
        written = library.read(block.path).splitlines()
        assert [line for line in lines if line not in written] == [], block.path


def _everything(root: Path) -> list[Path]:
    return sorted(root.rglob("*"))


def _is_added_to(project: Workplace) -> None:
    """`amphibus add` goes on from there."""
    project.added("module", "shipping")
    project.added("command", "shipping.Ship", "order_id:uuid", "carrier:text")
    assert project.amphibus("check", "--fix").code == 0
    ended = project.python("-m", "pytest", "-q", "tests/modules/test_shipping.py")
    assert ended.code == 0, ended.out
