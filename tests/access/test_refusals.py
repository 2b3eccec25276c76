"""What is refused at a door stands in the audit, and no flood of it fills a database."""

from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from amphibus.access.refusal_counts import MANY, NOT_AUTHENTICATED, Refusal, RefusalCounts
from amphibus.admin.stores import FileStore
from amphibus.admin.views import at_rest
from amphibus.cli.look.audit import _problem_in
from amphibus.database.acting.audit import entries_beyond
from tests.access.counter import counter

_ADDRESS = "address 10.0.0.9"


def _refused(number: int) -> Refusal:
    return Refusal(NOT_AUTHENTICATED, f"address {number}", "shop.Buy.v1", "no key")


def _written(counts: RefusalCounts) -> list[Refusal]:
    return list(counts.take())


def test_a_hundred_rows_are_written_and_then_two_a_minute_and_nobody_is_left_out() -> None:
    counts = RefusalCounts()
    for number in range(5_000):
        counts.note(_refused(number))
    first = counts.take()
    for number in range(50):
        counts.note(_refused(number))
    second = counts.take()

    assert len(first) == 100
    assert sum(first.values()) == 5_000
    assert {each.who for each in second} == {"address 0", "address 1", MANY}
    assert sum(second.values()) == 50
    assert not counts


def test_what_is_alike_is_one_row_and_comes_again_if_it_could_not_be_written() -> None:
    counts = RefusalCounts()
    for _ in range(3):
        counts.note(_refused(1))
    taken = counts.take()
    counts.note(_refused(1))
    counts.put_back(taken)

    assert counts.take() == Counter({_refused(1): 4})


def test_no_text_of_a_stranger_forges_a_line_or_has_no_end() -> None:
    counts = RefusalCounts()
    counts.note(Refusal(NOT_AUTHENTICATED, "a\nb\x1b[1A\ud800", "x" * 9_999, "no"))
    (only,) = _written(counts)

    assert only.who.isprintable()
    assert len(only.object) == 200


@pytest.mark.asyncio
async def test_who_is_not_let_in_stands_in_the_audit_of_the_gateway(tmp_path: Path) -> None:
    async with counter(tmp_path) as shop:
        for who in ("expired", "expired", "revoked", "anonymous", "owner"):
            await shop.ask(who, "POST /v1/stock/receipts")
        await shop.ask("owner", "GET /v1/orders/{order_id}")  # is let in
        await shop.shop.host.modules["gateway"].refusals.write()
        found = await _audit(tmp_path)
        await shop.ask("viewer", "POST /v1/stock/receipts")
    left = await _audit(tmp_path)

    assert sorted(found) == sorted(
        [
            ("CreateKey", "ada", 1),
            ("CreateKey", "ada", 1),
            ("RevokeKey", "ada", 1),
            ("NotAuthenticated", _ADDRESS, 2),
            ("NotAuthenticated", _ADDRESS, 1),
            ("NotAuthenticated", _ADDRESS, 1),
            ("NotAuthorized", "user:owner", 1),
        ]
    )
    assert left[len(found) :] == [("NotAuthorized", "user:vera", 1)]  # written at the end
    async with at_rest({"gateway": _gateway(tmp_path)}) as views:
        assert await _problem_in(views["gateway"]) == (len(left), "")


@pytest.mark.asyncio
async def test_who_asks_for_what_is_somebody_elses_stands_in_the_audit_of_its_owner(
    tmp_path: Path,
) -> None:
    cancel = "POST /v1/orders/{order_id}/cancel"
    async with counter(tmp_path) as shop:
        answers = [
            await shop.ask("other customer", "GET /v1/orders/{order_id}"),
            await shop.ask("other customer", "GET /v1/orders/{order_id}"),
            await shop.ask("other customer", cancel),
        ]
        nowhere = str(uuid4())
        answers.append(
            await shop.ask("other customer", "GET /v1/orders/{order_id}", order_id=nowhere)
        )
        await shop.shop.settle()
    found = await _audit(tmp_path, "orders")

    assert [each.status_code for each in answers] == [404] * 4
    assert sorted(found) == [
        ("NotAuthorized", "user:other", 1),  # the cancellation
        ("NotAuthorized", "user:other", 2),
    ]


def _gateway(folder: Path) -> FileStore:
    return FileStore(folder / "var" / "gateway.db", 16)


async def _audit(folder: Path, module: str = "gateway") -> list[tuple[str, str, int]]:
    async with FileStore(folder / "var" / f"{module}.db", 16).reading() as sql:
        acts = [each.act for each in await entries_beyond(sql, 0, limit=100)]
    return [(each.what, each.who, each.times) for each in acts]
