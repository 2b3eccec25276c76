"""The screens of what can be tried: every contract, and the form of one."""

import json
from typing import Any, Final, NamedTuple

from starlette.responses import Response

from amphibus.console.forms.copies import copies_of
from amphibus.console.forms.entered import Entered, begun
from amphibus.console.forms.reading import blank
from amphibus.console.forms.shapes import Shape, shape_of
from amphibus.console.rendering import page
from amphibus.console.sending import Sent
from amphibus.console.visit import NotThere, Visit
from amphibus.contract import Message, kind_of
from amphibus.documents.schemas import payload_of
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.problems import Problem
from amphibus.messages.documents import document_of, text_of
from amphibus.messages.ids import new_id
from amphibus.telemetry.privacy import masked_payload

_KINDS: Final = ("command", "query", "event")


class Row(NamedTuple):
    """A contract that has a form."""

    type: str
    kind: str
    owner: str
    says: str
    why_not: str
    """The reason for which whoever looks may not send it."""


class Answer(NamedTuple):
    """The end of a form that was sent, as a page shows it."""

    status: int
    title: str
    text: str
    flow: str
    """The flow that it began, if it did."""
    masked: bool
    well: bool


async def everything(visit: Visit) -> Response:
    """Shows the contracts that the filters find, each with a link to its form."""
    wanted, only, kind = visit.asked("q").lower(), visit.asked("module"), visit.asked("kind")
    rows = [
        row_of(visit, each)
        for name, each in sorted(visit.project.contracts.items())
        if wanted in name.lower()
        and only in ("", each.contract_owner)
        and kind in ("", kind_of(each))
    ]
    return page("try", visit=visit, principal=visit.principal, rows=rows, kinds=_KINDS, away={})


async def one(visit: Visit) -> Response:
    """Shows the form of a contract, with its example in it."""
    contract = contract_named(visit)
    return form_page(visit, contract, begun(shape_for(contract), example_of(contract)))


def form_page(
    visit: Visit,
    contract: type[Message],
    filled: Entered,
    *,
    answer: Answer | None = None,
    once: str = "",
    said: str = "",
    status: int = 200,
) -> Response:
    """Returns the page of a form."""
    value = filled.value if isinstance(filled.value, dict) else {}
    url = str(visit.request.base_url).rstrip("/")
    guarded = visit.settings.access.guarded
    return page(
        "try_one",
        status,
        visit=visit,
        principal=visit.principal,
        contract=row_of(visit, contract),
        entered=filled,
        answer=answer,
        once=once or new_id(),
        said=said,
        copies=copies_of(contract, value, url, guarded=guarded),
        form=visit.form,
        away={},
    )


def contract_named(visit: Visit) -> type[Message]:
    """Returns the contract that the path names.

    Raises:
        NotThere: there is none.
    """
    found = visit.project.contracts.get(visit.place("type"))
    if found is None:
        raise NotThere(f"there is no contract {visit.place('type')[:100]}")
    return found


def shape_for(contract: type[Message]) -> Shape:
    """Returns the shape of a contract's payload."""
    return shape_of(payload_of(contract))


def example_of(contract: type[Message]) -> Any:
    """Returns the contract's example without the id that a new one gets by itself, or an empty payload."""
    if contract.contract_example is None:
        return blank(shape_for(contract))
    example = json.loads(json.dumps(contract.contract_example))
    http = contract.contract_http
    if kind_of(contract) == "command" and http is not None:
        example.pop(str(RouteBinding(contract, http).own_id), None)
    return example


def row_of(visit: Visit, contract: type[Message]) -> Row:
    """Returns a contract as the screens show it."""
    says = (contract.__doc__ or "").strip().split("\n", 1)[0]
    why = visit.sending.why_not(contract, visit.principal)
    return Row(contract.contract_type, kind_of(contract), contract.contract_owner, says, why)


def answer_of(contract: type[Message], sent: Sent, *, revealed: bool) -> Answer:
    """Returns an answer as it is shown: without personal data, unless somebody wants to see it."""
    shown, masked = sent.body, False
    if not revealed and sent.body:
        shown, masked = masked_payload(sent.body, contract.answer_type())
    flow = sent.id if kind_of(contract) == "command" else ""
    return Answer(sent.status, "It was answered", _readable(shown), flow, masked, sent.status < 400)


def refused(problem: Problem, flow: str) -> Answer:
    """Returns the answer that a message was not accepted with."""
    code = f"{problem.code}: " if problem.code else ""
    text = f"{code}{problem.detail}"
    return Answer(problem.status, problem.title, text, flow, masked=False, well=False)


def _readable(body: bytes) -> str:
    try:
        return text_of(document_of(body), indent=2) if body else ""
    except ValueError:
        return body.decode(errors="replace")
