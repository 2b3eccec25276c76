"""`amphibus console --serve`: the console of data that no process hosts."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.distributed.commands import free_ports, running, until
from tests.pages.browser import Browser
from tests.pages.conftest import Stand
from tests.pages.stand import write_stand

pytestmark = pytest.mark.full


@pytest.fixture
def cold(tmp_path: Path) -> Path:
    """A stand that ran, in which something died, and that was stopped."""
    root, port = write_stand(tmp_path / "stand"), free_ports(1)
    with running(root, "--port", str(port), environ={}) as command:
        command.until_said("  Try  ")
        stand = Stand(root, command, f"http://127.0.0.1:{port}")
        stand.sell("glass of water")
        until(lambda: stand.dead() == 1, "it is dead")
        assert command.stop() == 0
    return root


def test_it_shows_what_the_stores_hold_and_changes_nothing(cold: Path) -> None:
    command = [sys.executable, "-m", "amphibus.cli", "console", "--serve"]
    with subprocess.Popen(command, cwd=cold, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            link = served.stdout.readline().strip()
            with Browser(link.partition("/console")[0]) as browser:
                first = browser.see(link)
                assert first.status == 200
                assert "away" in first.text
                letters = browser.see("/console/failed/shelf")
                assert "it broke: glass of water" in letters.text
                letter = browser.see(next(each for each in letters.links if "/letters/" in each))
                assert "RuntimeError" in letter.text
                assert "shelf.Sell.v1" in browser.see("/console/stories").text
                form = next(each for each in letter.forms if each.action.endswith("/letters"))
                refused = browser.send(form, what="retry", reason="to see")
                assert refused.status == 502
                assert "module shelf is away" in refused.text
        finally:
            served.terminate()
