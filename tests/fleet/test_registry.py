"""`amphibus ps` and `/v1/registry`: who is there, and how."""

import os
import signal
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.distributed.commands import free_ports, running, until
from tests.distributed.conftest import Kiosk, Supervised
from tests.fleet.commands import answers, said

MODULES = ("gateway", "shelf", "till")


UP = {"ready", "degraded"}
"""Of a process that works; a busy machine may hold up its loop, which it says."""


def seen(kiosk: Kiosk) -> dict[str, dict[str, Any]]:
    """What `amphibus ps` says, by module."""
    (found,) = answers(kiosk.root, kiosk.environ, "ps")
    return {module: each for each in found for module in each["modules"]}


def states(kiosk: Kiosk) -> dict[str, str]:
    """By module: `up`, or why it is not."""
    found = {module: each["state"] for module, each in seen(kiosk).items()}
    return {module: "up" if state in UP else state for module, state in found.items()}


@contextmanager
def frozen(pid: int) -> Any:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_monolith_is_one_process_for_all_modules_and_leaves_when_it_stops(kiosk: Kiosk) -> None:
    port = free_ports(1)
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as monolith:
        monolith.until_said("  Try  ")
        there = seen(kiosk)
        ((_, page, _),) = said(kiosk.root, kiosk.environ, ["ps"])
        monolith.stop()
    left = seen(kiosk)

    assert set(there) == set(MODULES)
    assert len({each["instance"] for each in there.values()}) == 1
    assert there["shelf"]["state"] in UP
    assert there["shelf"]["transport"] == "memory"
    assert there["shelf"]["hosted"]["shelf"]["partitions"] == [0, 1]
    assert "shelf.Sell.v1" in there["shelf"]["contracts"]
    assert "gateway, shelf, till" in page.splitlines()[1]
    assert {each["state"] for each in left.values()} == {"away"}


def test_each_process_of_a_fleet_announces_itself(supervised: Supervised) -> None:
    there = seen(supervised.kiosk)

    assert {name: each["state"] in UP for name, each in there.items()} == dict.fromkeys(
        MODULES, True
    )
    pids = {name: supervised.pid(name) for name in MODULES}
    assert {name: each["pid"] for name, each in there.items()} == pids
    assert len({each["instance"] for each in there.values()}) == 3
    assert there["till"]["url"].startswith("http://127.0.0.1:")


def test_a_frozen_process_is_silent_and_the_others_are_seen(supervised: Supervised) -> None:
    with frozen(supervised.pid("shelf")):
        meanwhile = states(supervised.kiosk)
        kiosk = supervised.kiosk
        ((code, _, note),) = said(kiosk.root, kiosk.environ, ["db", "status"])
    until(lambda: states(supervised.kiosk)["shelf"] == "up", "it goes on")

    assert meanwhile == {"gateway": "up", "shelf": "silent", "till": "up"}
    assert code == 0
    assert "note  shelf" in note
    assert "till" not in note


def test_a_killed_process_is_stale_until_it_is_there_again(supervised: Supervised) -> None:
    hold = supervised.kiosk.data_dir / "run" / "till.hold"
    hold.write_text(str(os.getpid()))
    os.kill(supervised.pid("till"), signal.SIGKILL)
    until(lambda: supervised.pid("till") == 0, "it is dead")
    meanwhile = states(supervised.kiosk)
    listed = httpx.get(f"{supervised.url}/v1/registry", timeout=100).json()["processes"]
    hold.unlink()
    until(lambda: states(supervised.kiosk)["till"] == "up", "it is there again")

    assert meanwhile == {"gateway": "up", "shelf": "up", "till": "stale"}
    assert {tuple(each["modules"]) for each in listed} == {(each,) for each in MODULES}
    assert [each["modules"] for each in listed if each["state"] not in UP] == [["till"]]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Host": "rebound.example"},
        {"Origin": "https://evil.example"},
    ],
)
def test_the_registry_is_no_business_of_a_proxy_or_of_a_page_of_elsewhere(
    supervised: Supervised, headers: dict[str, str]
) -> None:
    refused = httpx.get(f"{supervised.url}/v1/registry", headers=headers, timeout=100)

    assert refused.status_code == 403
    assert refused.json()["title"] == "Not allowed"


@pytest.mark.full
@pytest.mark.parametrize("mode", ["monolith", pytest.param("distributed", marks=pytest.mark.full)])
def test_commands_say_the_same_while_it_runs_and_at_rest(kiosk: Kiosk, mode: str) -> None:
    """With the direct way switched off, so that the processes have doors of their own on a broker too."""
    kiosk.environ["AMPHIBUS_DIRECT__ENABLED"] = "false"
    port = free_ports(3)
    everything = ("--mode=distributed", "--all", "--amqp", kiosk.amqp_url)
    options = everything if mode == "distributed" else ()
    with running(kiosk.root, "--port", str(port), *options, environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        for item in ("cup", "glass", "glass", "plate"):
            url, body = f"http://127.0.0.1:{port}/v1/sales", {"item": item}
            assert httpx.post(url, json=body, timeout=100).status_code == 202
        until(lambda: _quiet(kiosk), "all is handled")
        assert set(states(kiosk).values()) == {"up"}
        there = _everything_said(kiosk)
        assert shop.stop() == 0
    resting = _everything_said(kiosk)

    assert len(there["dead list"]) == 2
    assert len(there["logs"]) == 4
    assert there == resting


def _quiet(kiosk: Kiosk) -> bool:
    (status,) = answers(kiosk.root, kiosk.environ, "db status")
    handled = {each["module"]: each["handled"] for each in status}
    return handled == {"gateway": 0, "shelf": 2, "till": 2} and not any(
        each["unsent"] for each in status
    )


def _everything_said(kiosk: Kiosk) -> dict[str, Any]:
    first = ("db status", "dead list", "logs", "dead list --limit 1", "logs --limit 2")
    found = dict(zip(first, answers(kiosk.root, kiosk.environ, *first), strict=True))
    more = [f"logs --correlation {each['correlation']}" for each in found["logs"]]
    more += [f"dead show {each['id']}" for each in found["dead list"]]
    more += [f"logs --message {each['id']}" for each in found["dead list"]]
    return found | dict(zip(more, answers(kiosk.root, kiosk.environ, *more), strict=True))
