"""The acts on one dead letter: tried again, given up, or shown with its personal data."""

from typing import Final

from starlette.responses import Response

from amphibus.console.screens.failed import letter_page, the_letter
from amphibus.console.visit import NotThere, NotUnderstood, Visit, see
from amphibus.messages.contracts.amphibus.acting import LetterName
from amphibus.messages.contracts.amphibus.v1 import DiscardDead, RetryDead, RevealDead

_WHAT: Final = ("retry", "discard", "reveal")


async def on_one(visit: Visit) -> Response:
    """Does what the form says to the letter that it names."""
    module, what = visit.module(), visit.form.get("what", "")
    if what not in _WHAT:
        raise NotUnderstood("the form does not say what to do")
    reason, found = visit.reason(), await the_letter(visit)
    name = LetterName(seq=found.seq, id=found.id)
    if what == "reveal":
        wanted = RevealDead(letter=name, reason=reason, by=visit.by)
        return await letter_page(visit, (await visit.look.ask(module, wanted)).body)
    if what == "retry":
        retried = await visit.look.ask(
            module, RetryDead(letters=(name,), reason=reason, by=visit.by)
        )
        done = len(retried.letters)
    else:
        gone = await visit.look.ask(
            module, DiscardDead(letters=(name,), reason=reason, by=visit.by)
        )
        done = len(gone.seqs)
    if not done:
        raise NotThere("this message is no dead letter any more", "somebody else was faster")
    return see(f"/console/failed/{module}?done={what}")
