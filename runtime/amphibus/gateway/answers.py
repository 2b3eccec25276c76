"""The answer that goes back to the client."""

from dataclasses import dataclass

from starlette.types import Send

_COMMON = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


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
