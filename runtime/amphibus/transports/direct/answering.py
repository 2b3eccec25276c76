"""One connection by which another module asks one of ours, or sends to it: answers each as soon as it can."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from amphibus.clock import Clock
from amphibus.errors import Undecodable
from amphibus.messages.cloudevents import from_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.replies import cleaned
from amphibus.telemetry.privacy import describe
from amphibus.transport import Inbound
from amphibus.transports.direct.door import Arrival, Door
from amphibus.transports.direct.frames import BadFrame, Frame, Kind, encoded, read_frame

MOST_AT_ONCE: Final = 256
"""Requests of one connection under way."""
_MOST_BYTES: Final = 33_554_432
"""Of requests under way and answers not sent yet; more are left in the connection, where their sender feels it."""
_UNSENT_BYTES: Final = 65_536
_SEND_SECONDS: Final = 10.0
_LONGEST_MS: Final = 86_400_000

Doubt = Callable[[Envelope], str | None]
"""Returns why a request must not be believed, or None."""


class NotTakenHere(Exception):
    """Raised by the receiving end for a request that another process may take: it was not done."""


class AnsweredConnection:
    """Lives as long as its connection.

    Args:
        asking: the module that asks, proved.
        inbound: returns the receiving end of the module that is asked, while it takes requests.
        door: returns where its messages come in, while it takes any.
        doubt: what else a request must be.
        clock: of the host.
        body_limit: bytes of a request's body.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        asking: str,
        inbound: Callable[[], Inbound | None],
        door: Callable[[], Door | None],
        doubt: Doubt,
        clock: Clock,
        body_limit: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._asking = asking
        self._inbound = inbound
        self._door = door
        self._doubt = doubt
        self._clock = clock
        self._body_limit = body_limit
        self._running: set[asyncio.Task[None]] = set()
        self._taken: set[int] = set()
        """The numbers of messages that are not safe yet."""
        self._bytes = 0
        self._less = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Returns whether a request is being answered, or a message handled."""
        return bool(self._running or self._taken)

    async def serve(self) -> None:
        """Reads requests until the connection ends; nobody waits for what is unanswered then.

        Raises:
            BadFrame: something came that is no request.
            EOFError, OSError: the connection ended.
        """
        try:
            while True:
                frame = await read_frame(self._reader, longest_body=self._body_limit)
                if frame.kind is Kind.PING:
                    await self._send(encoded(Kind.PONG, frame.number))
                elif frame.kind is Kind.REQUEST:
                    await self._take(frame)
                elif frame.kind is Kind.MESSAGE:
                    await self._take_message(frame)
                else:
                    raise BadFrame(f"{frame.kind.name} in the place of a request")
        finally:
            for task in self._running:
                task.cancel()

    async def _take(self, frame: Frame) -> None:
        seconds, headers = _seconds_of(frame.head), _headers_of(frame.head)
        inbound = self._inbound()
        if inbound is None or len(self._running) >= MOST_AT_ONCE:
            await self._send(encoded(Kind.NOT_DONE, frame.number))
            return
        self._bytes += len(frame.body)
        answering = self._answer(inbound, frame.number, headers, frame.body, seconds)
        task = asyncio.get_running_loop().create_task(answering)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await self._room()

    async def _take_message(self, frame: Frame) -> None:
        headers, door = _headers_of(frame.head), self._door()
        if door is None or len(self._taken) >= MOST_AT_ONCE:
            await self._send(encoded(Kind.NOT_DONE, frame.number))
            return
        self._taken.add(frame.number)
        self._bytes += len(frame.body)
        door.take(
            Arrival(self._asking, headers, frame.body, anyway=frame.head.get("anyway") is True),
            partial(self._settled, frame.number, len(frame.body)),
        )
        await self._room()

    def _settled(self, number: int, size: int, safe: bool, reply: Reply | None) -> None:
        """Tells the sender what became of its message, if it still listens."""
        self._taken.discard(number)
        self._bytes -= size
        self._less.set()
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > _MOST_BYTES:
            transport.abort()  # it reads no answers
        elif not safe:
            self._writer.write(encoded(Kind.NOT_DONE, number))
        elif reply is None or len(reply.body) > longest_answer(self._body_limit):
            self._writer.write(encoded(Kind.SAFE, number))
        else:
            self._writer.write(encoded(Kind.SAFE, number, _head_of(reply), reply.body))

    async def _room(self) -> None:
        while self._bytes > _MOST_BYTES:
            self._less.clear()
            await self._less.wait()

    async def _answer(
        self, inbound: Inbound, number: int, headers: dict[str, str], body: bytes, seconds: float
    ) -> None:
        held = len(body)
        try:
            async with asyncio.timeout(seconds) as waiting:
                reply = await self._reply(inbound, headers, body)
            if not waiting.expired():  # its handler may have caught its cancellation
                held += len(reply.body)
                self._bytes += len(reply.body)
                await self._send(encoded(Kind.REPLY, number, _head_of(reply), reply.body))
        except NotTakenHere:
            with contextlib.suppress(OSError, BadFrame):
                await self._send(encoded(Kind.NOT_DONE, number))
        except (TimeoutError, OSError, BadFrame):
            pass  # nobody waits any more
        finally:
            self._bytes -= held
            self._less.set()

    async def _send(self, frame: bytes) -> None:
        """Sends a frame; hangs up on who reads no answers, since memory would grow with them."""
        self._writer.write(frame)
        if self._writer.transport.get_write_buffer_size() <= _UNSENT_BYTES:
            return
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._writer.drain()
        except TimeoutError:
            self._writer.transport.abort()
            raise BadFrame("it reads no answers") from None

    async def _reply(self, inbound: Inbound, headers: dict[str, str], body: bytes) -> Reply:
        try:
            envelope = from_headers(headers, body, now=self._clock.now())
        except Undecodable as error:
            return Reply("failed", detail=describe(error))
        why = self._doubt(envelope)
        if envelope.source != self._asking:
            why = f"it says that it comes from {envelope.source}, and was sent by {self._asking}"
        if why is not None:
            return Reply("failed", detail=why)
        try:
            reply = await inbound.request(envelope)
        except NotTakenHere:
            raise
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            return Reply("failed", detail=describe(error))
        most = longest_answer(self._body_limit)
        if len(reply.body) > most:
            return Reply(
                "failed", detail=f"its answer has {len(reply.body)} bytes; it may have {most}"
            )
        return reply


def longest_answer(body_limit: int) -> int:
    """Returns the bytes that an answer may have, where a request may have so many."""
    return 4 * body_limit


def _seconds_of(head: Mapping[str, Any]) -> float:
    """Returns the time for which the other side still waits."""
    left = head.get("ms")
    if not isinstance(left, int) or isinstance(left, bool):
        raise BadFrame("a request that does not say how long it is waited for")
    bounded = min(max(left, 0), _LONGEST_MS)  # first: a number may be too long to divide
    return bounded / 1000


def _headers_of(head: Mapping[str, Any]) -> dict[str, str]:
    found = head.get("headers")
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise BadFrame("a request whose headers are not texts")
    return found


def _head_of(reply: Reply) -> dict[str, str]:
    said = cleaned(reply)
    texts = {"outcome": said.outcome, "code": said.code, "detail": said.detail}
    return {name: text for name, text in texts.items() if text}
