"""Our connection to a process that answers for a module: many requests at once, each reply found by its number."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any, Final

from amphibus.messages.cloudevents import to_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.replies import cleaned
from amphibus.telemetry.privacy import describe
from amphibus.transports.direct.answering import MOST_AT_ONCE, longest_answer
from amphibus.transports.direct.frames import BadFrame, Frame, Kind, encoded, read_frame, text_in

_LOOK_SECONDS: Final = 1.0
_SILENT_LOOKS: Final = 3
"""So many looks in a row without a word from the other side, and it is lost; a blocked loop looks only once."""
_MOST_UNSENT_BYTES: Final = 16_777_216
_REPLIES: Final = (Kind.REPLY, Kind.SAFE)


class NotTaken(Exception):
    """The other side did not take a request: it was not done."""


class ConnectionGone(Exception):
    """The connection ended before the reply came: the request may have been done."""


class PeerConnection:
    """Lives from its handshake until it is lost or closed."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        body_limit: int,
        takes_messages: bool = True,
    ) -> None:
        self.takes_messages = takes_messages
        self._reader = reader
        self._writer = writer
        self._body_limit = body_limit
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._silent = 0
        self._looking: asyncio.TimerHandle | None = None
        self._closing = False
        self.usable = True
        """False once it has ended, or shall."""
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @property
    def in_flight(self) -> int:
        """The number of requests that wait for their replies."""
        return len(self._waiting)

    async def ask(self, envelope: Envelope, seconds: float) -> Reply:
        """Sends a request and returns its reply; one that comes after `seconds` is dropped.

        Raises:
            NotTaken: it was not done.
            ConnectionGone: it may have been done.
            TimeoutError: no reply in time; it may have been done.
        """
        head = {"ms": int(seconds * 1000), "headers": to_headers(envelope)}
        return _reply_of(await self._exchange(Kind.REQUEST, head, envelope.body, seconds))

    async def hand(self, envelope: Envelope, seconds: float, *, anyway: bool) -> Reply | None:
        """Hands over a message; returns once it is safe there, with the reply if one was waited for.

        With `anyway` an instance takes it that does not own its partition.

        Raises:
            NotTaken: it was not taken.
            ConnectionGone, TimeoutError: it may have been taken, and be safe.
        """
        if not self.takes_messages:
            raise NotTaken
        head = {"headers": to_headers(envelope), "anyway": anyway}
        frame = await self._exchange(Kind.MESSAGE, head, envelope.body, seconds)
        return _reply_of(frame) if frame.head else None

    async def _exchange(
        self, kind: Kind, head: Mapping[str, Any], body: bytes, seconds: float
    ) -> Frame:
        unsent = self._writer.transport.get_write_buffer_size()
        if not self.usable or self.in_flight >= MOST_AT_ONCE or unsent > _MOST_UNSENT_BYTES:
            raise NotTaken
        number = next(self._numbers)
        sent = self._encoded(kind, number, head, body)
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._writer.write(sent)
        self._look_later()
        try:
            async with asyncio.timeout(seconds):
                frame = await future
        finally:
            del self._waiting[number]
            if self._closing and not self._waiting:
                self._writer.close()
        if frame.kind is Kind.NOT_DONE:
            raise NotTaken
        return frame

    def _encoded(self, kind: Kind, number: int, head: Mapping[str, Any], body: bytes) -> bytes:
        """Returns a frame; one that the other side would hang up for is not sent."""
        try:
            if len(body) <= self._body_limit:
                return encoded(kind, number, head, body)
        except BadFrame:
            pass
        raise NotTaken

    def retire(self) -> None:
        """Takes no more requests, and closes once those under way are answered."""
        self.usable, self._closing = False, True
        if not self._waiting:
            self._writer.close()

    async def close(self) -> None:
        """Ends it now."""
        self._end("it was closed")
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        why, longest = "it ended", longest_answer(self._body_limit)
        try:
            while True:
                frame = await read_frame(self._reader, longest_body=longest)
                self._silent = 0
                future = self._waiting.get(frame.number)
                if future is not None and not future.done() and frame.kind is not Kind.PONG:
                    future.set_result(frame)
        except (EOFError, OSError, BadFrame) as error:
            why = describe(error)
        finally:
            self._end(why)

    def _look_later(self) -> None:
        if self._looking is None:
            self._silent = 0
            self._looking = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Asks the other side for a word, as long as somebody waits for one of it."""
        self._looking = None
        if not self._waiting or not self.usable:
            return
        self._silent += 1
        if self._silent > _SILENT_LOOKS:
            self._end("it answers no more")
            return
        self._writer.write(encoded(Kind.PING))
        self._looking = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _end(self, why: str) -> None:
        self.usable = False
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._writer.transport.abort()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionGone(why))


def _reply_of(frame: Frame) -> Reply:
    """Returns the reply in a frame, its texts cut and cleaned, whoever wrote them."""
    head = frame.head
    outcome = text_in(head, "outcome") if frame.kind in _REPLIES else "failed"
    return cleaned(Reply(outcome, frame.body, text_in(head, "code"), text_in(head, "detail")))
