"""`amphibus limits` on processes that are killed."""

import httpx
import pytest

from tests.distributed.commands import free_ports, running, until
from tests.distributed.conftest import Kiosk
from tests.fleet.commands import answers, said
from tests.fleet.test_steering import handled

SELL = "shelf.Sell.v1"


@pytest.mark.full
def test_a_limit_outlives_a_kill_and_is_unset_while_it_runs(kiosk: Kiosk) -> None:
    """Its senders keep what has no turn; the configuration says less than an operator."""
    config = kiosk.root / "config/amphibus.toml"
    policy = f'[modules.shelf.policies."{SELL}"]\nat_most = 7\nretries.attempts = 3\n'
    config.write_text(f"{config.read_text()}\n{policy}")
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        (set_,) = answers(
            kiosk.root, kiosk.environ, f"limits set shelf {SELL} --rate 1/d --reason slow"
        )
        for _ in range(3):
            code = httpx.post(f"{url}/v1/sales", json={"item": "cup"}, timeout=100).status_code
            assert code == 202
        until(lambda: handled(kiosk) == 1, "one is handled")
        shop.process.kill()
        shop.process.wait()
    with running(kiosk.root, "--port", str(port), environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        listed, page = said(kiosk.root, kiosk.environ, ["limits", "shelf"], ["modules", "shelf"])
        meanwhile = handled(kiosk)
        (left,) = answers(kiosk.root, kiosk.environ, f"limits unset shelf {SELL}")
        until(lambda: handled(kiosk) == 3, "all are handled")
        assert shop.stop() == 0

    assert (set_[0]["at_most"], set_[0]["rate"], set_[0]["reason"]) == (7, "1/d", "slow")
    assert meanwhile == 1
    assert "1/d" in listed[1]
    assert "at most 7 at once, in all instances together" in page[1]
    assert "3 attempts, then after 1, 2 s" in page[1]
    assert "no more than 1/d: slow" in page[1]
    assert (left[0]["at_most"], left[0]["rate"]) == (7, None)


def test_nonsense_is_refused_before_anything_is_set(kiosk: Kiosk) -> None:
    """By the commands, and by `check` where it stands in the configuration."""
    config = kiosk.root / "config/amphibus.toml"
    before = config.read_text()
    config.write_text(f'{before}\n[modules.shelf.policies."shelf.Sel.v1"]\nat_most = 0\n')
    (checked,) = said(kiosk.root, kiosk.environ, ["check"])
    config.write_text(before)
    refused = said(
        kiosk.root,
        kiosk.environ,
        ["limits", "set", "shelf", SELL],
        ["limits", "set", "shelf", SELL, "--at-most", "0"],
        ["limits", "set", "shelf", SELL, "--rate", "fast"],
        ["limits", "set", "shelf", "shelf.Sel.v1", "--at-most", "1"],
        ["limits", "set", "shelf", "shelf.GetShelf.v1", "--at-most", "1"],
        ["limits"],
    )

    assert checked[0] == 3
    assert "did you mean shelf.Sell.v1?" in checked[1]
    assert [code for code, _, _ in refused] == [2, 2, 2, 2, 2, 0]
    assert "amphibus pause shelf" in refused[1][2]
    assert "one is 50/s" in refused[2][2]
    assert "bus.query_concurrency" in refused[4][2]
    assert refused[5][1] == "nothing is limited\n"
