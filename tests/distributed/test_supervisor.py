"""`amphibus run --mode=distributed --all`: a process for each module, kept alive."""

import json
import os
import signal
from functools import partial
from uuid import uuid4

import httpx
import pytest

from tests.console.stores import SALE, Store
from tests.distributed.commands import answer, lives, running, typed, until
from tests.distributed.conftest import Kiosk, Supervised

OTHER_SALE = "3b0c4f0e-6a55-4c5e-9f63-0d0d8a0b6a11"


def heard(kiosk: Kiosk, module: str) -> list[str]:
    """The keys of what a module has handled."""
    store = object.__new__(Store)
    store.path = kiosk.data_dir / f"{module}.db"
    return [row["key"] for row in store.rows("inbox")]


def sell(supervised: Supervised, sale: str) -> int:
    body = {"sale_id": sale, "item": "cup"}
    return httpx.post(f"{supervised.url}/v1/sales", json=body, timeout=60).status_code


def test_the_greeting_is_that_of_the_monolith_and_says_more(supervised: Supervised) -> None:
    # A start that takes long says what it waits for, first.
    said = [line for line in supervised.command.out.splitlines() if line[:9] != "waiting  "]

    head = "amphibus  mode=distributed  transport=rabbitmq  db=sqlite (3 files in "
    assert said[0].startswith(head)
    assert said.pop(3).startswith(f"  Console  {supervised.url}/console?token=")
    assert said[1:4] == [
        f"  API      {supervised.url}",
        f"  Docs     {supervised.url}/docs",
        "  Modules  shelf, till",
    ]
    assert any(
        line.startswith("  Senders  not verified: modules share the broker's user") for line in said
    )
    assert said[-1] == "  Try      amphibus modules  (in another terminal)"
    assert "guest:guest" not in supervised.command.out + supervised.command.err


def _is_ready(url: str) -> bool:
    return bool(answer(f"{url}/readyz")[1]["status"] == "ready")


def test_every_process_has_health_and_metrics_beside_the_gateway(supervised: Supervised) -> None:
    """The gateway on --port, the others above it in the order of their names."""
    for port in range(supervised.port, supervised.port + 3):
        url = f"http://127.0.0.1:{port}"
        # A slow machine blocks its loop at the start, and says so for a minute.
        until(partial(_is_ready, url), f"{url} is ready")
        code, told = answer(f"{url}/readyz")
        assert (code, set(told["notes"])) == (200, {"senders"})
        assert "amphibus broker apply" in told["notes"]["senders"]
        assert answer(f"{url}/livez")[0] == 200
        assert answer(f"{url}/metrics")[0] == 200
    assert answer(f"{supervised.url}/openapi.json")[0] == 200
    assert answer(f"http://127.0.0.1:{supervised.port + 1}/openapi.json")[0] == 404


def test_a_message_goes_from_process_to_process(supervised: Supervised) -> None:
    assert sell(supervised, SALE) == 202

    until(lambda: SALE in heard(supervised.kiosk, "till"), "the till rang")
    told = typed(supervised.kiosk.root, "logs", "--key", SALE, environ={}).stdout
    assert "gateway > shelf.Sell.v1 > shelf handled" in told
    assert "shelf > shelf.Sold.v1 > till handled" in told


def test_what_is_killed_is_started_again_and_goes_on(supervised: Supervised) -> None:
    """Its port stays; what was sent meanwhile waited at the broker."""
    before = supervised.pid("shelf")
    os.kill(before, signal.SIGKILL)
    assert sell(supervised, OTHER_SALE) == 202

    until(lambda: supervised.pid("shelf") not in (0, before), "it was started again")
    until(lambda: OTHER_SALE in heard(supervised.kiosk, "till"), "the till rang")
    assert answer(f"http://127.0.0.1:{supervised.port + 1}/readyz")[0] == 200
    assert '"how": "SIGKILL"' in supervised.command.err


def test_who_calls_while_the_gateway_is_dead_waits_for_its_successor(
    supervised: Supervised,
) -> None:
    os.kill(supervised.pid("gateway"), signal.SIGKILL)

    assert sell(supervised, str(uuid4())) == 202


def test_lines_bear_the_name_of_their_process_and_are_kept_in_files(
    supervised: Supervised,
) -> None:
    lines = supervised.command.err.splitlines()
    logs = supervised.kiosk.data_dir / "logs"

    assert {line.split(" ")[0] for line in lines} == {"shelf", "till", "gateway", "supervisor"}
    kept = [json.loads(line) for line in (logs / "till.log").read_text().splitlines()]
    assert "broker.connected" in [each["event"] for each in kept]
    assert any(line.startswith("till       | ") for line in lines)


def test_the_lines_of_all_are_merged_by_time(supervised: Supervised) -> None:
    ended = typed(supervised.kiosk.root, "logs", "--lines", "--json", "-n", "1000", environ={})
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    times = [each["time"] for each in lines if "time" in each]

    assert {each["process"] for each in lines} == {"shelf", "till", "gateway", "supervisor"}
    assert times == sorted(times)
    last = typed(supervised.kiosk.root, "logs", "--lines", "--json", "-n", "2", environ={}).stdout
    assert len(last.splitlines()) == 2


def test_a_second_supervisor_is_refused(supervised: Supervised) -> None:
    kiosk = supervised.kiosk
    ended = typed(kiosk.root, "run", "--mode=distributed", "--all", environ=kiosk.environ)

    assert ended.returncode == 1
    what, why, fix = ended.stderr.splitlines()
    pid = supervised.command.process.pid
    assert (
        what
        == f"error  this shop runs already: process {pid} at http://127.0.0.1:{supervised.port}"
    )
    assert why.startswith(
        f"  why  one process serves the databases in {kiosk.data_dir}; kill {pid}"
    )
    other = kiosk.data_dir.with_name(f"{kiosk.data_dir.name}-2")
    assert fix.startswith(
        f"  fix  amphibus run --mode=distributed --all --data-dir {other} --port "
    )


def test_a_second_instance_on_a_file_is_refused_with_what_to_type(supervised: Supervised) -> None:
    """Before its port is found taken, which would only send people to the next port."""
    kiosk = supervised.kiosk
    options = ("--mode=distributed", "--module=till", "--port", str(supervised.port))
    url = {"AMPHIBUS_AMQP_URL": kiosk.amqp_url}
    ended = typed(kiosk.root, "run", *options, environ=kiosk.environ | url)

    what, why, fix = ended.stderr.splitlines()
    assert what == f"error  module till is hosted already, by process {supervised.pid('till')}"
    assert why.startswith("  why  a SQLite file serves one instance of a module")
    assert "--db postgresql://" in fix


@pytest.mark.full
def test_all_stop_when_it_is_told_to(kiosk: Kiosk) -> None:
    options = ("--mode=distributed", "--all", "--port", "0", "--amqp", kiosk.amqp_url)
    with running(kiosk.root, *options, environ=kiosk.environ) as command:
        command.until_said("  Try  ")
        run = kiosk.data_dir / "run"
        pids = [int(path.read_text()) for path in run.glob("*.pid")]
        assert len(pids) == 4
        assert command.stop() == 0

    assert [pid for pid in pids if lives(pid)] == []
    assert [path.name for path in run.glob("*.pid") if path.read_text()] == []
    assert list(kiosk.data_dir.glob("crash-*")) == []


@pytest.mark.full
def test_nothing_is_left_running_when_the_supervisor_is_killed(kiosk: Kiosk) -> None:
    """Nobody would end them, and they would keep the next ones out of their databases."""
    options = ("--mode=distributed", "--all", "--port", "0", "--amqp", kiosk.amqp_url)
    with running(kiosk.root, *options, environ=kiosk.environ) as command:
        command.until_said("  Try  ")
        pids = [int(path.read_text()) for path in (kiosk.data_dir / "run").glob("*.pid")]
        command.process.kill()
        command.process.wait()
        until(lambda: not any(map(lives, pids)), "they ended")
