"""The screens of what failed: groups by cause, the letters of one, and one letter."""

import asyncio
import base64
from typing import Final

from starlette.responses import Response

from amphibus.console.filters import FILTERS, conditions_of
from amphibus.console.rendering import page
from amphibus.console.visit import PAGE, NotThere, Visit
from amphibus.messages.contracts.amphibus.answers import DeadLetterFacts
from amphibus.messages.contracts.amphibus.v1 import GroupDead, ListDead, ListOperations, ShowDead
from amphibus.messages.documents import document_of, text_of

_OPERATIONS: Final = 5


async def groups(visit: Visit) -> Response:
    """Shows what dead letters died of, the most frequent cause first."""
    where, only = conditions_of(visit.asked, visit.now), visit.asked("module")
    answers, under_way = await asyncio.gather(
        visit.look.every(GroupDead(where=where), only),
        visit.look.every(ListOperations(limit=_OPERATIONS), only),
    )
    found = [(module, each) for module, some in answers.items() for each in some.groups]
    found.sort(key=lambda each: (-each[1].count, each[0], each[1].group))
    operations = [(module, each) for module, some in under_way.items() for each in some.operations]
    return page(
        "failed",
        visit=visit,
        principal=visit.principal,
        groups=found,
        total=sum(each.total for each in answers.values()),
        filters=FILTERS,
        operations=sorted(operations, key=lambda each: -each[1].began)[:_OPERATIONS],
        away=visit.look.away,
    )


async def letters(visit: Visit) -> Response:
    """Shows the letters of one module that meet the filters, in the order in which they died."""
    module, where = visit.module(), conditions_of(visit.asked, visit.now)
    asked = ListDead(
        where=where,
        after_died=visit.number("after_died", -1),
        after_id=visit.asked("after_id"),
        limit=PAGE,
    )
    listed, counted = await asyncio.gather(
        visit.look.ask(module, asked),
        visit.look.ask(module, GroupDead(where=where, limit=1, total_only=True)),
    )
    found = listed.letters
    return page(
        "letters",
        visit=visit,
        principal=visit.principal,
        module=module,
        letters=found,
        total=counted.total,
        filters=FILTERS,
        last=found[-1] if len(found) == PAGE else None,
        away={},
    )


async def letter(visit: Visit) -> Response:
    """Shows one letter: its facts, its traceback and its payload, personal data left out."""
    return await letter_page(visit, None)


async def letter_page(visit: Visit, revealed: bytes | None) -> Response:
    """Returns the page of the letter that the path and the query name."""
    module, found = visit.module(), await the_letter(visit)
    content = await visit.look.ask(module, ShowDead(seq=found.seq, id=found.id))
    body = content.body if revealed is None else revealed
    return page(
        "letter",
        visit=visit,
        principal=visit.principal,
        module=module,
        letter=found,
        traceback=content.traceback or "",
        payload=_readable(body),
        masked=content.masked and revealed is None,
        away={},
    )


async def the_letter(visit: Visit) -> DeadLetterFacts:
    """Returns the letter that the path names.

    Raises:
        NotThere: it is no dead letter any more.
    """
    identity = visit.asked("id") or visit.form.get("id", "")
    seq = visit.request.path_params.get("seq") or visit.form.get("seq", "")
    if identity:
        asked = ListDead(ids=(identity,), limit=PAGE)
        for each in (await visit.look.ask(visit.module(), asked)).letters:
            if str(each.seq) == seq:
                return each
    raise NotThere(
        "this message is no dead letter any more", "it was retried or given up", "look at /failed"
    )


def _readable(body: bytes) -> str:
    try:
        said = document_of(body)
    except ValueError:
        return f"not JSON, base64: {base64.b64encode(body).decode()}" if body else "no payload"
    return text_of(said, indent=2)
