"""`amphibus send --amqp` is a program outside like any other."""

import asyncio
import json
import os
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

import aiormq
import pytest
from aiormq.abc import DeliveredMessage

from tests.architecture.tree import ROOT
from tests.rights.conftest import PREFIX, Guarded
from tests.services.addresses import addressed
from tests.services.warm import warm_process

LINES = 600


@pytest.mark.full
@pytest.mark.asyncio
async def test_a_file_is_sent_over_the_broker_as_the_program_that_may(
    guarded: Guarded, tmp_path: Path
) -> None:
    """Its user says who it is; a line that is wrong is named and stops nobody."""
    key = str(uuid4())
    file = tmp_path / "stock.ndjson"
    good = [_line(f"{key}-{number}") for number in range(LINES)]
    file.write_text(_text(good))

    outcome = _send(guarded.url("storefront"), "--file", str(file), "--json")

    assert outcome.returncode == 1, outcome.stderr
    report = json.loads(outcome.stdout)
    assert report["sent"] == LINES
    assert [each["line"] for each in report["not_sent"]] == [LINES + 1]
    assert await _kept(guarded, key, LINES) == {
        (f"{key}-{number}", "/storefront") for number in range(LINES)
    }


def test_a_program_that_may_not_send_it_is_told_who_may(guarded: Guarded) -> None:
    data = json.dumps({"order_id": str(uuid4())})

    outcome = _send(guarded.url("storefront"), "orders.CancelOrder.v1", "--data", data)

    assert outcome.returncode == 2
    assert "does not take orders.CancelOrder.v1 from 'shop.dev.storefront'" in outcome.stderr
    assert "amphibus broker apply" in outcome.stderr


def test_an_operator_sends_what_has_no_route(guarded: Guarded) -> None:
    """The gateway's user may not; and the operator's sends to those who own it, and says no event."""
    data = json.dumps({"order_id": str(uuid4())})
    command = ("inventory.ReleaseStock.v1", "--data", data)

    by_gateway = _send(guarded.url("gateway"), *command)
    by_operator = _send(guarded.url("operator"), *command)

    assert by_gateway.returncode == 2
    assert "from 'shop.dev.gateway'" in by_gateway.stderr
    assert (by_operator.returncode, by_operator.stderr) == (0, "")


def test_a_rate_is_kept(guarded: Guarded, tmp_path: Path) -> None:
    """A producer of a steady stream is what load is measured with."""
    file = tmp_path / "stock.ndjson"
    file.write_text("\n".join(json.dumps(_line(str(uuid4()))) for _ in range(20)))

    outcome = _send(guarded.url("storefront"), "--file", str(file), "--rate", "20", "--json")

    report = json.loads(outcome.stdout)
    assert report["sent"] == 20
    assert report["seconds"] > 0.9


def test_two_ways_at_once_are_refused() -> None:
    outcome = _send("amqp://x", "orders.GetOrder.v1", "--data", "{}", "--http", "http://x")

    assert outcome.returncode == 2
    assert "--http and --amqp" in outcome.stderr


async def _kept(guarded: Guarded, key: str, count: int) -> set[tuple[str, str]]:
    """So much of what lies in the queues of the module, taken out of them."""
    found: set[tuple[str, str]] = set()
    connection = await aiormq.connect(guarded.url("inventory"))
    channel = await connection.channel()

    async def keep(message: DeliveredMessage) -> None:
        headers = message.header.properties.headers or {}
        if str(headers["ce-id"]).startswith(key):
            found.add((str(headers["ce-id"]), str(headers["ce-source"])))

    for partition in range(8):
        await channel.basic_consume(f"{PREFIX}inventory.v1.p{partition}", keep, no_ack=True)
    async with asyncio.timeout(30):
        while len(found) < count:
            await asyncio.sleep(0.01)
    await connection.close()
    return found


def _line(identity: str) -> dict[str, object]:
    data = {"receipt_id": str(uuid4()), "lines": [{"sku": "BULB", "quantity": 1}]}
    return {"type": "inventory.ReceiveStock.v1", "id": identity, "data": data}


def _text(good: list[dict[str, object]]) -> str:
    return "\n".join(json.dumps(each) for each in [*good, {**_line("bad"), "data": {}}])


def _send(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    words = ("send", *arguments, "--amqp", addressed(url, Path(tempfile.mkdtemp())))
    return warm_process().run(words, cwd=ROOT, environ=os.environ)
