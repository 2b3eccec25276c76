"""Cursors are sealed: for a filter, for whoever asked, for a time, and by the secret of one database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amphibus import Refused
from amphibus.access.cursors import Cursors
from amphibus.access.principal import Principal
from contracts.orders import v1 as orders
from tests.access.counter import counter

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Principal("ada", "user")
PLACE = ("2026-03-01T12:00:00+00:00", "74eda2bf20875bfcaaaf7ff4216c8a87")
LIST = orders.ListOrders(status="confirmed", limit=2)
_CHARACTERS = "Aa0-"


def takes(
    cursors: Cursors,
    cursor: str,
    *,
    query: orders.ListOrders = LIST,
    who: Principal = ADA,
    now: datetime = NOON,
) -> bool:
    try:
        return cursors.place(query, who, cursor, now) == PLACE
    except Refused as refused:
        if refused.code != "invalid_cursor":
            raise
        return False


def test_a_cursor_leads_back_to_its_place_with_any_limit_for_thirty_days_and_more() -> None:
    cursors = Cursors()
    cursor = cursors.after(LIST, ADA, PLACE, NOON)

    assert takes(cursors, cursor)
    assert takes(cursors, cursor, query=LIST.model_copy(update={"limit": 9, "cursor": cursor}))
    assert takes(cursors, cursor, now=NOON + timedelta(days=30))
    assert not takes(cursors, cursor, now=NOON + timedelta(days=60))
    assert len(cursor) <= 200


def test_it_is_refused_to_others_for_other_filters_and_from_elsewhere() -> None:
    cursors = Cursors()
    cursor = cursors.after(LIST, ADA, PLACE, NOON)

    for other in (
        Principal("bob", "user"),
        Principal("ada", "service"),
        Principal("ada", "user", "acme"),
    ):
        assert not takes(cursors, cursor, who=other)
    for changed in ({"status": "rejected"}, {"status": None}, {"customer_id": "C-1"}):
        assert not takes(cursors, cursor, query=LIST.model_copy(update=changed))
    assert not takes(Cursors(), cursor)


def test_one_that_was_changed_anywhere_is_refused() -> None:
    cursors = Cursors()
    cursor = cursors.after(LIST, ADA, PLACE, NOON)
    changed = {
        cursor[:at] + other + cursor[at + 1 :]
        for at in range(len(cursor.rstrip("=")) - 1)
        for other in _CHARACTERS
    } - {cursor}

    assert [
        each for each in (*changed, cursor[:-4], cursor + "AAAA", "") if takes(cursors, each)
    ] == []


@pytest.mark.asyncio
async def test_over_http_it_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    async with counter(tmp_path) as shop:
        asked = {"Authorization": f"Bearer {shop.credentials['owner']}"}
        answer = await shop.client.get("/v1/orders?cursor=bm9uc2Vuc2U=", headers=asked)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    assert "leave `cursor` out" in answer.json()["detail"]
