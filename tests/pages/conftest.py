"""A stand that runs as a monolith, with messages that died in it, and an operator's browser before its console."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from amphibus.access.embedded import EmbeddedIssuer
from amphibus.admin.inspection import in_file
from tests.distributed.commands import Running, free_ports, running, until
from tests.pages.browser import Browser
from tests.pages.shop import another_link
from tests.pages.stand import BUYER, write_stand

HOSTILE = (
    "glass <script>alert(1)</script>",
    'glass "><img src=x onerror=alert(2)>',
    "glass '};alert(3)//{{7*7}}${7*7}",
    "glass \u202egnp.exe",
    "glass javascript:alert(4)",
    "glass </pre></table><svg onload=alert(5)>",
    "glass &lt;b&gt; &amp; &#x3c;i&#x3e;",
)


class Stand:
    """What runs."""

    def __init__(self, root: Path, command: Running, url: str) -> None:
        self.root = root
        self.command = command
        self.url = url

    def link(self) -> str:
        return self.command.named("Console")

    def another_link(self) -> str:
        return another_link(self.url, self.root / "var")

    def dead(self) -> int:
        return int(in_file(self.root / "var/shelf.db", "SELECT count(*) FROM amphibus_dead")[0][0])

    def token(self, scopes: str) -> str:
        """A token of somebody who has these rights."""
        issuer = EmbeddedIssuer(self.root / "var")
        return issuer.token("grace", audience="kiosk.dev", scopes=scopes, roles=[], seconds=600)

    def sell(self, item: str) -> None:
        body = {"item": item, "buyer": BUYER}
        assert httpx.post(f"{self.url}/v1/sales", json=body, timeout=100).status_code == 202


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    root = write_stand(tmp_path_factory.mktemp("pages") / "stand")
    port = free_ports(1)
    with running(root, "--port", str(port), environ={}) as command:
        command.until_said("  Try  ")
        made = Stand(root, command, f"http://127.0.0.1:{port}")
        for each in HOSTILE:
            made.sell(each)
        until(lambda: made.dead() == len(HOSTILE), "all are dead")
        yield made


@pytest.fixture(scope="module")
def operator(stand: Stand) -> Iterator[Browser]:
    """Who started the system, with the link that was printed."""
    with Browser(stand.url) as browser:
        assert browser.see(stand.link()).status == 200
        yield browser


@pytest.fixture
def stranger(stand: Stand) -> Iterator[Browser]:
    """Who comes with nothing."""
    with Browser(stand.url) as browser:
        yield browser
