"""Acts on dead letters do the same by the module that runs and at rest; each stands in the audit."""

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from amphibus.admin.acting import OperationAtRest, act_at_rest
from amphibus.admin.views import at_rest
from amphibus.cli.look.audit import _problem_in
from amphibus.contract import Command
from amphibus.database.acting.audit import by, hash_over
from amphibus.messages.contracts.amphibus.acting import Condition, LetterName, Operator
from amphibus.messages.contracts.amphibus.v1 import (
    DiscardDead,
    EditDead,
    ListAudit,
    PauseModule,
    RetryDead,
    RevealDead,
    StartOperation,
    StopOperation,
)
from amphibus.testing.conformance.office import Office
from tests.conformance.asking import asked
from tests.conformance.letters import bury, done, ended

pytestmark = pytest.mark.asyncio
_ADA = Operator(who="ada")
Act = Callable[[Command[Any]], Awaitable[dict[str, Any]]]


def _name(number: int) -> LetterName:
    return LetterName(seq=number, id=f"m{number}")


_BODY = base64.b64encode(b'{"book":"b4","line":7,"mood":""}')
_ACTS: tuple[Command[Any], ...] = (
    RetryDead(letters=(_name(3), _name(1), LetterName(seq=2, id="another")), by=_ADA),
    DiscardDead(letters=(_name(2), _name(2), _name(99)), reason="old", by=_ADA),
    EditDead(letter=_name(4), body=_BODY, by=_ADA),
    EditDead(letter=_name(4), body=_BODY, by=_ADA),
    EditDead(letter=_name(1), body=_BODY, by=_ADA),
    RevealDead(letter=_name(4), reason="ticket 4711", by=_ADA),
)
_TABLES = {
    "delayed": "id, key, attempts, tries, late, error, CASE WHEN due IS NULL THEN 1 ELSE 0 END",
    "dead": "id, key, body, fingerprint",
    "inbox": "id, outcome, attempts",
    "audit": "number, who, what, object, reason, count",
}


def _left(office: Office) -> dict[str, Any]:
    return {
        table: sorted(office.query("desk", f"SELECT {columns} FROM amphibus_{table}"))
        for table, columns in _TABLES.items()
    }


async def _all_done(act: Act) -> list[dict[str, Any]]:
    return [await act(each) for each in _ACTS]


async def test_they_do_the_same_by_who_runs_and_at_rest(office: Office, tmp_path: Path) -> None:
    resting = Office("memory", tmp_path / "resting")
    for each in (office, resting):
        async with each.open() as shop:
            await done(shop, PauseModule(by=_ADA))
            bury(each, 5)
            if each is office:
                said = await _all_done(lambda wanted: done(shop, wanted))
    store = resting.stores("desk")["desk"]

    async def here(wanted: Command[Any]) -> dict[str, Any]:
        return dict(json.loads((await act_at_rest(store, wanted)).model_dump_json()))

    assert await _all_done(here) == said
    assert [each["seq"] for each in said[0]["letters"]] == [1, 3]
    assert said[1] == {"seqs": [2]}
    assert said[2:5] == [
        {"found": True, "changed": True},
        {"found": True, "changed": False},
        {"found": False, "changed": False},
    ]
    assert base64.b64decode(said[5]["body"]) == base64.b64decode(_BODY)
    assert _left(resting) == _left(office)
    assert [row[2:] for row in _left(office)["audit"]] == [
        ("PauseModule", "module", "", 1),
        ("RetryDead", "dead letters m3, m1, another", "", 2),
        ("DiscardDead", "dead letters m2, m2, m99", "old", 1),
        ("EditDead", "dead letter m4", "", 1),
        ("EditDead", "dead letter m4", "", 0),
        ("EditDead", "dead letter m1", "", 0),
        ("RevealDead", "dead letter m4", "ticket 4711", 1),
    ]


async def test_an_operation_that_was_begun_at_rest_does_the_same(office: Office) -> None:
    """Some of it at rest, the rest by the module."""
    async with office.open():
        pass
    bury(office, 420)
    store = office.stores("desk")["desk"]
    where = (Condition(field="type", comparison="=", value="desk.Write.v1"),)
    await act_at_rest(store, StartOperation(id="o", kind="retry", where=where))
    resting = OperationAtRest(store, "o")
    steps = [await resting.step() for _ in range(2)]
    async with office.open() as shop:
        facts = await ended(office, shop, "o")

    assert [each.letters for each in steps] == [0, 200]
    assert (facts["total"], facts["done"], facts["skipped"]) == (420, 420, 0)
    assert office.count("desk", "line") == 420


async def test_what_cannot_be_asked_is_refused_and_changes_nothing(office: Office) -> None:
    async with office.open() as shop:
        bury(office, 1)
        wrong = [
            StartOperation(
                id="o",
                kind="discard",
                where=(Condition(field=field, comparison=comparison, value=value),),
            )
            for field, comparison, value in (
                ("died", "~", "1"),
                ("attempts", "=", "many"),
                ("error", "<", "z"),
            )
        ]
        replies = [await asked(shop.host, each) for each in (*wrong, StopOperation(id="none"))]
        foreign = await asked(shop.host, StartOperation(id="o", kind="discard"), source="archive")

    assert {each.outcome for each in replies} == {"failed"}
    assert "times by" in replies[0].detail
    assert "no operation none" in replies[3].detail
    assert (foreign.outcome, foreign.code) == ("refused", "not_allowed")
    assert office.count("desk", "amphibus_operation") == 0
    assert office.count("desk", "amphibus_audit") == 1  # that somebody foreign was refused
    assert office.count("desk", "amphibus_dead") == 1


async def _problem(office: Office) -> tuple[int, str]:
    async with at_rest(office.stores("desk")) as views:
        return await _problem_in(views["desk"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE amphibus_audit SET who = 'eve' WHERE number = 2", "entry 2 is not as it was"),
        ("DELETE FROM amphibus_audit WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM amphibus_audit WHERE number = 3", "entries end at 2, and there were 3"),
    ],
)
async def test_an_audit_that_somebody_changed_is_known(
    office: Office, change: str, problem: str
) -> None:
    async with office.open() as shop:
        for seconds in (60, 120, 180):
            await done(shop, PauseModule(seconds=seconds, by=_ADA))
        page = await done(shop, ListAudit(before=3, limit=1))
    assert await _problem(office) == (3, "")
    office.change("desk", change)

    assert [each["number"] for each in page["entries"]] == [2]
    assert problem in (await _problem(office))[1]


async def test_the_hash_of_an_entry_is_over_all_before_it() -> None:
    act = by(_ADA, 1, "PauseModule", "module", "", 1)

    hashes = {
        hash_over("", 1, act),
        hash_over("x", 1, act),
        hash_over("", 2, act),
        hash_over("", 1, act._replace(reason="why")),
    }
    assert len(hashes) == 4
