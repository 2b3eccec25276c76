"""Publishes on one channel: all messages put in one turn of the loop are written at once.

The library's own way takes a task, a lock, a timeout and three contexts for each message. Here the
broker's answers, which the library still reads, are told to whoever put the message, at once. This is
the one file that writes fields of the library's; with a version that was not tested it writes none,
and publishes in the library's own way.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import structlog
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from aiormq.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError

from amphibus.transports.rabbitmq.frames import Address, Properties, published
from amphibus.transports.rabbitmq.versions import are_tested

_log: Any = structlog.get_logger()

OnConfirm = Callable[[BaseException | None], None]
"""Called once with the outcome of a message: None if the broker has it for good, PublishError if no queue
takes it, DeliveryError if one refuses it. Never called if the channel is lost before: then nobody knows."""


class _ConfirmFuture:
    """Stands among the library's futures of unconfirmed messages."""

    __slots__ = ("_on_confirm",)

    def __init__(self, confirm: OnConfirm) -> None:
        self._on_confirm = confirm

    def done(self) -> bool:
        return False

    def set_result(self, _frame: Any) -> None:
        self._on_confirm(None)

    def set_exception(self, error: BaseException) -> None:
        self._on_confirm(error)


class PublishChannel:
    """The publishing end of a channel, on which nobody else publishes. Lives as long as the channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._frames: list[bytes] = []
        self._due = False
        """Whether what is put now is written without being asked for."""
        self._waiting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._put = self._put_frames if are_tested() else self._put_by_library

    def put(
        self, to: Address, body: bytes, properties: Properties, on_confirm: OnConfirm | None = None
    ) -> None:
        """Publishes a message. `on_confirm` needs a channel with publisher confirms.

        No two messages with one id may be under way at once: the id tells the broker's answers apart.

        Raises:
            ChannelInvalidStateError: the channel is closed.
            ValueError: one of its short texts has more than 255 bytes.
        """
        if self.channel.is_closed:
            raise ChannelInvalidStateError("the channel is closed")
        self._put(to, body, properties, on_confirm)

    def close(self) -> None:
        """Writes nothing more."""
        self._frames.clear()
        for task in (self._waiting, *self._tasks):
            if task is not None:
                task.cancel()

    def _put_by_library(
        self, to: Address, body: bytes, properties: Properties, on_confirm: OnConfirm | None
    ) -> None:
        properties.marshal()  # says at once which text is too long
        task = self.channel.loop.create_task(self._publish(to, body, properties, on_confirm))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(
        self, to: Address, body: bytes, properties: Properties, on_confirm: OnConfirm | None
    ) -> None:
        error: BaseException | None = None
        try:
            await self.channel.basic_publish(
                body,
                exchange=to.exchange,
                routing_key=to.key,
                properties=properties,
                mandatory=to.mandatory,
                wait=False,
            )
        except (PublishError, DeliveryError) as refused:
            error = refused
        except (AMQPError, OSError, RuntimeError, asyncio.CancelledError):
            return  # nobody knows
        if on_confirm is not None:
            _tell(on_confirm, error)

    def _put_frames(
        self, to: Address, body: bytes, properties: Properties, on_confirm: OnConfirm | None
    ) -> None:
        channel = self.channel
        self._frames.append(
            published(channel.number, channel.max_content_size, to, properties, body)
        )
        if on_confirm is not None:
            self._expect(properties.message_id or "", on_confirm)
        if not self._due:
            self._due = True
            channel.loop.call_soon(self._write)

    def _expect(self, identity: str, on_confirm: OnConfirm) -> None:
        channel = self.channel
        channel.delivery_tag += 1
        tag, tags = channel.delivery_tag, channel.message_id_delivery_tag

        def confirm(error: BaseException | None) -> None:
            if tags.get(identity) == tag:
                del tags[identity]
            _tell(on_confirm, error)

        tags[identity] = tag
        channel.confirmations[tag] = cast("asyncio.Future[Any]", _ConfirmFuture(confirm))

    def _write(self) -> None:
        queue = self.channel.write_queue
        # The broker has refused something on the channel, and was answered: it would end the connection over more.
        if self.channel._close_exception is not None:  # noqa: SLF001 - known of the tested version
            self._frames.clear()
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


def _tell(on_confirm: OnConfirm, error: BaseException | None) -> None:
    try:
        on_confirm(error)
    except Exception:  # noqa: BLE001 - the channel's other messages must be told too
        _log.exception("process.failed", error="after a confirm")
