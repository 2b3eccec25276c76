"""What the command line says of itself, and what it does not load to say it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from amphibus.cli.commands import COMMANDS as SINGLE
from amphibus.cli.commands import GROUPS
from amphibus.cli.description import described
from amphibus.cli.main import execute
from tests.console.conftest import Console

COMMANDS = (
    *("run", "demo", "send", "ask", "modules", "check", "logs", "replay", "db", "dead", "add"),
    *("config", "bench", "version", "completion", "ps", "pause", "resume", "processes"),
    *("limits", "schedules", "operations", "audit"),
)
EVERY = {name: target for name, target, _ in SINGLE} | {
    f"{group} {name}": target for group, _, commands in GROUPS for name, target, _ in commands
}
LOADED_ON_DEMAND = (
    "pydantic",
    "structlog",
    "httpx",
    "sqlmodel",
    "tomllib",
    "sqlite3",
    "rich.progress",
)


def test_help_names_every_command_and_every_exit_code(console: Console) -> None:
    ended = console("--help")

    assert ended.code == 0
    assert all(f"  {command}: " in ended.out for command in COMMANDS)
    codes = " ".join(ended.out.split())
    assert (
        "Exit codes: 0 ok, 1 failed, 2 usage, 3 check found problems, "
        "4 something is unreachable, 5 timeout." in codes
    )


def test_help_loads_no_command() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "amphibus.cli", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}

    assert loaded.isdisjoint(LOADED_ON_DEMAND)
    assert {name for name in loaded if name.startswith("amphibus.cli.")} <= {
        "amphibus.cli.__main__",
        "amphibus.cli.commands",
        "amphibus.cli.description",
        "amphibus.cli.door",
        "amphibus.cli.main",
        "amphibus.cli.output",
    }


@pytest.mark.parametrize(
    "command",
    [
        *((name,) for name in COMMANDS if name != "demo"),
        ("dead", "edit"),
        ("db", "backup"),
        ("add", "process"),
    ],
)
def test_every_command_has_help_of_its_own(console: Console, command: tuple[str, ...]) -> None:
    ended = console(*command, "--help")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: amphibus {' '.join(command)}")


@pytest.mark.parametrize("name", [each for each in EVERY if each != "demo"])
def test_the_help_of_each_command_shows_what_it_says_of_itself_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute([*name.split(), "--help"]) == 0

    said = described(EVERY[name])
    assert f"amphibus {name}" in said
    assert " ".join(said.split()) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        ((), "Usage: ./run COMMAND"),
        (("run",), "Usage: ./run [OPTIONS]"),
        (("dead", "list"), "Usage: ./run dead list [OPTIONS]"),
    ],
)
def test_usage_shows_what_people_type(console: Console, words: tuple[str, ...], usage: str) -> None:
    ended = console(*words, "--help", AMPHIBUS_COMMAND="./run")

    assert ended.out.splitlines()[0] == usage


@pytest.mark.parametrize(
    ("typed", "what", "fix"),
    [
        (("rnu",), "unknown command 'rnu'", "amphibus run"),
        (("dead", "lst"), "unknown command 'lst'", "amphibus dead list"),
        (("frobnicate",), "unknown command 'frobnicate'", "amphibus --help"),
        (("run", "--prot", "1"), "Unknown option: --prot", "amphibus run --port 1"),
    ],
)
def test_what_cannot_be_understood_is_a_three_line_usage_error(
    console: Console, typed: tuple[str, ...], what: str, fix: str
) -> None:
    ended = console(*typed)

    assert (ended.code, ended.out) == (2, "")
    first, second, third = ended.err.splitlines()
    assert first == f"error  {what}"
    assert second.startswith("  why  ")
    assert third == f"  fix  {fix}"


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    ended = Console(tmp_path)("modules")

    assert ended.err.startswith(f"error  no Amphibus project in {tmp_path}")


def test_output_that_nobody_reads_to_its_end_is_no_error(console: Console) -> None:
    """`amphibus config show | head -1` must not print a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    command = console.command("config", "show")
    process = subprocess.Popen(command, cwd=console.root, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, err = process.communicate(timeout=100)

    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(console: Console, shell: str) -> None:
    ended = console("completion", shell)

    assert ended.code == 0
    assert all(word in ended.out for word in ("amphibus", "replay", "dry-run"))


def test_versions_are_shown(console: Console) -> None:
    assert {"amphibus", "python", "sqlite"} <= console("version", "--json").json.keys()


@pytest.mark.parametrize(("command", "told"), [("./run", "./run --db"), ("", "amphibus run --db")])
def test_people_are_told_to_type_what_they_typed(console: Console, command: str, told: str) -> None:
    """In a checkout there is no `amphibus` on the path, but there is `./run`."""
    ended = console("run", "--db", "mysql://there", AMPHIBUS_COMMAND=command)

    assert ended.code == 2
    assert told in ended.err.splitlines()[2]


def test_other_commands_are_told_the_same_way(console: Console) -> None:
    ended = console("modules", "nobody", AMPHIBUS_COMMAND="./run")

    assert ended.err.splitlines()[2] == "  fix  ./run modules"
