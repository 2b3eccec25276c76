"""The answer that goes back to the client."""

from dataclasses import dataclass
from typing import Final

from starlette.types import Message, Scope, Send

_COMMON = ((b"cache-control", b"no-store"),)
_GUARDS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What every answer says to browsers, unless it says something else of the same name."""
_ONLY_BY_TLS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def guarded(scope: Scope, send: Send) -> Send:
    """Returns what sends answers with the headers by which browsers protect people, whoever makes the answer."""
    guards = (*_GUARDS, _ONLY_BY_TLS) if came_by_tls(scope) else _GUARDS

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = list(message["headers"])
            names = {name for name, _ in said}
            missing = [each for each in guards if each[0] not in names]
            message = {**message, "headers": said + missing}
        await send(message)

    return send_guarded


def came_by_tls(scope: Scope) -> bool:
    """Returns whether the client came by TLS, here or at a proxy; a browser passes over the header elsewhere."""
    forwarded = (b"x-forwarded-proto", b"https")
    return scope.get("scheme") == "https" or forwarded in scope["headers"]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A JSON answer, whole; from 400 on it is a problem."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send, *, request_id: str, trace: str, bodiless: bool) -> None:
        """Writes it; to HEAD without its body. To a client that has left it does nothing."""
        problem = self.status >= 400
        headers = [
            (b"content-type", b"application/problem+json" if problem else b"application/json"),
            (b"content-length", b"%d" % len(self.body)),
            (b"traceparent", trace.encode()),
            (b"x-request-id", request_id.encode()),
            *_COMMON,
            *self.headers,
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if bodiless else self.body})
