"""Ten thousand dead letters are retried at a rate, stopped, and gone on with, by clicks; every count is exact."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Locator, expect

from amphibus.admin.inspection import in_file
from tests.distributed.commands import free_ports, running, until
from tests.pages.chromium import chromium, watched
from tests.pages.conftest import Stand
from tests.pages.stand import BUYER, write_stand

pytestmark = [pytest.mark.full, pytest.mark.timeout(1_800)]
_LETTERS: Final = 10_000
_STOPPED_AT: Final = 3_000
_RATE: Final = 200
_SECOND_MORE: Final = 1.1
"""A rate is a bound; a clock that is read between two looks may be a little off."""
_PATIENCE_MILLISECONDS: Final = 600_000
_PLANT: Final = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO amphibus_dead (ordering_key, id, type, source, key, time, correlation, trace, reply, body, received,
        attempts, died, reason, error, traceback, blocks, exception, frame, fingerprint)
    SELECT '', 'm-' || i, 'shelf.Sell.v1', 'gateway', sale(i), ?2 + i, 'f-' || i,
        '00-0123456789abcdef0123456789abcdef-0123456789abcdef-00', 0,
        CAST(json_object('sale_id', sale(i), 'item', 'cup ' || i, 'buyer', ?3) AS BLOB), ?2, 8, ?2 + i, 'failed',
        'RuntimeError: out of glue', '', 0, 'RuntimeError', 'modules/shelf/handlers.py sell', 'glue'
    FROM n"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A stand in which as many died of one cause, which is mended."""
    root, port = write_stand(tmp_path_factory.mktemp("many") / "stand"), free_ports(1)
    with running(root, "--port", str(port), environ={}) as command:
        command.until_said("  Try  ", within=300)
        with closing(sqlite3.connect(root / "var/shelf.db", timeout=60)) as raw:
            raw.create_function("sale", 1, lambda i: f"00000000-0000-4000-8000-{i:012}")
            raw.execute(_PLANT, (_LETTERS, time.time_ns() // 1000 - _LETTERS, BUYER))
            raw.commit()
        yield Stand(root, command, f"http://127.0.0.1:{port}")


def _counted(root: Path, what: str) -> int:
    return int(in_file(root / "var/shelf.db", f"SELECT count(*) FROM {what}")[0][0])


def _said(parts: Locator, name: str) -> int:
    """The first number beside a name."""
    text = parts.locator(f"dt:text-is('{name}') + dd").inner_text()
    found = re.match(r"[\d,\s\u202f]+", text)
    assert found, text
    return int(re.sub(r"\D", "", found[0]))


def test_many_are_retried_at_a_rate_stopped_in_between_and_gone_on_with(planted: Stand) -> None:
    root = planted.root
    with chromium() as browser, watched(browser, planted.another_link()) as window:
        page = window.see("/failed")
        page.locator("#groups").get_by_role("link").first.click()
        page.locator("summary").click()
        act = page.locator("details.act")
        act.get_by_label("Rate").fill(f"{_RATE}/s")
        act.get_by_label("Why").fill("glue was bought")
        page.on("dialog", lambda each: each.accept())
        began = time.monotonic()
        act.get_by_role("button", name="Begin").click()
        parts = page.locator("#parts")
        expect(parts).to_contain_text(f"{_RATE}/s")
        until(lambda: planted.dead() <= _LETTERS - _STOPPED_AT, "some were retried", within=600)
        page.get_by_label("Why").fill("that is enough for now")
        page.get_by_role("button", name="Stop").click()
        expect(parts.locator(".badge")).to_have_text("stopped", timeout=_PATIENCE_MILLISECONDS)
        took = time.monotonic() - began

        done, left = _said(parts, "done"), _said(parts, "left")
        assert done + left == _LETTERS
        assert done >= _STOPPED_AT
        assert done <= _RATE * (took + 1) * _SECOND_MORE
        until(lambda: planted.dead() == left, "what was retried has left the dead letters")
        until(lambda: _counted(root, "amphibus_inbox") == done, "it was handled")
        assert (_said(parts, "skipped"), _said(parts, "dead again")) == (0, 0)

        page.get_by_label("Rate").fill("1000/s")
        page.get_by_label("Why").fill("the rest")
        page.get_by_role("button", name="Resume").click()
        expect(parts.locator(".badge")).to_have_text("done", timeout=_PATIENCE_MILLISECONDS)
        assert (_said(parts, "done"), _said(parts, "left")) == (_LETTERS, 0)

    until(lambda: _counted(root, "amphibus_inbox") == _LETTERS, "all were handled", within=600)
    assert planted.dead() == 0
    assert _counted(root, "amphibus_outbox WHERE type = 'shelf.Sold.v1'") == _LETTERS
    assert _counted(root, "(SELECT DISTINCT id FROM amphibus_inbox)") == _LETTERS
