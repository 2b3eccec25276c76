"""The console of a fleet: the same screens, over processes that come and go."""

import os
import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.distributed.commands import until
from tests.distributed.conftest import Supervised, supervised
from tests.pages.browser import Browser, Page, form_to

__all__ = ["supervised"]

pytestmark = pytest.mark.full


@pytest.fixture
def operator(supervised: Supervised) -> Iterator[Browser]:
    with Browser(supervised.url) as browser:
        assert browser.see(supervised.command.named("Console")).status == 200
        yield browser


def label_of(page: Page, module: str) -> str:
    labels = [given.get("aria-label", "") for tag, given in page.tags if tag == "a"]
    return next(each for each in labels if each.startswith(f"{module}:"))


def test_a_killed_process_is_gone_from_the_map_and_comes_back(
    supervised: Supervised, operator: Browser
) -> None:
    """What failed elsewhere is seen meanwhile, and acted on by its own process."""
    sale = {"item": "glass"}
    assert httpx.post(f"{supervised.url}/v1/sales", json=sale, timeout=60).status_code == 202
    until(lambda: "1 dead" in label_of(operator.see("/console"), "shelf"), "it is dead")
    hold = supervised.kiosk.data_dir / "run" / "till.hold"
    hold.write_text(str(os.getpid()))
    os.kill(supervised.pid("till"), signal.SIGKILL)
    until(lambda: "stale" in label_of(operator.see("/console"), "till"), "it is gone", within=100)

    assert "till is away" in operator.see("/console/failed").text
    assert "till is away" in operator.see("/console/stories").text
    letters = operator.see("/console/failed/shelf")
    path = next(each for each in letters.links if "/letters/" in each)
    form = form_to(operator.see(path), "/failed/shelf/letters")
    assert operator.send(form, what="discard", reason="swept up").status == 200
    assert "swept up" in operator.see("/console/audit").text
    hold.unlink()
    until(lambda: "stale" not in label_of(operator.see("/console"), "till"), "it is there again")
