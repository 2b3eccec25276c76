"""A test that fails because a handler failed shows the handler's own error."""

import asyncio
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from structlog.dev import ConsoleRenderer, RichTracebackFormatter

from amphibus.errors import ConfigError, RequestFailed, StoreInUse
from amphibus.telemetry.health import Health
from amphibus.testing import Harness, NotSeen
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.archive import v1 as archive
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.transports.memory import MemoryTransport

BAD = desk.Write(book="b", line=2, mood="broken")
ONCE = {"bus.max_attempts": 1, "bus.quick_retries": 0}


@pytest.mark.asyncio
async def test_what_did_not_come_is_explained_by_the_message_that_died() -> None:
    async with Harness.of(project(), settings=ONCE) as shop:
        identity = await shop.send(BAD)
        with pytest.raises(NotSeen) as failed:
            await shop.expect(archive.File, book="b")

    said = str(failed.value)
    assert f"desk could not handle desk.Write.v1 of b; it is dead ({identity}):" in said
    assert "in act\n" in said
    assert "moods.Broken" in said or "Broken:" in said
    assert "runtime/amphibus/inbox/" not in said


@pytest.mark.asyncio
async def test_a_message_that_waits_for_its_retry_is_named_too() -> None:
    async with Harness.of(project(), settings={"bus.quick_retries": 0}) as shop:
        await shop.send(BAD)
        with pytest.raises(NotSeen, match=r"desk\.Write\.v1 of b; it is delayed") as failed:
            await shop.expect(archive.File, book="b")

    assert "in act\n" in str(failed.value)


@pytest.mark.asyncio
async def test_a_request_that_failed_shows_the_error_of_its_handler() -> None:
    async with Harness.of(project(), settings=ONCE) as shop:
        with pytest.raises(RequestFailed) as failed:
            await shop.request(BAD)

    said = "".join(traceback.format_exception_only(failed.value))
    assert "desk could not handle desk.Write.v1 of b; it is failed" in said
    assert "in act\n" in said


@pytest.mark.asyncio
async def test_the_log_of_a_failure_draws_no_local_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As structlog does by itself, for seconds, in which no request is answered."""
    ConsoleRenderer.get_active().exception_formatter = RichTracebackFormatter(color_system=None)
    async with Harness.of(project(), settings=ONCE) as shop:
        with pytest.raises(RequestFailed):
            await shop.ask(desk.Count(book="b", mood="scribble"))

    said = capsys.readouterr().out
    assert "query.failed" in said
    assert " locals " not in said


class SlowTransport(MemoryTransport):
    """Its queues are there a moment after it is open, as a busy broker's may be."""

    async def open(self, health: Health) -> None:
        """Says meanwhile what is missing."""
        health.lack("consumer:desk", "nothing is taken from its queue")
        asyncio.get_running_loop().call_later(0.1, health.has, "consumer:desk")


@pytest.mark.asyncio
async def test_a_harness_is_there_once_all_that_it_lacks_is() -> None:
    async with Harness.of(project(), transport=lambda *_: SlowTransport(8)) as shop:
        assert shop.host.health.reasons() == {}


@pytest.mark.asyncio
async def test_a_transport_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean memory"):
        async with Harness.of(project(), transport="memry"):
            pass


@pytest.mark.asyncio
async def test_an_error_at_the_start_shows_itself(tmp_path: Path) -> None:
    async with Harness.of(project(), data_dir=tmp_path):
        with pytest.raises(StoreInUse, match=f"fix  kill {os.getpid()}$"):
            async with Harness.of(project(), data_dir=tmp_path):
                pass


def test_pytest_prints_why_and_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from amphibus.errors import ConfigError\n\n"
        "def test_it():\n    raise ConfigError('no such port', 'it is taken', 'amphibus run')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    printed = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    ).stdout

    assert "E         why  it is taken" in printed
    assert "E         fix  amphibus run" in printed
