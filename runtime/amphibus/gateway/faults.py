"""Whatever fails at a request, it is answered: told honestly, logged once, without our insides."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog
from starlette.types import Message, Send

from amphibus.database.faults import is_store_failure
from amphibus.gateway.answers import HttpAnswer
from amphibus.gateway.exchanges import ClientGone, HttpExchange
from amphibus.gateway.problems import AWAY, FAULT, Problem
from amphibus.gateway.writes import SOON
from amphibus.messages.ids import new_id

_log: Any = structlog.get_logger()
_READS: Final = frozenset(("GET", "HEAD"))


class _UsesStore(Protocol):
    """A part of the gateway that uses its store."""

    @property
    def store_failed(self) -> Callable[[BaseException], object]:
        """Returns what is told that the store could not be used."""
        ...


class Endpoint(_UsesStore, Protocol):
    """Answers the requests of one route."""

    async def __call__(self, exchange: HttpExchange) -> HttpAnswer: ...  # noqa: D102


class Streaming(_UsesStore, Protocol):
    """Streams to those who ask at one route."""

    async def __call__(self, exchange: HttpExchange, send: Send) -> int: ...  # noqa: D102


async def worked(target: Endpoint, exchange: HttpExchange, route: str) -> HttpAnswer:
    """Returns the answer, whatever happens.

    Raises:
        ClientGone: nobody waits for one.
    """
    try:
        return await target(exchange)
    except Problem as problem:
        exchange.request_id = exchange.request_id or new_id()
        return problem.answer(exchange.request_id)
    except (ClientGone, asyncio.CancelledError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is answered
        return _fault(error, target, exchange, route)


async def streamed(target: Streaming, exchange: HttpExchange, route: str, send: Send) -> int:
    """Streams and returns the status; a fault before anything was sent is answered, a later one ends the stream.

    Raises:
        Problem: there is nothing to stream.
        ClientGone: nobody waits any more.
    """
    begun = False

    async def noting(message: Message) -> None:
        nonlocal begun
        begun = True
        await send(message)

    try:
        return await target(exchange, noting)
    except (Problem, ClientGone, asyncio.CancelledError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is answered
        answer = _fault(error, target, exchange, route)
        if not begun:
            return await sent(answer, exchange, send)
        await send({"type": "http.response.body", "body": b""})  # a browser comes again
        return answer.status


async def sent(answer: HttpAnswer, exchange: HttpExchange, send: Send) -> int:
    """Sends an answer and returns its status."""
    await answer.send(
        send,
        request_id=exchange.request_id or new_id(),
        trace=exchange.trace,
        bodiless=exchange.method == "HEAD",
    )
    return answer.status


def _fault(
    error: BaseException, target: _UsesStore, exchange: HttpExchange, route: str
) -> HttpAnswer:
    """A store that failed is noted too, so that the process is not ready until it can be used."""
    exchange.request_id = message_id = exchange.request_id or new_id()
    unchanged = exchange.unchanged or exchange.method in _READS
    done = "nothing was changed" if unchanged else "it may have been done"
    if is_store_failure(error):
        target.store_failed(error)
        return Problem(AWAY, f"the store is away; {done}", headers=SOON).answer(message_id)
    where = {"method": exchange.method, "route": route, "message_id": message_id}
    _log.error("http.failed", **where, exc_info=error)
    return Problem(FAULT, f"{done}; it was logged").answer(message_id)
