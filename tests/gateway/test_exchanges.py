"""A request costs what it is worth, whatever stands between the server and the gateway."""

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

import pytest

from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import NOT_JSON, Problem


def exchange(*headers: tuple[bytes, bytes], receive: Any = None) -> HttpExchange:
    scope = {"method": "POST", "query_string": b"", "headers": list(headers)}
    return HttpExchange(scope, receive, {})


@pytest.mark.asyncio
async def test_a_body_that_is_given_again_and_again_does_not_stop_the_process() -> None:
    """As middleware does that has read the body for itself. Whether the client has left is not known then."""
    asked = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal asked
        asked += 1
        assert asked < 100, "nobody else gets a turn"
        return {"type": "http.request", "body": b"", "more_body": False}

    waiting = asyncio.create_task(exchange(receive=receive).gone())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.asyncio
async def test_pieces_without_content_do_not_stop_the_process() -> None:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": True}

    reading = asyncio.create_task(exchange(receive=receive).body(100, within=0.05))
    with pytest.raises(Problem, match="did not come whole in time"):
        await reading


def test_a_long_content_type_is_read_once() -> None:
    """Each further blank must not cost as much as all before it."""
    kind = b"application/json" + b" " * 100_000 + b"x"
    began = time.process_time()
    with pytest.raises(Problem) as refused:
        exchange((b"content-type", kind)).body_size(100)

    assert refused.value.kind is NOT_JSON
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json",
        b"application/JSON ; charset=utf-8 ; ",
        b' application/problem+json; charset="UTF-8"',
        b"application/a+b+json;",
    ],
)
def test_whatever_is_said_to_be_json_is_taken(kind: bytes) -> None:
    assert exchange((b"content-type", kind), (b"content-length", b"2")).body_size(100) == 2
