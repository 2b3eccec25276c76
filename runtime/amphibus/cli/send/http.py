"""Posts a producer's lines to a running shop: several at once, each until it is answered."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import httpx

from amphibus.cli.http import path_of, reaching, refusal
from amphibus.cli.output import CommandError, Exit
from amphibus.cli.send.lines import Line
from amphibus.cli.send.records import Bad
from amphibus.config.addresses import is_loopback

if TYPE_CHECKING:
    from amphibus.cli.send.report import Report
    from amphibus.contract import Message

_AT_ONCE: Final = 16
_PATIENCE_SECONDS: Final = 30.0
_CONNECTED_WITHIN_SECONDS: Final = 5.0
_LONGEST_PAUSE: Final = 2.0

Contracts = dict[str, "type[Message]"]


class Visit:
    """The connections to one shop, and what is known of it. Lives as long as the command."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self.client = client
        self.url = url
        self.answered = False
        """True once somebody has answered there: a shop that is away then may be starting again."""
        self._told = False

    def tell_waiting(self, why: str) -> None:
        """Says once why nothing moves, and for how long."""
        if not self._told:
            self._told = True
            print(f"waiting  {why}; up to {_PATIENCE_SECONDS:g} s", file=sys.stderr, flush=True)


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

    async def work(visit: Visit) -> None:
        nonlocal taken
        for line in lines:
            taken += 1
            if rate is not None:
                await asyncio.sleep(max(0.0, began + taken / rate - time.perf_counter()))
            await _one(visit, contracts, line, report)
            advance(1)

    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
    timeout = httpx.Timeout(_PATIENCE_SECONDS, connect=_CONNECTED_WITHIN_SECONDS)
    async with httpx.AsyncClient(
        limits=limits, timeout=timeout, trust_env=not is_loopback(url)
    ) as client:
        visit = Visit(client, url)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(work(visit))
        except* CommandError as errors:
            report.ended = next(
                each for each in errors.exceptions if isinstance(each, CommandError)
            )


async def _one(visit: Visit, contracts: Contracts, line: Line | Bad, report: "Report") -> None:
    if isinstance(line, Bad):
        report.refuse(line)
        return
    address = visit.url + path_of(contracts[line.item.type], line.data)
    headers = {"Idempotency-Key": line.item.id}
    response = await _until_answered(visit, address, line, headers)
    if response.is_success:
        report.note(line, "sent")
    else:
        report.refuse(Bad(line.number, refusal(response)))


async def _until_answered(
    visit: Visit, address: str, line: Line, headers: dict[str, str]
) -> httpx.Response:
    """Posts until there is an answer: for a while, if a shop was there before or says that it is not ready."""
    ends = time.perf_counter() + _PATIENCE_SECONDS
    pause = 0.1
    while True:
        try:
            with reaching(visit.url):
                response = await visit.client.post(address, json=line.data, headers=headers)
        except CommandError as away:
            if not visit.answered or time.perf_counter() > ends:
                raise
            visit.tell_waiting(away.what)
        else:
            visit.answered = True
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return response
            if time.perf_counter() > ends:
                raise CommandError(
                    f"{visit.url} cannot do {line.item.type} now",
                    f"{refusal(response)}; what was sent is not sent twice when you send it again",
                    f"curl {visit.url}/readyz",
                    Exit.UNREACHABLE,
                )
            visit.tell_waiting(f"{visit.url} is not ready: {refusal(response)}")
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
