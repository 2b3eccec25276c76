"""Posts a producer's lines to a running shop: several at once, each until it is answered."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import httpx

from amphibus.cli.http import path_of, reaching, refusal
from amphibus.cli.output import CommandError, Exit
from amphibus.cli.send.lines import Bad, Line
from amphibus.config.addresses import is_loopback

if TYPE_CHECKING:
    from amphibus.cli.send.report import Report
    from amphibus.contract import Message

_AT_ONCE: Final = 16
_PATIENCE_SECONDS: Final = 30.0
_LONGEST_PAUSE: Final = 2.0

Contracts = dict[str, "type[Message]"]


async def post_all(
    url: str,
    lines: Iterator[Line | Bad],
    report: "Report",
    advance: Callable[[int], None],
    rate: float | None,
) -> None:
    """Posts every line with its id as the Idempotency-Key, so that trying again is safe.

    It ends if the shop is away: `report.ended` says so, and the posted lines are counted.
    """
    from amphibus.cli.options import project

    contracts = project().contracts
    began = time.perf_counter()
    taken = 0

    async def work(client: httpx.AsyncClient) -> None:
        nonlocal taken
        for line in lines:
            taken += 1
            if rate is not None:
                await asyncio.sleep(max(0.0, began + taken / rate - time.perf_counter()))
            await _one(client, url, contracts, line, report)
            advance(1)

    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
    async with httpx.AsyncClient(
        limits=limits, timeout=_PATIENCE_SECONDS, trust_env=not is_loopback(url)
    ) as client:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(work(client))
        except* CommandError as errors:
            report.ended = next(
                each for each in errors.exceptions if isinstance(each, CommandError)
            )


async def _one(
    client: httpx.AsyncClient, url: str, contracts: Contracts, line: Line | Bad, report: "Report"
) -> None:
    if isinstance(line, Bad):
        report.bad.append(line)
        return
    address = url + path_of(contracts[line.item.type], line.data)
    headers = {"Idempotency-Key": line.item.id}
    response = await _until_answered(client, url, address, line, headers)
    if response.is_success:
        report.note(line, "sent")
    else:
        report.bad.append(Bad(line.number, refusal(response)))


async def _until_answered(
    client: httpx.AsyncClient, url: str, address: str, line: Line, headers: dict[str, str]
) -> httpx.Response:
    ends = time.perf_counter() + _PATIENCE_SECONDS
    pause = 0.1
    while True:
        try:
            with reaching(url):
                response = await client.post(address, json=line.data, headers=headers)
        except CommandError:
            if time.perf_counter() > ends:
                raise
        else:
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return response
            if time.perf_counter() > ends:
                raise CommandError(
                    f"{url} cannot do {line.item.type} now",
                    refusal(response),
                    "send the file again later: what was sent is not sent twice",
                    Exit.UNREACHABLE,
                )
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
