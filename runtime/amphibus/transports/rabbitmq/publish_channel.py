"""Publishes on one channel: what is put in one turn of the loop is written at once.

The library's own way takes a task, a lock, a timeout and three contexts for each message. Here the
broker's answers, which the library still reads, are told to whoever put the message, at once.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import structlog
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from aiormq.exceptions import ChannelInvalidStateError

from amphibus.transports.rabbitmq.frames import Address, Properties, published

_log: Any = structlog.get_logger()

Told = Callable[[BaseException | None], None]
"""Called once with what became of a message: None where the broker has it for good, PublishError where no queue
takes it, DeliveryError where one refuses it. Never where the channel is lost before: then nobody knows."""


class _Answer:
    """Stands among the futures that the library keeps of what is not confirmed."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Told) -> None:
        self._tell = tell

    def done(self) -> bool:
        return False

    def set_result(self, _frame: Any) -> None:
        self._tell(None)

    def set_exception(self, error: BaseException) -> None:
        self._tell(error)


class Outlet:
    """Lives as long as its channel, on which nobody else publishes."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._frames: list[bytes] = []
        self._due = False
        """Whether what is put now is written without being asked for."""
        self._waiting: asyncio.Task[None] | None = None

    def put(
        self, to: Address, body: bytes, properties: Properties, told: Told | None = None
    ) -> None:
        """Publishes a message. `told` is for a channel with confirms.

        No two messages of one id may be under way at once: the broker's answers are told apart by it.

        Raises:
            ChannelInvalidStateError: the channel is closed.
            ValueError: one of its short texts has more than 255 bytes.
        """
        channel = self.channel
        if channel.is_closed:
            raise ChannelInvalidStateError("the channel is closed")
        self._frames.append(
            published(channel.number, channel.max_content_size, to, properties, body)
        )
        if told is not None:
            self._expect(properties.message_id or "", told)
        if not self._due:
            self._due = True
            channel.loop.call_soon(self._write)

    def close(self) -> None:
        """Writes nothing more."""
        self._frames.clear()
        if self._waiting is not None:
            self._waiting.cancel()

    def _expect(self, identity: str, told: Told) -> None:
        channel = self.channel
        channel.delivery_tag += 1
        tag, tags = channel.delivery_tag, channel.message_id_delivery_tag

        def tell(error: BaseException | None) -> None:
            if tags.get(identity) == tag:
                del tags[identity]
            try:
                told(error)
            except Exception:  # noqa: BLE001 - the channel's other messages must be told too
                _log.exception("process.failed", error="after a confirm")

        tags[identity] = tag
        channel.confirmations[tag] = cast("asyncio.Future[Any]", _Answer(tell))

    def _write(self) -> None:
        queue = self.channel.write_queue
        if not self._frames:
            self._due = False
        elif queue.full():
            self._waiting = self.channel.loop.create_task(self._write_when_there_is_room())
        else:
            queue.put_nowait(self._taken())
            self._due = False

    async def _write_when_there_is_room(self) -> None:
        await self.channel.write_queue.put(self._taken())
        self._write()

    def _taken(self) -> ChannelFrame:
        payload = b"".join(self._frames)
        self._frames.clear()
        return ChannelFrame(payload, should_close=False)
