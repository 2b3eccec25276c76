"""What is done to the client library reaches our own connections and ends with them; see also tests/rabbitmq."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from aiormq import Connection
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from amphibus.transports.rabbitmq import frame_reader, library_logs, versions

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _nobody_else_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection of the test before may end a moment after it."""
    monkeypatch.setattr(frame_reader, "_readers", set())
    monkeypatch.setattr(ContentHeader, "unmarshal", frame_reader.LIBRARY_HEADER)
    monkeypatch.setattr(Basic.Deliver, "unmarshal", frame_reader.LIBRARY_DELIVERY)


UNREADABLE = b"\x00\x3c\x00\x00" + bytes(8) + b"\x00\x40" + (2**62).to_bytes(8)
"""A header with a time that no clock will ever show."""


async def test_our_own_reader_reads_anything_and_others_as_ever() -> None:
    async with _connection():
        with pytest.raises((ValueError, OverflowError, OSError)):
            ContentHeader().unmarshal(UNREADABLE)

    assert ContentHeader.unmarshal is frame_reader.LIBRARY_HEADER
    assert Basic.Deliver.unmarshal is frame_reader.LIBRARY_DELIVERY


async def test_with_a_version_that_was_not_tested_nothing_is_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(versions.TESTED, "pamqp", "0.0")
    frame_reader.read_quickly(cast(Connection, None))

    assert ContentHeader.unmarshal is frame_reader.LIBRARY_HEADER


async def test_only_what_our_own_tasks_log_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    library = logging.getLogger("aiormq.connection")

    async def ours() -> None:
        library_logs.keep_quiet()
        await asyncio.create_task(_shout(library, "ours"))

    await asyncio.create_task(ours())
    await _shout(library, "theirs")

    assert caplog.messages == ["theirs"]


async def _shout(library: logging.Logger, what: str) -> None:
    library.error(what)


@asynccontextmanager
async def _connection() -> AsyncIterator[None]:
    """A connection whose reader has read what cannot be read, and goes on until the end."""
    read, ends = asyncio.Event(), asyncio.Event()

    async def reads() -> None:
        header = ContentHeader()
        try:
            header.unmarshal(UNREADABLE)
        finally:
            read.set()
        assert header.properties == Basic.Properties()
        await ends.wait()

    reader = asyncio.create_task(reads())
    fields = SimpleNamespace(_reader_task=SimpleNamespace(task=reader))
    frame_reader.read_quickly(cast(Connection, fields))
    async with asyncio.timeout(30):
        await read.wait()
    yield
    ends.set()
    await reader
    await asyncio.sleep(0)
