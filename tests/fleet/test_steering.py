"""`amphibus pause` and `resume` on processes that are killed."""

import httpx

from tests.distributed.commands import answer, free_ports, running, until
from tests.distributed.conftest import Kiosk
from tests.fleet.commands import answers, said


def handled(kiosk: Kiosk) -> int:
    (status,) = answers(kiosk.root, kiosk.environ, "db status")
    return int(next(each["handled"] for each in status if each["module"] == "shelf"))


def test_a_pause_outlives_a_kill_and_nothing_is_lost(kiosk: Kiosk) -> None:
    """Resumed while nothing runs, it goes on at the next start."""
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        (paused,) = answers(kiosk.root, kiosk.environ, "pause shelf --for 2h --reason stocktaking")
        for _ in range(3):
            code = httpx.post(f"{url}/v1/sales", json={"item": "cup"}, timeout=100).status_code
            assert code == 202
        shop.process.kill()
        shop.process.wait()
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        ready = answer(f"{url}/readyz")
        (there,) = answers(kiosk.root, kiosk.environ, "ps")
        ((_, page, _),) = said(kiosk.root, kiosk.environ, ["modules", "shelf"])
        meanwhile = handled(kiosk)
        assert shop.stop() == 0
    ((code, told, _),) = said(kiosk.root, kiosk.environ, ["resume", "shelf"])
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        until(lambda: handled(kiosk) == 3, "all is handled")
        assert shop.stop() == 0

    assert [each["reason"] for each in paused["paused"]] == ["stocktaking"]
    assert ready[0] == 200
    assert "stocktaking" in ready[1]["reasons"]["pause:shelf"]
    assert [each["reason"] for each in there[0]["hosted"]["shelf"]["paused"]] == ["stocktaking"]
    assert "paused since" in page
    assert meanwhile == 0
    assert (code, told) == (0, "shelf handles everything\n")


def test_a_module_that_runs_is_changed_by_nobody_else(kiosk: Kiosk) -> None:
    """Its process is there, and cannot be asked."""
    port = free_ports(1)
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        for path in (kiosk.data_dir / "direct").glob("*.address"):
            path.write_text("{}")
        commands = (["pause", "shelf"], ["pause", "shelf", "--type", "shelf.Nothing.v1"])
        (alone, unknown) = said(kiosk.root, kiosk.environ, *commands)

    assert alone[0] == 4
    assert "is hosted by process" in alone[2]
    assert unknown[0] == 2
