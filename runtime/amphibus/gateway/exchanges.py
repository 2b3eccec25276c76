"""One request as the gateway sees it: its head, its body, its trace."""

import asyncio
import re
from collections.abc import Iterable
from typing import Final

from starlette.types import Message, Receive, Scope

from amphibus.access.principal import ANYBODY
from amphibus.gateway.limits.throttle import Asked
from amphibus.gateway.problems import MALFORMED, NOT_JSON, SLOW, TOO_LARGE, Problem
from amphibus.messages.ids import new_trace, next_span

CERTIFICATE: Final = "amphibus.client_certificate"
"""Where the name in a client's certificate stands in the scope of a request."""
_CLOSE: Final = ((b"connection", b"close"),)
_LOOK_SECONDS: Final = 1.0
_VISIBLE: Final = re.compile(rb"[\x21-\x7e]{1,255}")
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_JSON: Final = re.compile(
    rb"\s*+application/(?:[\w.+-]+\+)?json\s*+(?:;\s*+charset=\"?utf-8\"?\s*+)?;?\s*+",
    re.IGNORECASE,
)


class ClientGone(Exception):
    """The client left before its request was complete. Nothing was done."""


class HttpExchange:
    """Lives as long as one request."""

    __slots__ = (
        "_headers",
        "_receive",
        "asked",
        "certificate",
        "counted",
        "method",
        "parameters",
        "peer",
        "principal",
        "query",
        "request_id",
        "trace",
        "unchanged",
        "version",
    )

    def __init__(self, scope: Scope, receive: Receive, parameters: dict[str, str]) -> None:
        self.method: str = scope["method"]
        self.version: str = scope.get("http_version", "")
        self.parameters = parameters
        self.query: bytes = scope["query_string"]
        self.request_id = ""
        """The id of the message that the request became, once it is known."""
        self._headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            self._headers.setdefault(name, []).append(value)
        self.trace = trace_of(self._headers.get(b"traceparent", ()))
        self._receive = receive
        self.peer: str = (scope.get("client") or ("",))[0]
        """The address at the other end of the connection, whatever headers say."""
        self.certificate: str = scope.get(CERTIFICATE, "")
        """The name in the certificate that the client has shown, which was checked; empty without one."""
        self.principal = ANYBODY
        """Whoever asks, once the door has found out."""
        self.asked: Asked = "read"
        """The kind of what is asked, for limits of rates."""
        self.counted = False
        """True once it was counted for those."""
        self.unchanged = False
        """True while nothing that it asks for can have been done, whatever fails."""

    @property
    def names(self) -> Iterable[bytes]:
        """The names of its headers, in small letters."""
        return self._headers.keys()

    def sent(self, name: bytes) -> list[bytes]:
        """Returns every value of a header; its name in small letters."""
        return self._headers.get(name, [])

    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key`, if there is one.

        Raises:
            Problem: it is not one of 1 to 255 visible characters.
        """
        sent = self._headers.get(b"idempotency-key")
        if sent is None:
            return None
        if len(sent) != 1 or not _VISIBLE.fullmatch(sent[0]):
            raise Problem(
                MALFORMED,
                "Idempotency-Key must be sent once, with 1 to 255 visible ASCII characters",
            )
        return sent[0].decode("ascii")

    def header(self, name: bytes) -> list[bytes]:
        """Returns the values of a header; its name is in small letters."""
        return self._headers.get(name, [])

    async def gone(self) -> None:
        """Returns once the client has left; its request is read already, or has no body."""
        while (await self._receive())["type"] != "http.disconnect":
            await asyncio.sleep(_LOOK_SECONDS)  # middleware may give the body again, and never wait

    def body_size(self, limit: int) -> int:
        """Returns how many bytes the body has at most, as its head says.

        Raises:
            Problem: it is not declared as JSON, or is larger than `limit` bytes.
        """
        self._check_head(limit)
        lengths = self._headers.get(b"content-length")
        if lengths and lengths[0].isdigit():
            return int(lengths[0])
        return limit if b"transfer-encoding" in self._headers else 0

    async def body(self, limit: int, within: float) -> bytes:
        """The whole body; `body_size` was asked before.

        Raises:
            Problem: it is larger than `limit` bytes, or does not come whole within some seconds.
            ClientGone: it never came.
        """
        try:
            async with asyncio.timeout(within):
                message = await self._next()
                first: bytes = message.get("body", b"")
                if not message.get("more_body") and len(first) <= limit:
                    return first
                return await self._rest(bytearray(first), message, limit)
        except TimeoutError:
            raise Problem(SLOW, "the body did not come whole in time", headers=_CLOSE) from None

    async def _rest(self, body: bytearray, message: Message, limit: int) -> bytes:
        while True:
            if len(body) > limit:
                raise _too_large(limit)
            if not message.get("more_body"):
                return bytes(body)
            await asyncio.sleep(0)  # pieces that are there already let others, and the clock, go on
            message = await self._next()
            body += message.get("body", b"")

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message

    def _brings_body(self) -> bool:
        lengths = self._headers.get(b"content-length", ())
        return any(each.strip(b"0 ") for each in lengths) or b"transfer-encoding" in self._headers

    def _check_head(self, limit: int) -> None:
        kinds = self._headers.get(b"content-type", ())
        if any(not _JSON.fullmatch(kind) for kind in kinds) or len(kinds) > 1:
            raise Problem(NOT_JSON, "send application/json in UTF-8", headers=_CLOSE)
        if not kinds and self._brings_body():
            # A page of elsewhere may send a body without a type, and not one of this type.
            raise Problem(NOT_JSON, "say Content-Type: application/json", headers=_CLOSE)
        codings = self._headers.get(b"content-encoding", ())
        if any(coding.strip().lower() not in (b"", b"identity") for coding in codings):
            raise Problem(NOT_JSON, "send the body uncompressed", headers=_CLOSE)
        lengths = self._headers.get(b"content-length", ())
        if any(
            length.isdigit() and (len(length) > 15 or int(length) > limit) for length in lengths
        ):
            raise _too_large(limit)


def trace_of(sent: Iterable[bytes]) -> str:
    """Goes on with the trace that the client sent, if it is one, or begins a new one."""
    values = list(sent)
    if len(values) != 1 or not _TRACEPARENT.fullmatch(values[0]):
        return new_trace()
    known = values[0].decode("latin-1")
    if known.startswith("00") and len(known) > 55:
        return new_trace()
    return next_span(f"00{known[2:55]}")


def _too_large(limit: int) -> Problem:
    return Problem(TOO_LARGE, f"the body may have {limit} bytes at most", headers=_CLOSE)
