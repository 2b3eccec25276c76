"""When something of ours breaks: said honestly, logged once, without our insides."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from amphibus.access.principal import Principal
from amphibus.config.http import HttpSettings
from amphibus.errors import StoreUnwritable
from amphibus.gateway.acceptance import Verdict
from amphibus.gateway.app import build_app
from amphibus.gateway.door import Door
from amphibus.gateway.limits.quotas import Quotas
from amphibus.gateway.writes import Intake
from amphibus.messages.ids import derived_id
from tests.gateway.reading_room import Limits, Room, problem

pytestmark = pytest.mark.asyncio


class Broken:
    """The gateway's side of the runtime, on a bad day."""

    def __init__(self, room: Room, error: Exception) -> None:
        self.topology = room.harness.host.topology
        self.error = error
        self.store_failed = room.harness.host.accepted_store().store_failed

    async def accept(self, *_: Any, **__: Any) -> Verdict:
        raise self.error

    def request_id(self, *parts: str) -> str:
        return derived_id(*parts)

    def released(self, message_id: str) -> None:
        pass

    async def waiting(self, most: int) -> int:  # noqa: ARG002
        return 0


def broken(room: Room, error: Exception) -> Room:
    host = room.harness.host
    store: Any = Broken(room, error)
    app = build_app(store, Limits(), host.health, host.meters, Door(unnamed="everybody"))
    room.client._transport.app = app  # type: ignore[attr-defined]
    return room


async def test_a_full_disk_is_no_acceptance_and_is_told_once(room: Room) -> None:
    """However many ask: the lines would go to the disk that is full."""
    with capture_logs() as lines:
        library = broken(room, StoreUnwritable("the disk is full"))
        for _ in range(5):
            answer = await library.lend()
            assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "was not accepted" in problem(answer)["detail"]
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["store.failed"]


async def test_a_gateway_that_cannot_accept_is_not_ready_until_it_can_again(room: Room) -> None:
    """Nobody sends it requests meanwhile, so it finds out by itself."""
    hosted = room.harness.host.modules["gateway"]
    await hosted.store.writer.sql.rows("PRAGMA max_page_count = 1")
    answer = await room.lend(member={"name": "x" * 20_000})
    assert answer.status_code == 503
    assert "full" in (await room.get("/readyz")).json()["reasons"]["gateway"]
    await hosted.readiness.probe()
    assert (await room.get("/readyz")).status_code == 503

    await hosted.store.writer.sql.rows("PRAGMA max_page_count = 1000000")
    async with asyncio.timeout(100):
        while (await room.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)


async def test_a_fault_of_ours_is_logged_under_the_id_that_the_client_gets(room: Room) -> None:
    with capture_logs() as lines:
        answer = await broken(room, RuntimeError("secret")).lend()
    assert answer.status_code == 500
    assert "secret" not in answer.text
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert line["event"] == "http.failed"
    assert line["route"] == "/v1/loans"
    assert line["message_id"] == answer.headers["x-request-id"]
    assert problem(answer)["detail"] == "it may have been done; it was logged"


class Unsure:
    """Knows whose a credential is, on a good day."""

    async def principal(self, _text: str) -> Principal:
        raise StoreUnwritable("the disk is full")


async def test_a_request_that_fails_before_it_is_taken_has_changed_nothing(room: Room) -> None:
    """The look for a key needs the store too; "it may have been done" would have people look for what is not there."""
    host = room.harness.host
    door = Door([("", Unsure())])
    room.client._transport.app = build_app(  # type: ignore[attr-defined]
        host.accepted_store(), Limits(), host.health, host.meters, door
    )
    answer = await room.post("/v1/loans", headers={"Authorization": "Bearer key"})

    assert answer.status_code == 503
    assert problem(answer)["detail"] == "the store is away; nothing was changed"


async def test_a_client_that_leaves_within_its_body_has_asked_nothing(room: Room) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"member":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = await _call(room, messages)
    assert sent == []
    assert room.harness.outgoing() == []
    served = room.harness.host.meters.registry.get_sample_value(
        "amphibus_http_requests_total",
        {"method": "POST", "route": "/v1/loans", "status": "499"},
    )
    assert served == 1


async def test_a_body_that_does_not_come_is_not_waited_for(room: Room) -> None:
    """A client that holds thousands of requests half sent would hold as many of ours."""
    host, soon = room.harness.host, HttpSettings(body_seconds=0.01)
    store, door = host.accepted_store(), Door(unnamed="everybody")
    room.app = build_app(
        store, Limits(), host.health, host.meters, door, intake=Intake(store, soon, Quotas())
    )
    sent = await _call(room, [{"type": "http.request", "body": b"{", "more_body": True}])
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_web_socket_is_turned_away(room: Room) -> None:
    sent = await _call(room, [{"type": "websocket.connect"}], kind="websocket")
    assert sent == [{"type": "websocket.close", "code": 1000}]


async def test_the_server_s_start_and_stop_are_acknowledged(room: Room) -> None:
    sent = await _call(
        room, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], kind="lifespan"
    )
    assert [each["type"] for each in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_a_cancelled_request_can_be_asked_again(room: Room) -> None:
    """A server that stops cancels what is left; the key must not stay taken."""
    room.owner.open.clear()
    task = asyncio.create_task(room.lend(key="k"))
    await room.owner.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    room.owner.open.set()
    answer = await room.lend(key="k")
    assert answer.status_code == 202
    await room.harness.settle()
    assert room.owner.handled == ["lend"]


async def test_requests_are_counted_by_declared_paths_and_known_methods(room: Room) -> None:
    """Paths that clients make up would make as many series."""
    await room.get("/v1/loans/17")
    await room.get("/made/up")
    await room.client.request("BREW", "/v1/loans")
    text = (await room.get("/metrics")).text
    assert '{method="GET",route="/v1/loans/{loan_id}",status="422"} 1.0' in text
    assert '{method="GET",route="(none)",status="404"} 1.0' in text
    assert '{method="OTHER",route="/v1/loans",status="405"} 1.0' in text
    assert "made" not in text


async def test_operators_are_answered_at_the_gateway_too(room: Room) -> None:
    assert (await room.get("/livez")).json() == {"status": "alive"}
    assert (await room.get("/readyz")).status_code == 200
    room.harness.host.health.draining()
    assert (await room.get("/readyz")).status_code == 503


async def _call(room: Room, messages: list[Message], *, kind: str = "http") -> list[Message]:
    sent: list[Message] = []
    left = iter(messages)

    async def receive() -> Message:
        for message in left:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": "POST",
        "path": "/v1/loans",
        "raw_path": b"/v1/loans",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await room.app(scope, receive, send)
    return sent
