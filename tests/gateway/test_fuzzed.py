"""Twenty thousand requests, the same for a seed, on real sockets: each is answered, and nothing is left of them."""

import asyncio
import contextlib
import json
import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import pytest

from amphibus.config.settings import Settings
from amphibus.host.http.server import HttpServer
from tests.gateway.limited import hear
from tests.gateway.reading_room import reading_room

pytestmark = [pytest.mark.asyncio, pytest.mark.full, pytest.mark.timeout(900)]
_SEED: Final = 20_261_130
_REQUESTS: Final = 20_000
_WARM: Final = 500
_AT_ONCE: Final = 20
_PATIENT: Final = 300.0
_ID: Final = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
_PATHS: Final = (
    *("/v1/loans", f"/v1/loans/{_ID}", f"/v1/loans/{_ID}/renewals", f"/v1/loans/{_ID}/close"),
    *("/v1/rooms/1/shelves/A", "/livez", "/readyz", "/openapi.json", f"/v1/messages/{_ID}"),
)
_PARTS: Final = (
    *("", ".", "..", "%2e%2e", "%2F", "%00", "%ff", "%", "%zz", "a" * 300, "-1", "1e9", "%C3%BC"),
    *("' OR 1=1 --".replace(" ", "+"), "?limit=-1", "?status=x&status=y", "?from=2026-13-45", "?"),
)
_FIELDS: Final = (
    *("Prefer: wait=1", "Prefer: wait=99999999999", "Idempotency-Key: k", "Idempotency-Key: \xff"),
    *("Authorization: Bearer x.y.z", "Authorization: Basic %%%", "Authorization: \t", "Cookie: a"),
    *("Content-Type: application/xml", "Content-Encoding: gzip", "Accept: image/png", "Accept: ;"),
    *("X-HTTP-Method-Override: DELETE", "traceparent: 00-zz-zz-01", "X-Request-ID: \x7f", "X: "),
    *("If-None-Match: *", "Range: bytes=0-", "Origin: null", "X-Forwarded-For: 127.0.0.1"),
)
_SPOILING: Final = (
    *(b"\x00", b"\xff", b"\r", b"\n", b" ", b"\r\n\r\n", b"\r\n folded", b":", b"\t"),
    *(b"Content-Length: -1\r\n", b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Transfer-Encoding: x\r\n", b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\n", b"HTTP/9.9"),
)
_NAMES: Final = ("loan_id", "member", "books", "weeks", "name", "title", "copies", "since", "x")
_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    2**70,
    1e300,
    "",
    "x",
    "\ud800",
    "9" * 400,
    [],
    [[]],
    {},
    _ID,
)


class _Request(NamedTuple):
    """The bytes of a request; a spoilt one may end without an answer."""

    sent: bytes
    spoilt: bool


def _request(dice: Random) -> _Request:
    """Makes up a request with something wrong in it, mostly."""
    path = dice.choice(_PATHS)
    if dice.random() < 0.3:
        path = path.replace(dice.choice(path.split("/")[1:]), dice.choice(_PARTS))
    if dice.random() < 0.2:
        path += dice.choice(_PARTS)
    method = dice.choice(("GET", "POST")) if dice.random() < 0.7 else dice.choice(_METHODS)
    body = _body(dice) if dice.random() < 0.7 else b""
    fields = ["Host: library", f"Content-Length: {len(body)}", "Connection: close"]
    fields += dice.sample(_FIELDS, dice.randrange(4))
    head = "\r\n".join((f"{method} {path} HTTP/1.1", *fields, "", ""))
    sent = head.encode("latin-1") + body
    if dice.random() < 0.8:
        return _Request(sent, spoilt=False)
    return _Request(_spoilt(dice, sent), spoilt=True)


def _body(dice: Random) -> bytes:
    member: dict[str, Any] = {"name": "Ada"}
    book: dict[str, Any] = {"title": "Notes"}
    found: dict[str, Any] = {"member": member, "books": [book]}
    for _ in range(dice.randrange(4)):
        dice.choice([found, member, book])[dice.choice(_NAMES)] = dice.choice(_VALUES)
    whole = json.dumps(found).encode()
    if dice.random() < 0.2:
        return dice.choice([whole[: len(whole) // 2], dice.randbytes(200), b"[" * 9_000, b"\xef"])
    return whole


def _spoilt(dice: Random, sent: bytes) -> bytes:
    """Puts something between the bytes, or takes the end away."""
    for _ in range(1 + dice.randrange(3)):
        at = dice.randrange(len(sent))
        sent = sent[:at] + dice.choice(_SPOILING) + sent[at:]
    return sent[: dice.randrange(len(sent))] if dice.random() < 0.2 else sent


async def test_twenty_thousand_requests_meet_no_fault_and_leave_nothing(tmp_path: Path) -> None:
    """No answer says that we failed; descriptors and tasks are as many as before."""
    dice, answers = Random(_SEED), Counter[str]()
    settings = Settings(port=0)
    room_of = reading_room(
        tmp_path,
        accept_within_seconds=_PATIENT,
        request_timeout_seconds=_PATIENT,
        longest_wait_seconds=0.01,
    )
    async with room_of as room:
        server = HttpServer(room.app, settings)
        await server.start()
        port = int(server.url.rpartition(":")[2])

        async def work(requests: int) -> None:
            for _ in range(requests):
                await _tried(port, _request(dice), answers)

        await asyncio.gather(*(work(_WARM // _AT_ONCE) for _ in range(_AT_ONCE)))
        before = await _left(server)
        await asyncio.gather(*(work(_REQUESTS // _AT_ONCE) for _ in range(_AT_ONCE)))
        after = await _left(server)
        await server.stop()

    wrong = {answer: times for answer, times in answers.items() if answer.startswith(("5", "no "))}
    assert wrong == {}
    assert after == before
    assert {"200", "202", "400", "404", "405", "422"} <= set(answers)


async def _tried(port: int, request: _Request, answers: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    with contextlib.suppress(OSError):
        writer.write(request.sent)
        if request.spoilt:
            writer.write_eof()
        heard = await hear(reader)
    answers[_answer(request, heard)] += 1
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def _answer(request: _Request, heard: bytes) -> str:
    """Names what was answered: a status, or `no answer` and the request that has none."""
    head, _, body = heard.partition(b"\r\n\r\n")
    status = head[9:12].decode() if head.startswith(b"HTTP/1.1 ") else ""
    if not status:
        return "hung up" if request.spoilt else f"no answer to {request.sent!r}"
    if status >= "500":
        return f"{status} {body!r} to {request.sent!r}"
    return status


async def _left(server: HttpServer) -> tuple[int, int]:
    """Counts descriptors and tasks, once the last connection has gone."""
    async with asyncio.timeout(_PATIENT):
        while len(server._connections):
            await asyncio.sleep(0.01)
    return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())  # noqa: PTH208
