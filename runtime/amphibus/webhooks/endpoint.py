"""One endpoint: posts events to it, signed, and says what its answer means."""

import asyncio
import contextlib
import ssl
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore

from amphibus.clock import SECOND, Clock, SystemClock, as_microseconds
from amphibus.config.webhooks import WebhookSettings, key_of
from amphibus.errors import AmphibusError, Unavailable
from amphibus.messages.envelope import Envelope
from amphibus.webhooks.cloud_event import posted
from amphibus.webhooks.guard import GuardedBackend
from amphibus.webhooks.signature import signature_of

_BUSY: Final = frozenset({429, 502, 503, 504})
"""Answers that ask for patience; the event itself is not at fault."""
_MOST_CONNECTIONS: Final = 32
"""As many as calls of a module to the outside, unless that is set otherwise."""
_LONGEST_ANSWER: Final = 64 * 1024
_REST_SECONDS: Final = 1.0
"""The time for what follows the status, which is of no use to anybody here."""
_LONGEST_PATIENCE_SECONDS: Final = 3_600.0
_LOST: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    OSError,
)


class EndpointRefused(AmphibusError):
    """The endpoint answered, and did not take the event. It is tried again as the policy says."""


class Endpoint:
    """The endpoint of one webhook. Lives as long as its module is hosted; it connects when it posts."""

    def __init__(self, name: str, settings: WebhookSettings, *, clock: Clock | None = None) -> None:
        self._name = name
        self._settings = settings
        self._clock = clock or SystemClock()
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def post(self, envelope: Envelope) -> None:
        """Posts an event; returns once the endpoint has taken it.

        Raises:
            Unavailable: it is away or busy, or nobody has said its address or its secret yet, so the event waits, and
                spends no attempt.
            EndpointRefused: it answered something else.
            ConfigError: its address lies inside.
        """
        headers, body = posted(envelope, self._settings.mode)
        timestamp = self._clock.now() // SECOND
        headers |= {
            "webhook-id": envelope.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature_of(self._keys(), envelope.id, timestamp, body),
            "user-agent": "amphibus",
        }
        try:
            status, after = await self._answered(headers, body)
        except _LOST as error:
            raise Unavailable(
                f"the endpoint of webhook {self._name} does not answer: {type(error).__name__}"
            ) from None
        if not 200 <= status < 300:
            self._refuse(status, after)

    def _refuse(self, status: int, after: str) -> None:
        if status in _BUSY:
            raise Unavailable(
                f"the endpoint of webhook {self._name} answered {status}", self._seconds(after)
            )
        raise EndpointRefused(
            f"the endpoint of webhook {self._name} answered {status}",
            "only 2xx says that it has the event; redirects are not followed",
            f"amphibus config show webhooks.{self._name}.url",
        )

    async def _answered(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """The status and the text of Retry-After; no more of an answer is read than is sensible."""
        seconds = self._settings.timeout_seconds
        limits = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        async with self._connections().stream(
            "POST",
            self._settings.url,
            headers=list(headers.items()),
            content=body,
            extensions={"timeout": limits},
        ) as response:
            await _read_rest(response)
            found = {name.lower(): value for name, value in response.headers}
            return response.status, found.get(b"retry-after", b"").decode("latin-1")

    def _connections(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                max_connections=_MOST_CONNECTIONS,
                keepalive_expiry=5.0,
                network_backend=GuardedBackend(private=self._settings.private),
            )
        return self._pool

    def _keys(self) -> list[bytes]:
        given = self._settings
        if not given.url or given.secret is None:
            raise Unavailable(
                f"webhook {self._name} has no {'secret' if given.url else 'url'} yet: events wait for"
                f" AMPHIBUS_WEBHOOKS__{self._name.upper()}__{'SECRET_FILE' if given.url else 'URL'}"
            )
        return [key_of(each) for each in (given.secret, given.old_secret) if each is not None]

    def _seconds(self, after: str) -> float | None:
        """The patience that Retry-After asks for, as a number or a date; bounded, since a stranger says it."""
        try:
            seconds = float(after) if after.strip().isdigit() else self._until(after)
        except (ArithmeticError, TypeError, ValueError):  # an offset may have any number of digits
            return None
        return min(max(seconds, 0.0), _LONGEST_PATIENCE_SECONDS)

    def _until(self, date: str) -> float:
        return (as_microseconds(parsedate_to_datetime(date)) - self._clock.now()) / SECOND


async def _read_rest(response: httpcore.Response) -> None:
    """Reads what follows the status, so that the connection can be used again; however it ends, the answer stands."""
    read = 0
    with contextlib.suppress(*_LOST):
        async with asyncio.timeout(_REST_SECONDS):
            async for piece in response.aiter_stream():
                read += len(piece)
                if read > _LONGEST_ANSWER:
                    return
