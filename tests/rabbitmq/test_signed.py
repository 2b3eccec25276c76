"""Over a broker that others run, messages are believed as their sources have signed them."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from amphibus.messages.ids import new_id
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.rabbitmq.names import Names
from tests.rabbitmq.test_strangers import envelope, send
from tests.rights.test_signatures import key

pytestmark = pytest.mark.asyncio
SOURCES = ("gateway", "desk", "archive", "readers")


async def test_the_modules_sign_and_nobody_else_is_believed(
    office: Office, names: Names, channel: Any, tmp_path: Path
) -> None:
    """Commands, events, queries, and the questions of the runtime."""
    keys = tmp_path / "keys"
    keys.mkdir()
    settings = {
        "signatures.required": True,
        "signatures.private_keys": keys,
        "signatures.keys": {source: dict([key(keys, source)]) for source in SOURCES},
    }
    async with office.open(settings=settings) as shop:
        await shop.send(*[desk.Write(book="b", line=line) for line in range(3)])
        await shop.settle()
        counted = await shop.request(desk.Count(book="b"))
        assert isinstance(counted, desk.Counted)
        assert counted.lines == 3
        assert not any(shop.dead(module) for module in SOURCES)

        forged = dataclasses.replace(envelope(), id=new_id())
        await send(channel, names, forged, user="guest")
        await until(lambda: office.count("desk", "amphibus_dead"))
        (letter,) = shop.dead("desk")

        assert letter["reason"] == "forged"
        assert "not signed" in letter["error"]
    assert len(office.lines("readers")) == 3
    kept = office.query("desk", "SELECT extra FROM amphibus_inbox")
    assert not any("signature" in (extra or "") for (extra,) in kept)
