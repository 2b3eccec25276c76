"""The screen on which the payload of a dead letter is corrected, in a form made from its contract."""

from typing import Any

from starlette.responses import Response

from amphibus.console.forms.entered import Entered, begun
from amphibus.console.forms.judging import hides, judged
from amphibus.console.forms.shapes import shape_of
from amphibus.console.rendering import page
from amphibus.console.screens.failed import the_letter
from amphibus.console.visit import NotThere, Visit
from amphibus.contract import Message
from amphibus.documents.schemas import payload_of
from amphibus.messages.contracts.amphibus.answers import DeadLetterFacts
from amphibus.messages.contracts.amphibus.v1 import ShowDead
from amphibus.messages.documents import document_of


async def edit(visit: Visit) -> Response:
    """Shows the payload of a letter in a form, with what its contract finds wrong in it."""
    module, letter = visit.module(), await the_letter(visit)
    content = await visit.look.ask(module, ShowDead(seq=letter.seq, id=letter.id))
    return correcting_page(visit, letter, filled_with(visit, letter, content.body))


def filled_with(visit: Visit, letter: DeadLetterFacts, body: bytes) -> Entered:
    """Returns a form with a payload in it; what is hidden in it is not judged."""
    contract = contract_of(visit, letter)
    shape = shape_of(payload_of(contract))
    value = _read(body)
    if not isinstance(value, dict):
        text = body.decode(errors="replace")
        return Entered(shape, None, {"body": "is no JSON object"}, as_json=True, text=text)
    found = begun(shape, value)
    return found if hides(value) else found.wrong(judged(contract, value).errors)


def correcting_page(
    visit: Visit, letter: DeadLetterFacts, filled: Entered, status: int = 200
) -> Response:
    """Returns the page of a form."""
    return page(
        "correcting",
        status,
        visit=visit,
        principal=visit.principal,
        module=visit.module(),
        letter=letter,
        entered=filled,
        hides=hides(filled.value),
        reason=visit.form.get("reason", ""),
        away={},
    )


def contract_of(visit: Visit, letter: DeadLetterFacts) -> type[Message]:
    """Returns the contract of a letter.

    Raises:
        NotThere: this project has none of that type.
    """
    found = visit.project.contracts.get(letter.type)
    if found is None:
        raise NotThere(
            f"{letter.type[:100]} is no contract of this project",
            "a payload is kept only if its contract accepts it",
            "add the contract or a converter, or discard the message",
        )
    return found


def _read(body: bytes) -> Any:
    try:
        return document_of(body)
    except ValueError:
        return None
