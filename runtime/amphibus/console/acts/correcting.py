"""The act of correcting the payload of a dead letter; it is kept only if its contract accepts it."""

import base64
from typing import Any, Final

from starlette.responses import Response

from amphibus.console.forms.entered import Entered, entered
from amphibus.console.forms.judging import hides, judged, with_hidden
from amphibus.console.forms.shapes import shape_of
from amphibus.console.screens.correcting import contract_of, correcting_page, filled_with
from amphibus.console.screens.failed import the_letter
from amphibus.console.visit import NotThere, NotUnderstood, Visit, see
from amphibus.contract import Message
from amphibus.documents.schemas import payload_of
from amphibus.messages.contracts.amphibus.acting import LetterName
from amphibus.messages.contracts.amphibus.answers import DeadLetterFacts
from amphibus.messages.contracts.amphibus.v1 import EditDead, RetryDead, RevealDead
from amphibus.messages.documents import document_of

_WHAT: Final = ("check", "save", "retry", "reveal")
_WRONG: Final = 422


async def on_form(visit: Visit) -> Response:
    """Checks or keeps what the form holds, shows what it hid, or changes the form as its button says."""
    letter, what = await the_letter(visit), visit.form.get("what", "")
    contract = contract_of(visit, letter)
    found = entered(shape_of(payload_of(contract)), visit.form)
    if found.by_button:
        return correcting_page(visit, letter, found)
    if what not in _WHAT:
        raise NotUnderstood("the form does not say what to do")
    if what == "reveal":
        return correcting_page(
            visit, letter, filled_with(visit, letter, await _whole(visit, letter))
        )
    if what == "check" and hides(found.value):
        return correcting_page(visit, letter, found)
    return await _kept(visit, letter, contract, found, what)


async def _kept(
    visit: Visit, letter: DeadLetterFacts, contract: type[Message], found: Entered, what: str
) -> Response:
    value: Any = found.value
    if not found.errors and hides(value):
        value, wrong = await _completed(visit, letter, value)
        found = found.wrong(wrong)
    judgement = judged(contract, value)
    found = found if found.errors else found.wrong(judgement.errors)
    if found.errors or what == "check":
        return correcting_page(visit, letter, found, _WRONG if found.errors else 200)
    return await _edited(visit, letter, judgement.body, what)


async def _completed(
    visit: Visit, letter: DeadLetterFacts, value: Any
) -> tuple[Any, dict[str, str]]:
    """Returns the payload with its personal data, which stays as it is and is not shown; that is audited too."""
    try:
        return with_hidden(value, document_of(await _whole(visit, letter))), {}
    except LookupError:
        why = "hides personal data in a list that became longer or shorter: show it first"
        return value, {"body": why}
    except ValueError:
        return value, {"body": "hides what cannot be read: enter all of it"}


async def _whole(visit: Visit, letter: DeadLetterFacts) -> bytes:
    name = LetterName(seq=letter.seq, id=letter.id)
    wanted = RevealDead(letter=name, reason=visit.reason(), by=visit.by)
    return (await visit.look.ask(visit.module(), wanted)).body


async def _edited(visit: Visit, letter: DeadLetterFacts, body: bytes, what: str) -> Response:
    module, reason = visit.module(), visit.reason()
    name = LetterName(seq=letter.seq, id=letter.id)
    wanted = EditDead(letter=name, body=base64.b64encode(body), reason=reason, by=visit.by)
    if not (await visit.look.ask(module, wanted)).found:
        raise NotThere("this message is no dead letter any more", "somebody else was faster")
    if what == "retry":
        again = RetryDead(letters=(name,), reason=reason, by=visit.by)
        await visit.look.ask(module, again)
        return see(f"/console/failed/{module}?done=corrected+and+retried")
    return see(f"/console/failed/{module}?done=corrected")
