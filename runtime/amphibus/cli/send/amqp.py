"""Sends a producer's lines over the broker, many at once, each until its publisher confirm."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from amphibus.access.operator import OPERATOR
from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit
from amphibus.cli.send.lines import Line
from amphibus.cli.send.records import Bad
from amphibus.errors import AmphibusError, ConfigError
from amphibus.producer import Producer

if TYPE_CHECKING:
    from amphibus.cli.send.report import Report
    from amphibus.config.settings import Settings

_AT_ONCE: Final = 256


async def send_over_broker(
    url: str,
    lines: Iterator[Line | Bad],
    report: "Report",
    advance: Callable[[int], None],
    rate: float | None,
) -> None:
    """Sends every line under its id, so that sending all of them again is safe.

    A line that cannot be sent ends it: `report.ended` says why, and the sent lines are counted.
    """
    settings = options.settings(mode="distributed")
    contracts = options.project().contracts
    room = asyncio.Semaphore(_AT_ONCE)
    began = time.perf_counter()

    async def one(producer: Producer, line: Line) -> None:
        try:
            command = contracts[line.item.type].model_validate_json(line.item.body)
            await producer.send(command, message_id=line.item.id)  # type: ignore[arg-type]
            report.note(line, "sent")
            advance(1)
        finally:
            room.release()

    try:
        async with _producer(url, settings) as producer, asyncio.TaskGroup() as group:
            for number, line in enumerate(lines, start=1):
                if isinstance(line, Bad):
                    report.refuse(line)
                    advance(1)
                    continue
                if rate is not None:
                    await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                await room.acquire()
                group.create_task(one(producer, line))
    except* AmphibusError as errors:
        report.ended = _ended(errors)


def _producer(url: str, settings: "Settings") -> Producer:
    from amphibus.transports.rabbitmq.address import addresses
    from amphibus.transports.rabbitmq.tls import tls_context

    prefix = f"{settings.app}.{settings.env}."
    user = addresses(url, heartbeat=0)[0].user or ""
    source = user.removeprefix(prefix) if user.startswith(prefix) else OPERATOR
    folder = settings.signatures.private_keys
    key = None if folder is None else folder / f"{source}.pem"
    return Producer(
        url,
        source=source,
        private_key=key if key is not None and key.is_file() else None,
        app=settings.app,
        env=settings.env,
        partitions=settings.bus.partitions,
        window=_AT_ONCE,
        body_limit_bytes=settings.bus.body_limit_bytes,
        tls=tls_context(settings.rabbitmq) if url.startswith("amqps:") else None,
    )


def _ended(errors: BaseExceptionGroup[AmphibusError]) -> CommandError:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, AmphibusError)
    code = Exit.USAGE if isinstance(found, ConfigError) else Exit.UNREACHABLE
    return CommandError(found.what, found.why, found.fix, code)
