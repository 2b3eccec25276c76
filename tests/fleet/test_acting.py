"""`dead groups`, `retry`, `discard`, `operations` and `audit`, while the shop runs, is killed, and at rest."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from amphibus.admin.inspection import in_file
from tests.distributed.commands import Running, free_ports, running, until
from tests.distributed.conftest import Kiosk
from tests.fleet.commands import answers, said

_GLASSES = 20
_READING = ("operations list", "audit list", "dead groups", "audit verify")


@pytest.fixture
def any_kiosk(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Kiosk]:
    """One for a mode; a monolith needs no broker."""
    if "distributed" in request.node.name:
        return lambda _mode: request.getfixturevalue("kiosk")
    return lambda _mode: Kiosk(tmp_path / "kiosk", "")


@pytest.fixture
def alone(tmp_path: Path) -> Kiosk:
    """One for a monolith, without a broker."""
    return Kiosk(tmp_path / "kiosk", "")


def _sell_glass(kiosk: Kiosk, port: int) -> None:
    """So many sales that die, and die again when they are retried."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=100) as shop:
        for _ in range(_GLASSES):
            assert shop.post("/v1/sales", json={"item": "glass"}).status_code == 202
    until(lambda: _dead(kiosk) == _GLASSES, "all are dead")


def _asked(kiosk: Kiosk, statement: str) -> int:
    """A number from the shelf's database, which costs less than a command."""
    return int(in_file(kiosk.data_dir / "shelf.db", statement)[0][0] or 0)


def _dead(kiosk: Kiosk) -> int:
    return _asked(kiosk, "SELECT count(*) FROM amphibus_dead")


def _done(kiosk: Kiosk) -> int:
    return _asked(kiosk, "SELECT sum(done) FROM amphibus_operation")


def _going_on(kiosk: Kiosk) -> int:
    return _asked(kiosk, "SELECT count(*) FROM amphibus_operation WHERE state = 'running'")


def _begun(kiosk: Kiosk, *words: str) -> str:
    ((code, out, err),) = said(kiosk.root, kiosk.environ, ["dead", *words, "--detach", "--json"])
    assert code == 0, err
    return str(json.loads(out)["operation"])


def _kill(shop: Running) -> None:
    shop.process.send_signal(signal.SIGKILL)
    shop.process.wait()


@pytest.mark.full
@pytest.mark.parametrize("mode", ["monolith", pytest.param("distributed", marks=pytest.mark.full)])
def test_an_operation_goes_on_through_a_kill_is_stopped_and_resumed(
    any_kiosk: Callable[[str], Kiosk], mode: str
) -> None:
    """What was tried died again, so that exactly the letters that were done are dead anew."""
    kiosk = any_kiosk(mode)
    port = free_ports(3)
    everything = ("--mode=distributed", "--all", "--amqp", kiosk.amqp_url)
    options = ("--port", str(port), *(everything if mode == "distributed" else ()))
    with running(kiosk.root, *options, environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        _sell_glass(kiosk, port)
        where = ("--where", "exception=RuntimeError and frame~sell", "--reason", "a new glass")
        identity = _begun(kiosk, "retry", *where, "--rate", "30/m", "--who", "ada")
        until(lambda: _done(kiosk) >= 2, "it has begun")
        if mode == "monolith":
            _kill(shop)
    with running(kiosk.root, *options, environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        at_start = _done(kiosk)
        until(lambda: _done(kiosk) > at_start, "it goes on")
        stop, stopped, resume = said(
            kiosk.root,
            kiosk.environ,
            ["operations", "stop", identity],
            ["operations", "show", identity, "--json"],
            ["operations", "resume", identity, "--rate", "1000/s"],
        )
        until(lambda: not _going_on(kiosk), "it is done")
        until(lambda: _dead(kiosk) == _GLASSES, "all are dead again")
        there = answers(kiosk.root, kiosk.environ, *_READING, f"operations show {identity}")
        assert shop.stop() == 0
    resting = answers(kiosk.root, kiosk.environ, *_READING, f"operations show {identity}")

    (meanwhile,), (ended,) = json.loads(stopped[1]), there[-1]
    assert (stop[0], meanwhile["state"], resume[0]) == (0, "stopped", 0)
    assert meanwhile["done"] + meanwhile["left"] == _GLASSES
    counts = [ended[name] for name in ("total", "done", "skipped", "again", "waiting")]
    assert counts == [_GLASSES, _GLASSES, 0, _GLASSES, 0]
    assert there == resting
    acts = [(each["what"], each["reason"]) for each in reversed(there[1])]
    assert acts[0] == ("StartOperation", "a new glass")
    assert {"module": "shelf", "entries": 4, "problem": None} in there[3]
    assert [what for what, _ in acts][-3:] == ["StopOperation", "ResumeOperation", "EndOperation"]


@pytest.mark.full
def test_named_ones_are_acted_on_by_the_module_that_runs_and_nobody_else(alone: Kiosk) -> None:
    kiosk = alone
    port = free_ports(1)
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        _sell_glass(kiosk, port)
        (listed,) = answers(kiosk.root, kiosk.environ, "dead list --error broke --limit 3")
        first, second, third = [each["id"] for each in listed]
        cup = json.dumps({"item": "cup", "sale_id": listed[1]["key"]})
        edited, retried, discarded, all_, none, both = said(
            kiosk.root,
            kiosk.environ,
            ["dead", "edit", second, "--data", cup],
            ["dead", "retry", second, first, "--json"],
            ["dead", "discard", third, "--reason", "broken for good"],
            ["dead", "discard", "--error", "broke", "--limit", "5"],
            ["dead", "retry", "--error", "nothing like it"],
            ["dead", "retry", first, "--rate", "5/s"],
        )
        until(lambda: _dead(kiosk) == _GLASSES - 2 - 5, "one is handled, the others are given up")
        for path in (kiosk.data_dir / "direct").glob("*.address"):
            path.write_text("{}")
        (lone,) = said(kiosk.root, kiosk.environ, ["dead", "discard", "--all"])
        assert shop.stop() == 0

    assert edited[0] == discarded[0] == none[0] == 0
    assert {each["id"] for each in json.loads(retried[1])["retried"]} == {first, second}
    assert all_[1].startswith("5 of 5 messages given up; 0 skipped")
    assert none[1] == "0 messages will be tried again\n"
    assert both[0] == 2
    assert lone[0] == 4
    assert "is hosted by process" in lone[2]


@pytest.mark.full
def test_at_rest_an_operation_is_done_by_the_command_unless_it_has_a_rate(alone: Kiosk) -> None:
    kiosk = alone
    port = free_ports(1)
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        _sell_glass(kiosk, port)
        assert shop.stop() == 0
    dry, half, slow = said(
        kiosk.root,
        kiosk.environ,
        ["dead", "retry", "--all", "--dry-run"],
        ["dead", "retry", "--all", "--limit", str(_GLASSES // 2)],
        ["dead", "retry", "--all", "--rate", "1000/s"],
    )
    before = _dead(kiosk)
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        until(lambda: _dead(kiosk) == _GLASSES, "all are dead again")
        assert shop.stop() == 0

    assert dry[1].endswith("20 messages will be tried again (dry run: nothing was changed)\n")
    assert half[1].startswith("10 of 10 messages tried again; 0 skipped, 0 dead again, 0 left")
    assert "it goes on at that rate when it does" in slow[1]
    assert before == _GLASSES // 2
