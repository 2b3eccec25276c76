"""What a person tells the shop stands in no log line, trace, metric or page, but where a right shows it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from tests.distributed.commands import Running, free_ports, running, until
from tests.modules.shop import ROOT
from tests.pages.browser import Browser
from tests.tracing.collector import Collector, collecting

pytestmark = pytest.mark.full
_ADDRESS: Final = "ada.lovelace@analytical.example"
_SUBJECT: Final = "C-ADA-1815"
_CARD: Final = "tok_of_ada_1815"
_COUNTRY: Final = "Ruritania"
_PERSONAL: Final = (_ADDRESS, _SUBJECT, _CARD, _COUNTRY, "lovelace")
_MOST_PAGES: Final = 400
_UNIQUE: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[a-z]+\.[A-Z]\w+\.v\d+|(?<=[=/])\d+(?=$|[/?&])"
)
"""What differs among addresses of one screen: a few of each are enough."""
_OF_EACH: Final = 4


class _Shop:
    """The shop as people run it, with a collector, and everything logged that can be."""

    def __init__(self, command: Running, url: str, data: Path, collector: Collector) -> None:
        self.command = command
        self.url = url
        self.data = data
        self.collector = collector

    def post(self, path: str, body: Any) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", json=body, timeout=60)

    def order(self, **more: Any) -> httpx.Response:
        body = {
            "order_id": str(uuid4()),
            "customer": {"customer_id": _SUBJECT, "email": _ADDRESS, "country": _COUNTRY},
            "currency": "GBP",
            "lines": [{"sku": "CUP", "quantity": 1, "unit_price": "1.00"}],
            "payment_token": "tok_visa",
        }
        return self.post("/v1/orders", body | more)

    def in_reporting(self, statement: str) -> Any:
        with closing(sqlite3.connect(self.data / "reporting.db", timeout=60)) as connection:
            return connection.execute(statement).fetchall()


@contextmanager
def _running_shop(folder: Path) -> Iterator[_Shop]:
    port, data = free_ports(1), folder / "var"
    with collecting() as collector:
        environ = {
            "AMPHIBUS_PORT": str(port),
            "AMPHIBUS_DATA_DIR": str(data),
            "AMPHIBUS_LOG_LEVEL": "debug",
            "AMPHIBUS_BUS__QUICK_RETRIES": "0",
            "AMPHIBUS_BUS__MAX_ATTEMPTS": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with running(ROOT, environ=environ, said=folder) as command:
            command.until_said("  Try  ", within=300)
            yield _Shop(command, f"http://127.0.0.1:{port}", data, collector)


def _used(shop: _Shop) -> None:
    """Orders that are confirmed, refused and not understood; one that a module fails at."""
    lines = [{"sku": "CUP", "quantity": 100}]
    assert shop.post("/v1/stock/receipts", {"lines": lines}).status_code == 202
    assert shop.order().status_code == 202
    assert shop.order(payment_token=_CARD).status_code == 202
    assert shop.order(customer={"email": f"{_ADDRESS} {_CARD}", "country": 7}).status_code == 422
    assert shop.post("/v1/orders", f"{_ADDRESS} {_SUBJECT}").status_code == 422
    shop.in_reporting(
        "CREATE TRIGGER broken BEFORE INSERT ON sales BEGIN SELECT RAISE(ABORT, 'no ink'); END"
    )
    assert shop.order().status_code == 202
    until(lambda: bool(shop.in_reporting("SELECT 1 FROM amphibus_dead")), "something died")
    until(lambda: len(shop.collector.spans) > 30, "it was traced")


def _screens(browser: Browser, link: str) -> Iterator[tuple[str, str]]:
    """Yields what every screen shows, a few of those that look alike."""
    seen, waiting, alike = set[str](), [link], dict[str, int]()
    while waiting and len(seen) < _MOST_PAGES:
        path = waiting.pop(0)
        seen.add(path)
        page = browser.see(path)
        yield path, page.response.text
        for each in page.links:
            kind = _UNIQUE.sub("*", each)
            if each.startswith("/console") and each not in seen and alike.get(kind, 0) < _OF_EACH:
                alike[kind] = alike.get(kind, 0) + 1
                seen.add(each)
                waiting.append(each)


def _told(text: str | bytes) -> list[str]:
    """The personal data that stands somewhere."""
    whole = text.decode(errors="replace") if isinstance(text, bytes) else text
    return [each for each in _PERSONAL if each.lower() in whole.lower()]


def test_nothing_personal_stands_where_operators_and_their_tools_look(tmp_path: Path) -> None:
    with _running_shop(tmp_path) as shop:
        _used(shop)
        found: dict[str, list[str]] = {}
        with Browser(shop.url) as browser:
            screens = dict(_screens(browser, shop.command.named("Console")))
            assert len({_UNIQUE.sub("*", each.partition("?")[0]) for each in screens}) > 20
            found |= {path: _told(text) for path, text in screens.items()}
            letter = next(each for each in screens if re.search(r"/letters/\d+\?", each))
            form = next(each for each in browser.see(letter).forms if "reveal" in str(each.buttons))
            revealed = browser.send(form, what="reveal", reason="ticket 4711").response.text
        found["metrics"] = _told(httpx.get(f"{shop.url}/metrics", timeout=100).text)
        shop.command.stop()
        found["traces"] = _told(b"".join(shop.collector.raw))
        found["exported"] = _told(b"".join(body for _, body in shop.collector.others))
        found["log"] = _told(shop.command.out + shop.command.err)
        kept = b"".join(
            each.read_bytes()
            for each in shop.data.rglob("*")
            if each.name.endswith((".db", "-wal"))
        )

    assert {name: texts for name, texts in found.items() if texts} == {}
    assert "message.died" in shop.command.out + shop.command.err
    assert shop.collector.spans
    assert _told(kept) == list(_PERSONAL), "it was there to be found"
    assert _ADDRESS in revealed
