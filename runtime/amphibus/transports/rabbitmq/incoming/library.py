"""FastStream's connection: made with ours first, and ended whole."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from aio_pika import RobustConnection
from aiormq import Connection
from faststream.rabbit import Channel, RabbitBroker
from faststream.security import BaseSecurity
from yarl import URL

from amphibus.transports.rabbitmq.closing import close_whole
from amphibus.transports.rabbitmq.connection import Broker, connect
from amphibus.transports.rabbitmq.frame_reader import read_quickly

_CONNECT_SECONDS: Final = 10.0
_NEVER: Final = 86_400
"""Seconds until the library connects again by itself: we do, with all that belongs to it."""


@asynccontextmanager
async def library_connection(
    part: str, broker: Broker, url: URL, lost: Callable[..., None]
) -> AsyncIterator[tuple[RabbitBroker, Connection]]:
    """Opens the library's connection for a part of the transport; `lost` is called when it is lost.

    Raises:
        AMQPError, OSError, TimeoutError: there is none.
    """
    # We connect by hand first: its errors say why there is none.
    await close_whole((await connect(part, broker, url)).close)
    faststream = _library(part, broker, url, lost)
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = await faststream.connect()
        if connection.transport is None:
            raise ConnectionError("the connection was lost")
        raw = cast(Connection, connection.transport.connection)
        read_quickly(raw)
        yield faststream, raw
    finally:
        # The library would cancel its consumers first. Then others would get what comes later, before they get what
        # the broker takes back from us with the connection.
        await close_whole(*(each.close for each in faststream.made), faststream.stop)


class _Library(RabbitBroker):
    """FastStream's broker. It knows its connection before it is made, so that half a one can be closed too."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self.made: list[RobustConnection] = []
        self._connection_kwargs["connection_class"] = self._make

    def _make(self, *args: Any, **options: Any) -> RobustConnection:
        connection = RobustConnection(*args, **options)
        self.made.append(connection)
        return connection


def _library(part: str, broker: Broker, url: URL, lost: Callable[..., None]) -> _Library:
    security = None
    if broker.tls is not None:
        security = BaseSecurity(ssl_context=broker.tls, use_ssl=True)
    return _Library(
        str(url.update_query(name=f"amphibus {part}")),
        security=security,
        fail_fast=True,
        reconnect_interval=_NEVER,
        on_close=[lost],
        default_channel=Channel(publisher_confirms=False),
        graceful_timeout=0.0,
        apply_types=False,
        logger=None,
    )
