"""Facts about what a request ends in, on every transport; and what the gateway remembers of it."""

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from amphibus.testing.conformance.requests import *  # noqa: F403

pytestmark = pytest.mark.asyncio


async def test_a_write_that_nobody_works_on_any_more_is_not_running(office: Office) -> None:
    """Asked under two keys with one business id, and both times nobody waits for the end of it."""
    async with office.open("desk") as shop:
        store = shop.host.accepted_store()

        async def ask(message_id: str) -> str:
            verdict = await store.accept(
                desk.Write(book="b", line=1),
                message_id=message_id,
                key_identity=f"key {message_id}",
                business_identity="line b/1",
                digest=b"the same",
                stored=False,
                trace="",
                location=None,
            )
            if verdict.state != "running":
                store.released(message_id)
            return verdict.state

        assert [await ask("m-1"), await ask("m-2"), await ask("m-1"), await ask("m-3")] == [
            "new",
            "same",
            "same",
            "same",
        ]
