"""The report for a failed test: messages that the modules could not handle, with their own errors."""

import asyncio
import re
from pathlib import Path
from typing import Final

import structlog
from structlog.dev import ConsoleRenderer, RichTracebackFormatter, plain_traceback

from amphibus.host.host import Host
from amphibus.messages.failure import FailedMessage

_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.01
_CONSUMER: Final = "consumer:"
"""The names of reasons that say that queues are not there yet though the broker is."""
_RUNTIME: Final = str(Path(__file__).parents[1])
_CONFORMANCE: Final = str(Path(__file__).with_name("conformance"))
"""A business for tests, whose handlers are nobody's runtime."""
_LIBRARIES: Final = ("/site-packages/", "/lib/python", "<frozen ")
_FRAME: Final = re.compile(r'^  File "([^"]+)".*(?:\n    .*)*\n?', re.MULTILINE)


class NotSeen(AssertionError):
    """A test expected something that did not come; the text says what did."""


async def started(host: Host) -> None:
    """Starts the modules; returns once they are, and consume their queues. An error at the start shows itself.

    Raises:
        NotSeen: they still wait for a database or a broker after a minute.
    """
    _show_no_variables()
    try:
        async with asyncio.timeout(_START_SECONDS):
            await host.start()
            while any(name.startswith(_CONSUMER) for name in host.health.reasons()):
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        lacking = "; ".join(f"{name}: {why}" for name, why in host.health.reasons().items())
        raise NotSeen(f"not started after {_START_SECONDS:g} s: {lacking}") from None


def _show_no_variables() -> None:
    """Has logs that nobody has set up draw no local variables: a host's take seconds, in which nothing goes on."""
    by_itself = (RichTracebackFormatter(), RichTracebackFormatter(color_system=None))
    for each in structlog.get_config()["processors"]:
        if isinstance(each, ConsoleRenderer) and each.exception_formatter in by_itself:
            each.exception_formatter = plain_traceback


def not_at_rest(host: Host, seconds: float) -> str:
    """Returns which modules are still at work, and what failed before."""
    busy = [
        f"{hosted.name} has {hosted.receiver.in_flight} under way"
        for hosted in host.modules.values()
        if hosted.receiver.in_flight
    ]
    said = "; ".join(busy) or "something is on its way"
    return f"not at rest after {seconds:g} s: {said}{failures_in(host)}"


def failures_in(host: Host) -> str:
    """The last failures, each with the frames of the module's own code; empty where there are none."""
    return "".join(f"\n{_told(each)}" for each in host.meters.last_failures)


def _told(failed: FailedMessage) -> str:
    key = f" of {failed.key}" if failed.key else ""
    head = (
        f"{failed.module} could not handle {failed.type}{key}; it is {failed.state} ({failed.id}):"
    )
    return "\n".join((head, *own_frames(failed.failure.traceback).splitlines()))


def own_frames(traceback: str) -> str:
    """A traceback without the frames of the runtime and of libraries."""
    return _FRAME.sub(lambda it: it[0] if _is_own(it[1]) else "", traceback)


def _is_own(path: str) -> bool:
    ours = path.startswith(_RUNTIME) and not path.startswith(_CONFORMANCE)
    return not ours and not any(each in path for each in _LIBRARIES)
