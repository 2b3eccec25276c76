"""`GET <location>/events`: server-sent events, which end with the outcome of a command."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from starlette.types import Send

from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.outcomes.waiting import Waiting
from amphibus.gateway.problems import AWAY, NOT_FOUND, Problem
from amphibus.gateway.reads import QueryEndpoint
from amphibus.messages.contracts.amphibus.flow_answers import FlowOutcome
from amphibus.messages.ids import new_id

HEARTBEAT_SECONDS: Final = 15.0
_KNOWN_SECONDS: Final = 1.0
"""The time in which an outcome is found that there is already."""
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),
)
_SOON: Final = ((b"retry-after", b"1"),)


class OutcomeStream:
    """Streams to those who wait for what one path shows.

    Args:
        binding: the query at that path.
        reads: what is answered there, which each event carries: who may read it sees it, and nothing else.
        creators: the stored commands whose Location leads there.
        waiting: the places.
    """

    def __init__(
        self,
        binding: RouteBinding,
        reads: QueryEndpoint,
        creators: Sequence[RouteBinding],
        waiting: Waiting,
    ) -> None:
        self._binding = binding
        self._reads = reads
        self._creators = creators
        self._waiting = waiting
        self.store_failed = reads.store_failed

    async def __call__(self, exchange: HttpExchange, send: Send) -> int:
        """Sends a heartbeat every 15 seconds and the outcome once there is one; returns the status.

        Raises:
            Problem: there is nothing to wait for, or no place left.
            ClientGone: the client left.
        """
        exchange.request_id = new_id()
        exchange.asked = "wait"
        await self._reads.admit(exchange)
        followed = await self._waiting.followed(self._creators, exchange, self._binding)
        if followed is None:
            raise Problem(NOT_FOUND, "nothing was accepted here under this id")
        with self._waiting.place(exchange.peer) as taken:
            if not taken:
                raise Problem(AWAY, "too many wait already", headers=_SOON)
            if exchange.method == "HEAD":
                await _whole(send, 200)
                return 200
            seen = exchange.header(b"last-event-id")
            found = (
                await self._waiting.outcome(followed, exchange, _KNOWN_SECONDS) if seen else None
            )
            if found is not None and found.id.encode() in seen:
                await _whole(send, 204)  # which tells a client to come no more
                return 204
            await _begin(send, exchange)
            if found is None and not self._waiting.ending:
                beat = partial(_write, send, b": waiting\n\n")
                found = await self._waiting.outcome(followed, exchange, HEARTBEAT_SECONDS, beat)
            last = b"" if found is None else await self._event(found, exchange)
            await _write(send, last, more=False)
        return 200

    async def _event(self, outcome: FlowOutcome, exchange: HttpExchange) -> bytes:
        try:
            shown = (await self._reads.read(exchange)).body
        except Problem as problem:
            shown = problem.answer(exchange.request_id).body
        name = outcome.type.split(".")[1]
        data = b" ".join(shown.splitlines())
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (outcome.id.encode(), name.encode(), data)


async def _begin(send: Send, exchange: HttpExchange) -> None:
    more = (
        (b"traceparent", exchange.trace.encode()),
        (b"x-request-id", exchange.request_id.encode()),
    )
    start = {"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *more]}
    await send(start)
    await _write(send, b"retry: 1000\n\n")


async def _whole(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await _write(send, b"", more=False)


async def _write(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
