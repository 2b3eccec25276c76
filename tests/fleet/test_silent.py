"""A process that answers anything is not silent, though it has not said in time what it is."""

import asyncio
from typing import Any

import pytest

from amphibus.cli.views import Running
from amphibus.contract import Query
from amphibus.errors import Refused, RequestError, RequestFailed
from amphibus.messages.contracts.amphibus.handled_answers import HandledTypes
from amphibus.messages.contracts.amphibus.v1 import CountHandled, DescribeProcess
from amphibus.messages.envelope import Envelope, Reply
from amphibus.transports.direct.fleet.asking import Fleet
from amphibus.transports.direct.fleet.registry import AWAY, SILENT, UNCLEAR, registry
from tests.direct.conftest import Street, street

__all__ = ["street"]

pytestmark = pytest.mark.asyncio
_NAME = DescribeProcess.contract_type


async def _busy(envelope: Envelope) -> Reply:
    """Says at once that it will not say a thing, but never what it is."""
    if envelope.type == _NAME:
        await asyncio.Event().wait()
    return Reply("refused", code="not_now", detail="it has much to do")


async def test_one_that_answers_another_question_meanwhile_is_not_silent(street: Street) -> None:
    process = await street.process("desk", answer=_busy, directory=street.board())
    fleet = Fleet(street.board(), body_limit=1_000_000)
    try:
        (address,) = await fleet.find()
        (silent,) = await registry(fleet, [address], ("desk",), seconds=0.2)
        looked = asyncio.create_task(registry(fleet, [address], ("desk",), seconds=1))
        while sum(each.type == _NAME for each in process.desk.asked) < 2:
            await asyncio.sleep(0)
        with pytest.raises(Refused):
            await fleet.ask(address, CountHandled(), seconds=10)
        (busy,) = await looked
        (again,) = await registry(fleet, [address], ("desk",), seconds=0.2)
    finally:
        await fleet.close()

    assert [silent.state, busy.state, again.state] == [SILENT, UNCLEAR, SILENT]
    assert busy.modules == ("desk",)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"pid": "x"}'])
async def test_one_that_answers_in_other_words_is_named_and_hides_no_other(
    street: Street, body: bytes
) -> None:
    async def newer(_: Envelope) -> Reply:
        return Reply("answered", body)

    await street.process("desk", answer=newer, directory=street.board())
    fleet = Fleet(street.board(), body_limit=1_000_000)
    try:
        (address,) = await fleet.find()
        seen = await registry(fleet, [address], ("desk", "till"), seconds=10)
        with pytest.raises(RequestFailed, match="does not know"):
            await fleet.ask(address, CountHandled(), seconds=10)
    finally:
        await fleet.close()

    assert [each.state for each in seen] == [UNCLEAR, AWAY]


async def test_of_one_that_cannot_answer_now_the_database_is_read(
    street: Street, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is about to stop, say, or begins: its store tells the same."""

    class AtRest:
        """A store that counts nothing."""

        async def ask(self, _query: Query[Any]) -> Any:
            return HandledTypes(types=())

    async def stopping(_: Envelope) -> Reply:
        return Reply("unavailable", detail="Cannot operate on a closed database.")

    await street.process("desk", answer=stopping, directory=street.board())
    fleet = Fleet(street.board(), body_limit=1_000_000)
    try:
        addresses = await fleet.find()
        found = await Running("desk", fleet, addresses, AtRest()).ask(CountHandled())
        with pytest.raises(RequestError, match="cannot answer"):
            await fleet.ask(addresses[0], CountHandled(), seconds=10)
    finally:
        await fleet.close()

    assert found == HandledTypes(types=())
    assert "does not answer" in capsys.readouterr().err
