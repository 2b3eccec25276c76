"""HTTP on one connection, with limits. Uvicorn's own protocol has none of a head's size, its fields and its time."""

import asyncio
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from amphibus.connections.connections import Connections, Phase
from amphibus.connections.origin import origin_of
from amphibus.gateway.limits.patience import Limits
from amphibus.gateway.problems import BUSY, HEAD_SLOW, HEAD_TOO_LARGE, MALFORMED, Problem
from amphibus.messages.ids import new_id

_MOST_PIPELINED: Final = 32
_FRAMING: Final = 8
"""Bytes with which a client may frame one byte of a body: chunks of one byte take six."""
_CLOSE: Final = ((b"connection", b"close"),)
_SOON: Final = ((b"retry-after", b"1"),)


class LimitedProtocol(HttpToolsProtocol):
    """Reads requests of one client, and ends the connection where it asks too much or does not go on.

    Args:
        connections: all of the process.
        limits: the settings, read each time.
        given: what uvicorn gives each of its protocols.
    """

    def __init__(self, connections: Connections, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self._all = connections
        self._limits = limits
        self.address = ""
        self.phase = Phase.FRESH
        self.since = connections.now
        """When the phase began."""
        self._head = 0
        """Bytes that came since the data in which the head, or what frames the body, began."""
        self._large = False
        """True if the head may be too large, so that it has to be counted."""
        self._refusal: Problem | None = None
        self._untaken: tuple[float, int] = (connections.now, 0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a place, or says that there is none."""
        super().connection_made(transport)
        self.address = origin_of(self.client[0] if self.client else "")
        self.since = self._all.now
        if not self._all.admit(self):
            self._refuse(Problem(BUSY, "there are too many connections; try again", headers=_SOON))

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the place back."""
        self._all.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, as long as it is not too much."""
        if self.transport.is_closing():
            return
        begun = self.phase in (Phase.HEAD, Phase.BODY)
        self._large = self._large or begun or len(data) > self._limits.head_bytes
        self._unset_keepalive_if_required()
        if begun:
            self._head += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # answered as what it also is, a request
        except httptools.HttpParserError:
            self._refuse(self._refusal or Problem(MALFORMED, "this is no HTTP"))
            return
        if begun and self._head > self._limits.head_bytes:
            self._refuse(self._too_large())

    def on_message_begin(self) -> None:
        """Begins to count."""
        super().on_message_begin()
        self.phase, self.since, self._head = Phase.HEAD, self._all.now, 0

    def on_headers_complete(self) -> None:
        """Has the request answered, if its head is not too much."""
        limits = self._limits
        if len(self.headers) > limits.head_fields or (
            self._large and self._length() > limits.head_bytes
        ):
            self._refusal = self._too_large()
            raise _Stop
        if len(self.pipeline) >= _MOST_PIPELINED:
            self.end()
            raise _Stop
        self.phase, self.since, self._head, self._large = Phase.BODY, self._all.now, 0, False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Passes a part of a body on."""
        self._head -= len(body) * _FRAMING
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Waits for nothing more of this request."""
        super().on_message_complete()
        self.phase = Phase.BUSY if self._answering() else Phase.IDLE
        self.since = self._all.now

    def on_response_complete(self) -> None:
        """Waits for the next request, if this one has come whole."""
        super().on_response_complete()
        if self.phase is Phase.BUSY and not self.pipeline and not self._answering():
            self.phase, self.since = Phase.IDLE, self._all.now

    def late(self) -> None:
        """Ends the connection; whoever has begun a head is told."""
        if self.phase is Phase.HEAD and not self._answering():
            self._refuse(Problem(HEAD_SLOW, "the head did not come whole in time"))
        elif self.phase is Phase.IDLE:
            self.transport.close()  # what is left of the answer may still be taken
        else:
            self.end()

    def end(self) -> None:
        """Ends the connection at once."""
        self.transport.abort()

    def look(self, now: float) -> None:
        """Ends the connection if nothing of an answer is taken for as long as a body may take."""
        size = self.transport.get_write_buffer_size()
        since, before = self._untaken
        if not size or size < before:
            self._untaken = (now, size)
        elif now - since > self._limits.body_seconds:
            self.end()
        elif size != before:
            self._untaken = (since, size)

    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _length(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_large(self) -> Problem:
        limits = self._limits
        most = f"{limits.head_bytes} bytes and {limits.head_fields} fields"
        return Problem(HEAD_TOO_LARGE, f"the head may have {most} at most")

    def _refuse(self, problem: Problem) -> None:
        """Answers, unless an answer is being written, and ends the connection."""
        if self.transport.is_closing():
            return
        if not self._answering():
            self.transport.write(_whole(problem, self.server_state.default_headers))
        self.transport.close()


class _Stop(Exception):
    """Ends the reading of what a client sends."""


def _whole(problem: Problem, common: list[tuple[bytes, bytes]]) -> bytes:
    identity = new_id()
    answer = problem.answer(identity)
    fields = (
        *common,
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", identity.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *_CLOSE,
        *answer.headers,
    )
    head = b"".join(b"%b: %b\r\n" % each for each in fields)
    return b"%b%b\r\n%b" % (STATUS_LINE[answer.status], head, answer.body)
