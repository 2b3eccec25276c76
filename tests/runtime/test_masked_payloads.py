"""A payload is shown without what its contract marks as personal."""

import json
from pathlib import Path
from typing import Annotated

import pytest

from amphibus.admin.acting import act_at_rest
from amphibus.admin.views import at_rest
from amphibus.contract import Command, Message, Personal
from amphibus.messages.contracts.amphibus.acting import LetterName
from amphibus.messages.contracts.amphibus.v1 import RevealDead, ShowDead
from amphibus.telemetry.privacy import masked_payload
from amphibus.testing.conformance.office import Office
from tests.conformance.letters import bury


class Plain(Command[None]):
    book: str
    line: int


class Told(Command[None]):
    book: Annotated[str, Personal("to call somebody back")]
    line: int


def _told(_type: str) -> type[Message]:
    return Told


@pytest.mark.parametrize(
    ("body", "contract", "shown"),
    [
        (b'{"book": "Ada", "line": 1}', Told, {"book": "***", "line": 1}),
        (b'{"line": 1}', Told, {"line": 1}),
        (b'{"book": "Ada", "line": 1}', Plain, {"book": "Ada", "line": 1}),
        (b'{"book": "Ada", "line": 1}', None, "***"),
        (b"\xff Ada", Told, "***"),
        (b'["Ada"]', Told, "***"),
    ],
)
def test_nothing_personal_is_shown(
    body: bytes, contract: type[Message] | None, shown: object
) -> None:
    """Nor anything of what cannot be read, or whose contract is not known."""
    said, masked = masked_payload(body, contract)

    assert json.loads(said) == shown
    assert masked == (said != body)


@pytest.mark.asyncio
async def test_it_is_revealed_to_who_says_why_and_that_is_audited(
    tmp_path: Path,
) -> None:
    office = Office("memory", tmp_path)
    async with office.open("desk"):
        bury(office, 1)
    stores = office.stores("desk")
    async with at_rest(stores, _told) as views:
        seen = await views["desk"].ask(ShowDead(seq=1, id="m1"))
    wanted = RevealDead(letter=LetterName(seq=1, id="m1"), reason="ticket 4711")
    revealed = await act_at_rest(stores["desk"], wanted)

    assert (seen.masked, json.loads(seen.body)) == (True, {"book": "***", "line": 1, "mood": ""})
    assert json.loads(revealed.body)["book"] == "b1"
    assert office.query("desk", "SELECT what, object, reason FROM amphibus_audit") == [
        ("RevealDead", "dead letter m1", "ticket 4711")
    ]
