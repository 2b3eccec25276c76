"""`amphibus config set` and its kin on two processes of one system: everywhere or nowhere, whoever dies."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from amphibus.cli.configure.agree import Wanted, agree
from amphibus.config.live import LiveSettings
from amphibus.config.proposal import Values
from amphibus.config.settings import Settings, load_settings
from amphibus.database.control.file import FileControl
from amphibus.database.control.revisions import Revision
from amphibus.errors import AmphibusError, Overtaken
from amphibus.failpoints import SETTING_FAILPOINTS
from amphibus.messages.contracts.amphibus.v1 import TellSettings
from amphibus.transports.direct.fleet.asking import fleet_of
from tests.console.kiosk import write_kiosk
from tests.distributed.commands import Running, free_ports, running, typed, until
from tests.distributed.conftest import Supervised
from tests.fleet.commands import Said, answers, said

MODULES = ("gateway", "shelf", "till")
_FORGETFUL = {"AMPHIBUS_RETENTION__INBOX_RETENTION_DAYS": "8"}
Used = dict[str, tuple[int, dict[str, Any]]]
"""By module: the revision that its process uses, and what is set."""


class Pair:
    """The shelf and the gateway in one process, the till in another, on the same files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_ports(1)
        self.processes: dict[str, Running] = {}

    @property
    def settings(self) -> Settings:
        return load_settings(self.root, environ={})

    def used(self) -> Used:
        """What each process says that it uses."""
        return asyncio.run(self._used())

    async def _used(self) -> Used:
        fleet = fleet_of(MODULES, self.settings)
        assert fleet is not None
        try:
            answers = {
                each.module: await fleet.ask(each, TellSettings(), seconds=20)
                for each in await fleet.find()
            }
        finally:
            await fleet.close()
        return {name: (each.revision, json.loads(each.settings)) for name, each in answers.items()}

    def config(self, *words: str, **environ: str) -> Said:
        """One command in a process of its own, which may be killed."""
        ended = typed(self.root, "config", *words, environ=environ)
        return ended.returncode, ended.stdout, ended.stderr


@contextmanager
def _running(root: Path) -> Iterator[Pair]:
    pair = Pair(root)
    both = ("--module", "shelf", "--module", "gateway", "--port", str(pair.port))
    with (
        running(root, *both, environ={}) as shelf,
        running(root, "--module", "till", "--port", "0", environ=_FORGETFUL) as till,
    ):
        pair.processes = {"shelf": shelf, "till": till}
        until(lambda: set(_announced(pair)) == set(MODULES), "both are up")
        yield pair


def _announced(pair: Pair) -> list[str]:
    return [path.stem for path in (pair.root / "var" / "direct").glob("*.address")]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with _running(write_kiosk(tmp_path_factory.mktemp("pair") / "kiosk")) as made:
        yield made


def _revision(pair: Pair) -> int:
    return asyncio.run(FileControl(pair.settings.data_dir).latest()).revision


def test_what_is_set_holds_in_all_processes_and_is_told_with_who_and_why(pair: Pair) -> None:
    url = f"http://127.0.0.1:{pair.port}/v1/sales"
    large: Any = {
        "content": json.dumps({"item": "cup"}) + " " * 600,
        "headers": {"Content-Type": "application/json"},
    }
    # Who has just started may not have found the till yet: 503, try again.
    until(lambda: httpx.post(url, **large, timeout=100).status_code == 202, "sales are taken")
    first = _revision(pair)
    commands = (
        ["set", "gateway.body_limit_bytes", "300", "--reason", "an attack"],
        ["set", "gateway.body_limit_bytes", "300"],
        ["explain", "gateway.body_limit_bytes"],
        ["show"],
        ["history", "gateway.body_limit_bytes", "--json"],
        ["set", "bus.window", "5", "--dry-run"],
    )
    found = said(pair.root, {}, *(["config", *each] for each in commands))
    small = httpx.post(url, **large, timeout=100).status_code
    there = pair.used()
    ((code, back, _),) = said(pair.root, {}, ["config", "rollback", str(first)])
    again = httpx.post(url, **large, timeout=100).status_code

    assert [each[0] for each in found] == [0] * len(commands)
    assert "2000000 -> 300" in found[0][1]
    assert "in force in 2 of 2 running" in found[0][1]
    assert "nothing was changed" in found[1][1]
    assert "live, revision" in found[2][1]
    assert ": an attack" in found[2][1]
    assert f"live, revision {first + 1}" in found[3][1]
    (entry,) = json.loads(found[4][1])
    assert (entry["why"], " on " in entry["who"]) == ("an attack", True)
    assert entry["changes"] == {"gateway.body_limit_bytes": {"from": 2_000_000, "to": 300}}
    assert "dry run" in found[5][1]
    assert there == dict.fromkeys(MODULES, (first + 1, {"gateway.body_limit_bytes": 300}))
    assert code == 0
    assert "300 -> 2000000" in back
    assert (small, again) == (413, 202)


WRONG = {
    "set bus.window many": "valid integer",
    "set bus.window 0": "greater than or equal to 1",
    "set bus.windw 1": "did you mean bus.window?",
    "set port 1": "read at the start",
    "set amqp_url amqp://a:hunter2@b": "has a password in it",
    "set log_levels.tll debug": "did you mean till?",
    "set modules.till.open true": "unknown setting",
    "set retention.retain_days 20": "till at 127.0.0.1",  # alone it knows why not
    "unset bus.batch": "was not set",
    "rollback 99": "no revision 99",
    "explain bus.windw": "did you mean bus.window?",
}
"""What is typed, and what is said against it."""


def test_what_is_wrong_is_refused_everywhere(pair: Pair) -> None:
    before = pair.used()
    found = said(pair.root, {}, *(["config", *words.split()] for words in WRONG))

    assert [code for code, _, _ in found] == [2] * len(WRONG), found
    for (_, out, err), told in zip(found, WRONG.values(), strict=True):
        assert told in err
        assert "hunter2" not in out + err
    assert pair.used() == before


def test_a_process_that_was_frozen_has_it_soon_after_it_goes_on(pair: Pair) -> None:
    till = pair.processes["till"].process
    os.kill(till.pid, signal.SIGSTOP)
    try:
        ((code, out, note),) = said(pair.root, {}, ["config", "set", "bus.window", "77"])
    finally:
        os.kill(till.pid, signal.SIGCONT)
    went_on = time.monotonic()
    until(lambda: pair.used()["till"] == pair.used()["shelf"], "it has caught up", within=100)

    assert code == 0
    assert "in force in 1 of 2 running" in out
    assert "note  till" in note
    assert pair.used()["till"][1]["bus.window"] == 77
    assert (
        time.monotonic() - went_on < 20
    )  # a busy machine; the process itself looks twice a second


@pytest.mark.full
def test_what_is_set_holds_in_every_process_over_a_broker(supervised: Supervised) -> None:
    kiosk = supervised.kiosk
    commands = (["set", "rabbitmq.prefetch", "9"], ["set", "log_levels.till", "debug"])
    found = said(kiosk.root, kiosk.environ, *(["config", *each] for each in commands))
    (there,) = answers(kiosk.root, kiosk.environ, "ps")

    assert [code for code, _, _ in found] == [0, 0], found
    assert ["in force in 3 of 3 running" in out for _, out, _ in found] == [True, True]
    assert [each["settings"] for each in there] == [2, 2, 2]


@pytest.mark.full
@pytest.mark.parametrize("point", SETTING_FAILPOINTS)
def test_a_command_that_is_killed_leaves_all_or_nothing(pair: Pair, point: str) -> None:
    before = _revision(pair)
    value = str(100 + SETTING_FAILPOINTS.index(point))
    code, _, _ = pair.config("set", "bus.batch", value, AMPHIBUS_FAILPOINT=point)
    kept = _revision(pair)
    until(lambda: {each[0] for each in pair.used().values()} == {kept}, "all use the same")
    used = {each[1].get("bus.batch") for each in pair.used().values()}
    ended, _, _ = pair.config("set", "bus.batch", "64")

    assert code == -signal.SIGKILL
    assert kept == before + (point in ("settings.kept", "settings.told_one"))
    assert (used == {int(value)}) == (kept > before)
    assert len(used) == 1
    assert ended == 0


@pytest.mark.full
def test_a_process_that_is_killed_begins_with_what_was_set(tmp_path: Path) -> None:
    root = write_kiosk(tmp_path / "kiosk")
    with _running(root) as pair:
        pair.processes["till"].process.kill()
        pair.processes["till"].process.wait()
        code, _, _ = pair.config("set", "bus.window", "33")
        with running(root, "--module", "till", "--port", "0", environ={}):
            until(lambda: _uses(pair, "till", 33), "it is there again")
            used = pair.used()

    assert code == 0
    assert used == dict.fromkeys(MODULES, (1, {"bus.window": 33}))


def _uses(pair: Pair, module: str, window: int) -> bool:
    with contextlib.suppress(AmphibusError):
        return pair.used()[module][1] == {"bus.window": window}
    return False


@pytest.mark.asyncio
async def test_of_two_commands_at_once_one_is_told_that_it_came_too_late(tmp_path: Path) -> None:
    """The other one changes something after the first has read what is in force."""
    settings = Settings(data_dir=tmp_path)
    control = FileControl(tmp_path)

    async def make(base: Revision) -> Values:
        await control.make()
        await control.commit(
            Revision(1, base.revision, 0, "ada@desk", "", {"bus.batch": (1, 2)}, {"bus.batch": 2})
        )
        return {"bus.window": 5}

    with pytest.raises(Overtaken, match="revision 1 by now") as late:
        await agree(settings, LiveSettings(settings), Wanted(make, "too late"))

    assert "ada@desk changed bus.batch" in late.value.why
    assert (await control.latest()).settings == {"bus.batch": 2}
