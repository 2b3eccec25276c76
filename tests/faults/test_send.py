"""The month as a producer's files through `amphibus send --file`, with and without a running shop."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.faults.comparing import assert_ends_as_expected
from tests.faults.month import Line, Month
from tests.faults.shop import Shop


def _send(shop: Shop, folder: Path, lines: Iterable[Line]) -> dict[str, Any]:
    file = folder / "lines.ndjson"
    file.write_text("".join(json.dumps(asdict(line)) + "\n" for line in lines))
    done = shop.command("send", "--file", str(file), "--json")
    if not done.stdout:
        shop.fail(f"send ended with {done.returncode}: {done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if said["not_sent"] else 0)
    return said


def _invalid(month: Month) -> list[int]:
    """The numbers of the lines that cannot be sent."""
    lines = enumerate(month.orders, start=1)
    return [number for number, line in lines if month.fates[line.id].status == "invalid"]


def _sent_while_it_runs(shop: Shop, month: Month, folder: Path) -> None:
    shop.start()
    _send(shop, folder, month.receipts)
    shop.until_settled()
    said = _send(shop, folder, month.orders)
    assert [each["line"] for each in said["not_sent"]] == _invalid(month)
    again = _send(shop, folder, month.orders)
    assert (again["sent"], again["sent_before"]) == (0, said["sent"])
    shop.until_settled()
    _send(shop, folder, month.returns)
    shop.until_settled()

    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0


def _sent_while_it_does_not_run(shop: Shop, month: Month, folder: Path) -> None:
    shop.data_dir.mkdir()
    _send(shop, folder, month.receipts)
    said = _send(shop, folder, month.orders)
    assert [each["line"] for each in said["not_sent"]] == _invalid(month)
    shop.start()
    shop.until_settled()
    assert shop.stop() == 0
    _send(shop, folder, month.returns)
    shop.start()
    shop.until_settled()

    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0


@pytest.mark.full
def test_what_is_sent_while_the_shop_runs_ends_as_over_http(
    shop: Shop, month: Month, tmp_path: Path
) -> None:
    _sent_while_it_runs(shop, month.first(100), tmp_path)


@pytest.mark.full
def test_what_is_sent_while_no_shop_runs_is_done_when_it_starts(
    shop: Shop, month: Month, tmp_path: Path
) -> None:
    _sent_while_it_does_not_run(shop, month.first(50), tmp_path)


@pytest.mark.full
def test_the_whole_month_sent_while_the_shop_runs_ends_as_over_http(
    shop: Shop, month: Month, tmp_path: Path
) -> None:
    _sent_while_it_runs(shop, month, tmp_path)


@pytest.mark.full
def test_the_whole_month_sent_while_no_shop_runs_is_done_when_it_starts(
    shop: Shop, month: Month, tmp_path: Path
) -> None:
    _sent_while_it_does_not_run(shop, month, tmp_path)
