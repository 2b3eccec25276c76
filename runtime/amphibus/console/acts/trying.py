"""The act of sending what a form holds: checked by its contract, noted in the audit, and then sent as over HTTP."""

import json
import re
from typing import Final

from starlette.responses import Response

from amphibus.console.forms.entered import Entered, entered
from amphibus.console.forms.judging import by_place, judged
from amphibus.console.screens.trying import (
    Answer,
    answer_of,
    contract_named,
    form_page,
    refused,
    shape_for,
)
from amphibus.console.visit import NotUnderstood, Visit
from amphibus.contract import Message, kind_of
from amphibus.gateway.problems import Problem
from amphibus.messages.contracts.amphibus.v1 import NoteSending
from amphibus.messages.ids import new_id
from amphibus.routing.topology import GATEWAY

_ONCE: Final = re.compile(r"[0-9a-f-]{36}")
_WRONG: Final = 422


async def on_form(visit: Visit) -> Response:
    """Checks or sends what the form holds, or changes the form as its button says."""
    contract = contract_named(visit)
    found, what = entered(shape_for(contract), visit.form), visit.form.get("what", "")
    once = visit.form.get("once", "")
    if found.by_button:
        return form_page(visit, contract, found, once=once)
    if what not in ("check", "send"):
        raise NotUnderstood("the form does not say what to do")
    found = found.wrong({} if found.errors else _errors(visit, contract, found))
    if found.errors:
        return form_page(visit, contract, found, once=once, status=_WRONG)
    if what == "check":
        return form_page(visit, contract, found, once=once, said="The contract accepts it.")
    return await _sent(visit, contract, found, once)


def _errors(visit: Visit, contract: type[Message], found: Entered) -> dict[str, str]:
    if not isinstance(found.value, dict):
        return {"body": "must be an object"}
    if kind_of(contract) == "event":
        return dict(judged(contract, found.value).errors)
    try:
        visit.sending.checked(contract, found.value)
    except Problem as problem:
        return by_place(problem.errors) or {"body": problem.detail}
    return {}


async def _sent(visit: Visit, contract: type[Message], found: Entered, once: str) -> Response:
    revealed = bool(visit.form.get("reveal"))
    if not _ONCE.fullmatch(once):
        raise NotUnderstood("the form has no id", "it was not made here", "open the page again")
    asks_only = kind_of(contract) == "query" and not revealed
    reason = "" if asks_only and not visit.form.get("reason", "").strip() else visit.reason()
    why = visit.sending.why_not(contract, visit.principal)
    if why:
        answer = Answer(403, "Not sent", why, "", masked=False, well=False)
        return form_page(visit, contract, found, answer=answer, status=403)
    identity = visit.sending.id_of(contract, visit.principal, once)
    note = NoteSending(type=contract.contract_type, message=identity, reason=reason, by=visit.by)
    await visit.look.ask(GATEWAY, note)
    try:
        body = json.dumps(found.value).encode()
        said = await visit.sending.send(contract, body, visit.principal, once)
    except Problem as problem:
        flow = identity if kind_of(contract) == "command" and problem.code else ""
        found = found.wrong(by_place(problem.errors))
        answer = refused(problem, flow)
        return form_page(visit, contract, found, answer=answer, once=new_id(), status=_WRONG)
    return form_page(
        visit, contract, found, answer=answer_of(contract, said, revealed=revealed), once=new_id()
    )
