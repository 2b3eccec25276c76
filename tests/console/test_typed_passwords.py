"""No password is typed: command lines are shown to everybody on a machine."""

from pathlib import Path

import pytest

from amphibus.cli.output import CommandError
from amphibus.cli.passwords import with_addresses
from amphibus.errors import ConfigError
from tests.console.conftest import Console


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["db", "status", "--db", "postgresql://u:hunter2@h/d"], "amphibus db status --db @db-url"),
        (["run", "--amqp=amqp://u:hunter2@h/"], "amphibus run --amqp=@amqp-url"),
        (
            ["broker", "check", "--management", "http://u:hunter2@h:15672"],
            "amphibus broker check --management @management-url",
        ),
        (["config", "set", "a.url", "https://u:hunter2@h/"], "amphibus config show"),
    ],
)
def test_a_password_that_is_typed_is_refused_and_not_said_again(words: list[str], fix: str) -> None:
    with pytest.raises(CommandError) as refused:
        with_addresses(words)

    said = refused.value
    assert said.fix == fix
    assert "everybody on this machine" in said.why
    assert "hunter2" not in f"{said.what}{said.why}{said.fix}"


@pytest.mark.parametrize(
    "words",
    [
        ["db", "status", "--db", "postgresql://u@h/d"],
        ["run", "--amqp", "amqp://guest:guest@localhost/"],
        ["send", "a.B.v1", "--data", '{"url": "https://u:p@h/"}', "--id", "@1"],
        ["demo"],
    ],
)
def test_all_else_is_taken_as_it_is(words: list[str]) -> None:
    assert with_addresses(words) == words


def test_an_address_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "db-url"
    file.write_text("postgresql://u:hunter2@h/d\n")

    assert with_addresses(["run", "--db", f"@{file}"]) == ["run", "--db", file.read_text().strip()]
    assert with_addresses([f"--db=@{file}"]) == [f"--db={file.read_text().strip()}"]
    with pytest.raises(ConfigError, match="cannot be read"):
        with_addresses(["run", "--db", f"@{tmp_path / 'none'}"])


def test_commands_take_it_so(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "db-url"
    file.write_text("postgresql://u:hunter2@127.0.0.1:1/d")
    ended = console("db", "status", "--db", f"@{file}")

    assert ended.code != 0
    assert "127.0.0.1:1" in ended.err
    assert "hunter2" not in ended.err
