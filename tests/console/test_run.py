"""`amphibus run` and everything that talks to what it runs, each as a process of its own."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.console.conftest import Console
from tests.console.stores import SALE, Store
from tests.services.warm import warm_process

WITHIN_SECONDS = 30.0


def until(holds: Callable[[], bool], what: str) -> None:
    """Asks again until it holds, for a while."""
    ends = time.monotonic() + WITHIN_SECONDS
    while not holds():
        assert time.monotonic() < ends, f"not so within {WITHIN_SECONDS:g} s: {what}"
        time.sleep(0.05)


class Running:
    """The kiosk as a process."""

    def __init__(self, console: Console, *options: str) -> None:
        self._said = console.root / "said.txt"
        self._log = console.root / "log.txt"
        for each in (self._said, self._log):
            each.unlink(missing_ok=True)
        self.process = warm_process().start(
            ("run", "--port", "0", *options),
            cwd=console.root,
            environ=console.environment,
            out=self._said,
            err=self._log,
        )
        until(lambda: "Try  " in self.said or self.process.poll() is not None, "it is ready")
        assert self.process.poll() is None, self._log.read_text()

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def url(self) -> str:
        line = next(line for line in self.said.splitlines() if line.startswith("  API"))
        return line.split()[-1]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=WITHIN_SECONDS)


@contextmanager
def running(console: Console, *options: str) -> Iterator[Running]:
    kiosk = Running(console, *options)
    try:
        yield kiosk
    finally:
        if kiosk.process.poll() is None:
            kiosk.process.kill()
            kiosk.process.wait()


def store(console: Console, module: str) -> Store:
    found = object.__new__(Store)
    found.path = console.data_dir / f"{module}.db"
    return found


def test_it_says_what_runs_where_and_what_to_type_next(console: Console) -> None:
    with running(console) as kiosk:
        said = kiosk.said.splitlines()
        assert httpx.get(f"{kiosk.url}/readyz").status_code == 200

    assert said[0].startswith("amphibus  mode=monolith  transport=memory  db=sqlite (3 files in ")
    assert said[0].endswith(" s")
    link = said.pop(3)
    assert link.startswith(f"  Console  {kiosk.url}/console?token=")
    assert said[1:] == [
        f"  API      {kiosk.url}",
        f"  Docs     {kiosk.url}/docs",
        "  Modules  shelf, till",
        "  Try      amphibus modules  (in another terminal)",
    ]


def test_it_stops_gracefully_when_it_is_told_to(console: Console) -> None:
    with running(console) as kiosk:
        assert kiosk.stop() == 0


def test_the_console_script_run_is_amphibus_run(console: Console) -> None:
    script = Path(console.command()[0]).with_name("run")

    ended = subprocess.run(
        [script, "--mode=distributed", "--module=tlil"],
        cwd=console.root,
        env=console.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "error  no module tlil",
        "  why  there are shelf, till, gateway; did you mean till?",
        "  fix  amphibus run --mode=distributed --module=till",
    ]


def test_what_is_sent_while_nothing_runs_is_handled_when_it_starts(console: Console) -> None:
    console("send", "shelf.Sell.v1", "--id", SALE, "--data", '{"item": "cup"}')

    with running(console):
        until(lambda: bool(store(console, "till").rows("inbox")), "the till rang")

    told = console("logs", "--key", SALE).out
    assert "gateway > shelf.Sell.v1 > shelf handled" in told
    assert "shelf > shelf.Sold.v1 > till handled" in told


def test_what_is_sent_while_it_runs_is_handled_within_a_second_or_so(console: Console) -> None:
    with running(console):
        console("send", "shelf.Sell.v1", "--id", SALE, "--data", '{"item": "cup"}')
        until(lambda: bool(store(console, "till").rows("inbox")), "the till rang")


def test_a_file_is_posted_and_posted_again_without_doing_it_twice(console: Console) -> None:
    lines = [
        {"type": "shelf.Sell.v1", "id": f"s-{number}", "data": {"item": "cup"}}
        for number in range(40)
    ]
    lines.append({"type": "shelf.Sell.v1", "id": "s-bad", "data": {"item": ""}})
    file = console.root / "sales.ndjson"
    file.write_text("\n".join(json.dumps(line) for line in lines))

    with running(console) as kiosk:
        for _ in range(2):
            ended = console("send", "--file", str(file), "--http", kiosk.url, "--json")
            assert (ended.code, ended.json["sent"]) == (1, 40)
            assert [each["line"] for each in ended.json["not_sent"]] == [41]
        until(lambda: len(store(console, "till").rows("inbox")) == 40, "all sales rang")


def test_a_query_is_asked(console: Console) -> None:
    with running(console) as kiosk:
        url = ("--http", kiosk.url)
        one = console("ask", "shelf.GetShelf.v1", "--data", '{"name": "a/b", "limit": 1}', *url)
        wrong = console("ask", "shelf.GetShelf.v1", "--data", '{"name": "a", "limit": "x"}', *url)

    assert one.json == {"items": ["cup"]}
    assert wrong.code == 1
    assert "limit" in wrong.err.splitlines()[0]


def test_a_dead_message_is_corrected_retried_and_handled_while_it_runs(console: Console) -> None:
    with running(console):
        console("send", "shelf.Sell.v1", "--id", SALE, "--data", '{"item": "glass"}')
        until(lambda: bool(store(console, "shelf").rows("dead")), "the glass broke")
        right = json.dumps({"sale_id": SALE, "item": "cup"})
        assert console("dead", "edit", SALE, "--data", right).code == 0
        assert console("dead", "retry", SALE).code == 0
        until(lambda: bool(store(console, "till").rows("inbox")), "the till rang")

    assert store(console, "shelf").rows("dead") == []


@pytest.mark.full
def test_events_are_replayed_to_a_rebuilt_module(console: Console) -> None:
    """A read model is thrown away and made anew from the log of the module that it listens to."""
    console("send", "shelf.Sell.v1", "--id", SALE, "--data", '{"item": "cup"}')
    with running(console) as kiosk:
        until(lambda: bool(store(console, "till").rows("inbox")), "the till rang")
        kiosk.stop()
    for path in console.data_dir.glob("till.db*"):
        path.unlink()

    with running(console):
        assert store(console, "till").rows("inbox") == []
        assert console("replay", "shelf", "--to", "till", "--since", "1h").code == 0
        until(lambda: bool(store(console, "till").rows("inbox")), "the till rang again")


def test_a_backup_of_a_running_kiosk_can_be_restored_once_it_stands_still(
    console: Console, tmp_path: Path
) -> None:
    folder = str(tmp_path / "copy")
    with running(console) as kiosk:
        assert console("db", "backup", "--to", folder).code == 0
        refused = console("db", "restore", "--from", folder)
        kiosk.stop()

    assert refused.code == 1
    assert f"as process {kiosk.process.pid}" in refused.err
    assert console("db", "restore", "--from", folder).code == 0
    with running(console):
        pass


def test_a_second_process_on_the_same_data_is_refused(console: Console) -> None:
    with running(console) as kiosk:
        ended = console("run", "--port", "0")

    assert ended.code == 1
    what, why, fix = ended.err.splitlines()[-3:]
    assert what == f"error  this shop runs already: process {kiosk.process.pid} at {kiosk.url}"
    assert why.startswith("  why  ")
    assert fix == f"  fix  amphibus run --port 0 --data-dir {console.root / 'var-2'}"


def test_a_second_process_on_the_same_port_and_data_is_told_that_this_shop_runs(
    console: Console,
) -> None:
    """And not that another program listens there, which sends people after a stranger."""
    with running(console) as kiosk:
        port = kiosk.url.rpartition(":")[2]
        what, _, fix = console("run", "--port", port).err.splitlines()

    assert what == f"error  this shop runs already: process {kiosk.process.pid} at {kiosk.url}"
    other = f"--port {int(port) + 1} --data-dir {console.root / 'var-2'}"
    assert fix == f"  fix  amphibus run {other}"


def test_a_taken_port_is_said_before_anything_starts(console: Console) -> None:
    with running(console) as kiosk:
        port = kiosk.url.rpartition(":")[2]
        ended = console("run", "--port", port, "--data-dir", "elsewhere")

    assert ended.err.splitlines() == [
        f"error  cannot listen on 127.0.0.1:{port}",
        "  why  another program listens there",
        f"  fix  amphibus run --port {int(port) + 1} --data-dir elsewhere",
    ]
    assert not (console.root / "elsewhere").exists()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--module", "tlil"), "error  no module tlil"),
        (("--db", "mysql://a/b"), "error  Amphibus does not know this kind of database server"),
        (("--data-dir", "config/amphibus.toml"), "error  "),  # a file stands there
    ],
)
def test_what_cannot_run_is_a_three_line_error(
    console: Console, options: tuple[str, ...], what: str
) -> None:
    ended = console("run", "--port", "0", *options)

    assert ended.code in (1, 2)
    assert ended.err.startswith(what)
    assert len(ended.err.splitlines()) == 3


def test_declarations_that_do_not_fit_are_told_all_at_once(console: Console) -> None:
    page = console.root / "modules/till/module.py"
    page.write_text(page.read_text().replace("subscribes=(on(shelf.Sold", "handles=(on(shelf.Sold"))

    ended = console("run", "--port", "0")

    assert ended.code == 3
    assert "module till handles shelf.Sold.v1, which is a event" in ended.err


def test_it_is_restarted_when_a_file_changes(console: Console) -> None:
    with running(console, "--reload") as kiosk:
        first = kiosk.url
        page = console.root / "modules/till/module.py"
        page.write_text(page.read_text() + "\n# changed\n")
        until(lambda: kiosk.said.count("  API  ") == 2, "it was started again")
        assert first in kiosk.said
        assert kiosk.stop() == 0
