"""Commands that an operator hands to their owner, past the gateway and the transport."""

import json
from dataclasses import replace

import pytest

from amphibus.access.principal import principal_of
from amphibus.admin.enqueue import AcceptedItem
from amphibus.admin.hand_in import hand_in
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


def item(line: int) -> AcceptedItem:
    """A command as its line of a file says it."""
    return AcceptedItem(
        id=f"line {line}",
        type="desk.Write.v1",
        key="b",
        body=desk.Write(book="b", line=line).model_dump_json().encode(),
        owner="desk",
        digest=b"",
        identities=(),
        routed=False,
    )


@pytest.mark.parametrize("transport", ["memory", "memory-postgresql"], indirect=True)
async def test_what_an_operator_hands_in_is_handled_once_and_in_order(office: Office) -> None:
    """No broker is asked, so no user of one needs a right."""
    async with office.open() as shop:
        await shop.settle()
        store = office.stores("desk")["desk"]
        first = await hand_in(store, [item(line) for line in range(3)])
        again = await hand_in(store, [item(1)])
        shop.host.wake()
        await until(lambda: len(office.lines("desk")) == 3)
        await shop.settle()
        later = await hand_in(store, [item(1), replace(item(2), body=b"{}")])
        rows = office.query("desk", "SELECT source, extra FROM amphibus_inbox")

    assert (first, again, later) == (["sent"] * 3, ["same"], ["same", "other"])
    assert office.numbers("desk", "b") == [0, 1, 2]
    assert {source for source, _ in rows} == {"operator"}
    assert {principal_of(json.loads(extra)).kind for _, extra in rows} == {"operator"}
