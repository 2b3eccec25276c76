"""An error says what, why and what to type, wherever it is shown, and what it says to type can be typed."""

import socket
from pathlib import Path

import pytest

from amphibus.cli.commands import COMMANDS, GROUPS
from amphibus.cli.fix import corrected, elsewhere
from amphibus.cli.main import execute
from amphibus.errors import ConfigError, Refused, Undecodable
from amphibus.failpoints import arm
from amphibus.inbox.failures import failure_of
from amphibus.nearest import did_you_mean, nearest
from amphibus.telemetry.privacy import describe
from tests.console.conftest import Console

ERROR = ConfigError("no such setting", "a typo", "amphibus config show")
# What a command needs beside its name to be understood at all.
NEEDED = {
    "send": ("a.B.v1", "--data", "{}"),
    "ask": ("a.B.v1",),
    "replay": ("--module", "a", "--to", "b", "--since", "2h"),
    "db create": ("--db", "postgresql://u@127.0.0.1:1/d"),
    "db backup": ("--to", "there"),
    "db restore": ("--from", "there"),
    "dead show": ("1",),
    "dead edit": ("1", "--data", "{}"),
    "contracts show": ("a.B.v1",),
    "export image": ("--module", "a"),
    "generate client": ("python",),
    "token": ("--as", "a"),
    "webhooks replay": ("a", "--since", "2h"),
    "restart": ("a",),
    "dead retry": ("1",),
    "dead discard": ("1",),
    "operations show": ("1",),
    "operations stop": ("1",),
    "operations resume": ("1",),
    "privacy export": ("--subject", "C-1"),
    "privacy erase": ("--subject", "C-1"),
    "keys create": ("a",),
    "keys revoke": ("a",),
    "signatures create": ("a",),
    "signatures switch": ("a",),
    "schedules run": ("a",),
    "schedules pause": ("a",),
    "schedules resume": ("a",),
    "config explain": ("port",),
    "config set": ("port", "1"),
    "config unset": ("port",),
    "config rollback": ("1",),
    "pause": ("a",),
    "resume": ("a",),
    "limits set": ("a", "a.B.v1", "--at-most", "1"),
    "limits unset": ("a", "a.B.v1"),
    "processes list": ("a",),
    "processes show": ("1",),
    "processes cancel": ("1", "--reason", "why"),
    "processes expire": ("1", "--reason", "why"),
    "add module": ("a",),
    "add command": ("a.B",),
    "add event": ("a.B",),
    "add query": ("a.B",),
    "add handler": ("a.b", "c.D"),
    "add process": ("a.b",),
}
OF_NO_PROJECT = ("new", "version", "completion", "contracts explain")


def test_the_text_of_an_error_has_its_reason_and_what_to_type() -> None:
    assert str(ERROR) == "no such setting\n  why  a typo\n  fix  amphibus config show"


def test_a_refusal_says_its_detail_and_no_more() -> None:
    assert str(Refused("sold_out", "3 are left")) == "3 are left"


def test_a_log_line_has_each_part_of_an_error_once() -> None:
    assert describe(ERROR) == "ConfigError: no such setting: a typo; amphibus config show"


def test_a_dead_letter_says_once_what_to_type() -> None:
    kept = failure_of(Undecodable("no such type", "unknown", "amphibus check"), None)
    assert kept.error == "Undecodable: no such type: unknown; amphibus check"


def test_an_error_that_is_cut_keeps_what_to_type() -> None:
    said = describe(ConfigError("no such setting", "x" * 10_000, "amphibus config show"))
    assert len(said) < 600
    assert said.endswith("…; amphibus config show")


@pytest.mark.parametrize(
    "command",
    [
        *(name for name, *_ in COMMANDS if name not in OF_NO_PROJECT),
        *(
            f"{group} {name}"
            for group, _, commands in GROUPS
            for name, *_ in commands
            if f"{group} {name}" not in OF_NO_PROJECT
        ),
    ],
)
def test_outside_a_project_every_command_says_the_same(
    tmp_path: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = execute([*command.split(), *NEEDED.get(command, ())])

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"error  no Amphibus project in {tmp_path}",
        (
            "  why  neither it nor a folder above it holds config/amphibus.toml:"
            " change to one that does, or begin a project"
        ),
        "  fix  amphibus new NAME",
    ]


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        (("rnu",), "amphibus run"),
        (("dead", "lst"), "amphibus dead list"),
        (("modules", "shlef", "--json"), "amphibus modules shelf --json"),
        (("run", "--module", "shlef"), "amphibus run --module shelf"),
        (("run", "--module=shlef"), "amphibus run --module=shelf"),
        (("contracts", "show", "shelf.sell"), "amphibus contracts show shelf.Sell.v1"),
        (("ask", "shelf.GetShlf.v1"), "amphibus ask shelf.GetShelf.v1"),
        (("export", "image", "--module", "tll"), "amphibus export image --module till"),
        (
            ("replay", "--module", "shelf", "--to=tll", "--since", "2h"),
            "amphibus replay --module shelf --to=till --since 2h",
        ),
        (("probe", "--module", "shlef"), "amphibus probe --module shelf"),
        (
            ("replay", "--module=shelf", "--to=till", "--since=2h", "--type=shelf.Sol.v1"),
            "amphibus replay --module=shelf --to=till --since=2h --type=shelf.Sold.v1",
        ),
        (("db", "upgrade", "--module", "shlef"), "amphibus db upgrade --module shelf"),
        (("run", "--prot", "1"), "amphibus run --port 1"),
        (("run", "--prot=1"), "amphibus run --port=1"),
        (("run", "--mode=distrbuted"), "amphibus run --mode=distributed"),
        (("completion", "bsh"), "amphibus completion bash"),
    ],
)
def test_a_name_that_nobody_knows_is_answered_with_the_line_as_it_should_be(
    console: Console, typed: tuple[str, ...], fix: str
) -> None:
    ended = console(*typed)

    assert (ended.code, ended.err.splitlines()[-1]) == (2, f"  fix  {fix}")


def test_dead_letters_of_a_module_or_type_that_is_not_there_are_not_just_none(
    console: Console,
) -> None:
    console.store("shelf").handled("m-1")

    module = console("dead", "list", "--module", "shlef")
    contract = console("dead", "list", "--type", "shelf.Sel.v1")

    assert (module.code, contract.code) == (2, 2)
    assert module.err.splitlines()[-1] == "  fix  amphibus dead list --module shelf"
    assert contract.err.splitlines()[-1] == "  fix  amphibus dead list --type shelf.Sell.v1"


def test_the_corrected_line_begins_as_it_was_typed(console: Console) -> None:
    ended = console("modules", "shlef", AMPHIBUS_COMMAND="./run")

    assert ended.err.splitlines()[-1] == "  fix  ./run modules shelf"


def test_a_value_out_of_a_list_is_answered_with_the_nearest(console: Console) -> None:
    assert "did you mean warning?" in console("config", "show", AMPHIBUS_LOG_LEVEL="warnign").err


def test_a_failpoint_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"did you mean relay\.delivered\?"):
        arm("relay.deliverd")


def test_the_nearest_name_is_found_whatever_its_case_and_none_where_none_is_like_it() -> None:
    assert nearest("ORDERS.placeorder", ("orders.PlaceOrder.v1", "x")) == "orders.PlaceOrder.v1"
    assert nearest("till", ("TILL", "tall")) == "TILL"
    assert (nearest("frob", ("orders",)), did_you_mean("frob", ())) == (None, "")


def test_a_taken_port_is_answered_with_the_same_line_and_another_port(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = console("run", "--port", str(port), "--data-dir", "a b")

    again = f"amphibus run --port {port + 1} --data-dir 'a b'"
    assert ended.err.splitlines()[-1] == f"  fix  {again}"


@pytest.mark.parametrize(
    ("typed", "what", "fix"),
    [
        (
            ("ask", "shelf.Sell.v1", "--data", '{"item": "cup"}'),
            "shelf.Sell.v1 is a command",
            """amphibus send shelf.Sell.v1 --data '{"item": "cup"}'""",
        ),
        (
            ("send", "shelf.GetShelf.v1", "--data", '{"name": "a"}', "--http", "http://x"),
            "shelf.GetShelf.v1 is a query",
            """amphibus ask shelf.GetShelf.v1 --data '{"name": "a"}' --http http://x""",
        ),
        (
            ("send", "shelf.Sold.v1", "--data", "{}"),
            "shelf.Sold.v1 is an event",
            "amphibus contracts show shelf.Sold.v1",
        ),
    ],
)
def test_a_message_of_another_kind_is_answered_with_the_command_that_takes_it(
    console: Console, typed: tuple[str, ...], what: str, fix: str
) -> None:
    ended = console(*typed)

    assert (ended.code, ended.err.splitlines()[0]) == (2, f"error  {what}")
    assert ended.err.splitlines()[-1] == f"  fix  {fix}"


def test_data_is_a_payload_and_the_folder_has_one_name(console: Console) -> None:
    """`run --data` was another name of --data-dir; it is still understood."""
    ended = console("run", "--data=config/amphibus.toml", "--prot", "1")

    assert ended.err.splitlines()[-1] == (
        "  fix  amphibus run --data-dir=config/amphibus.toml --port 1"
    )
    assert "--data " not in console("run", "--help").out


def test_a_shop_that_does_not_answer_is_started_on_the_port_that_was_asked(
    console: Console,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        ended = console("ask", "shelf.GetShelf.v1", "--data", '{"name": "a"}', "--http", url)

    assert ended.code == 4
    assert ended.err.splitlines()[-1] == f"  fix  amphibus run --port {url.rpartition(':')[2]}"


def test_what_to_type_looks_in_the_folder_that_was_named(console: Console, tmp_path: Path) -> None:
    ended = console("dead", "list", "--data-dir", str(tmp_path / "other"))

    assert ended.err.splitlines()[-1] == f"  fix  amphibus run --data-dir {tmp_path / 'other'}"


def test_options_that_say_where_go_along_where_they_are_understood() -> None:
    words = ["dead", "show", "1", "--data-dir", "a b", "--db=postgresql://h/d"]

    def takes_folders(line: list[str]) -> bool:
        return "--db" not in line

    assert elsewhere("amphibus dead list", words, takes_folders) == (
        "amphibus dead list --data-dir 'a b'"
    )
    assert elsewhere("stop process 1", words, takes_folders) == "stop process 1"


def test_a_line_is_corrected_in_place_or_at_its_end() -> None:
    assert corrected(["run", "--port=1"], {"--port": "2"}) == "amphibus run --port=2"
    assert corrected(["run"], {"--port": "2"}) == "amphibus run --port 2"


def test_a_password_on_the_line_is_not_printed_again(console: Console) -> None:
    ended = console("run", "--prot", "1", "--amqp", "amqp://u:hunter2@there/")

    assert ended.err.splitlines()[-1] == "  fix  amphibus run --prot 1 --amqp @amqp-url"
    assert "hunter2" not in ended.err
