"""The acts on many dead letters at once, and on what goes on with them."""

import re
from typing import Final, cast

from starlette.responses import Response

from amphibus.console.filters import conditions_of
from amphibus.console.rendering import page
from amphibus.console.visit import NotThere, NotUnderstood, Visit, see
from amphibus.messages.contracts.amphibus.acting import OperationKind
from amphibus.messages.contracts.amphibus.v1 import (
    GroupDead,
    ListOperations,
    ResumeOperation,
    StartOperation,
    StopOperation,
)
from amphibus.messages.ids import derived_id, new_id

_MOST: Final = 10_000_000
_MOST_DIGITS: Final = 10
"""Of more digits, a number is not even read."""
_RATE: Final = re.compile(r"([1-9][0-9]{0,5}(?:\.[0-9]{1,3})?)(?:/s)?")


async def begin(visit: Visit) -> Response:
    """Begins an operation on the letters that meet the filters of the form; a dry run says how many those are."""
    module, kind = visit.module(), visit.form.get("what", "")
    if kind not in ("retry", "discard"):
        raise NotUnderstood("the form does not say what to do")
    where = conditions_of(lambda name: visit.form.get(name, "").strip(), visit.now)
    limit, per_second = _limit(visit), _rate(visit)
    if visit.form.get("dry_run"):
        counted = await visit.look.ask(module, GroupDead(where=where))
        return page(
            "dry_run",
            visit=visit,
            principal=visit.principal,
            module=module,
            kind=kind,
            groups=counted.groups,
            count=counted.total if limit is None else min(limit, counted.total),
            form={name: each for name, each in visit.form.items() if name != "dry_run"},
            away={},
        )
    wanted = StartOperation(
        id=_id_of(visit, module),
        kind=cast("OperationKind", kind),
        where=where,
        limit=limit,
        per_second=per_second,
        reason=visit.reason(),
        by=visit.by,
    )
    await visit.look.ask(module, wanted)
    return see("/console/operations", wanted.id)


def _id_of(visit: Visit, module: str) -> str:
    """Returns the id of what a form begins: one, however often the form is sent as it is."""
    if not visit.form.get("once"):
        return new_id()
    said = sorted(visit.form.items())
    return derived_id(visit.principal.name, module, *(text for field in said for text in field))


async def steer(visit: Visit) -> Response:
    """Stops an operation, or lets it go on, in every module that has a part of it."""
    identity, what, reason = visit.place("id"), visit.form.get("what", ""), visit.reason()
    found = await visit.look.every(ListOperations(id=identity, limit=1))
    modules = [module for module, some in found.items() if some.operations]
    if not modules:
        raise NotThere("there is no such operation")
    for module in modules:
        if what == "stop":
            stop = StopOperation(id=identity, reason=reason, by=visit.by)
            await visit.look.ask(module, stop)
        elif what == "resume":
            rate = _rate(visit)
            again = ResumeOperation(id=identity, per_second=rate, reason=reason, by=visit.by)
            await visit.look.ask(module, again)
        else:
            raise NotUnderstood("the form does not say what to do")
    return see("/console/operations", identity)


def _rate(visit: Visit) -> float | None:
    text = visit.form.get("rate", "").strip()
    if not text:
        return None
    found = _RATE.fullmatch(text)
    if found is None:
        raise NotUnderstood(f"{text[:40]} is no rate", "", "write 50/s")
    return float(found[1])


def _limit(visit: Visit) -> int | None:
    text = visit.form.get("limit", "").strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > _MOST_DIGITS or not 0 < int(text) <= _MOST:
        raise NotUnderstood(f"{text[:40]} is no number of messages")
    return int(text)
