"""Tells a flow while it happens: each message when its module is done with it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphibus.admin.database import databases
from amphibus.admin.flows import Destinations, Hop, Receipt, begun_with, flow
from amphibus.admin.stores import files
from amphibus.admin.views import at_rest
from amphibus.cli import options
from amphibus.cli.output import GREEN, RED, YELLOW, CommandError, Exit, paint, plural
from amphibus.cli.places import GATEWAY

_LOOK_EVERY_SECONDS: Final = 0.02
_APPEARS_WITHIN_SECONDS: Final = 3.0
_STARTED_BEFORE_MICROSECONDS: Final = 60_000_000
_SETTLES_MICROSECONDS: Final = 40_000
"""A younger message is told at the next look, so that the lines come in the order of their times."""
_COLOURS: Final = {"handled": GREEN, "refused": YELLOW, "delayed": YELLOW, "dead": RED}


Identity = tuple[str, str, str]
"""Sender, message and receiver."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A flow as far as it was told."""

    correlation: str
    hops: int
    began: int
    """The time of the first message, microseconds since the epoch."""
    milliseconds: float
    """The time from then to the last message that was handled."""
    known: frozenset[Identity]
    """The messages told so far: the next `follow` takes them and does not tell them again."""

    @property
    def counted(self) -> str:
        """The number of messages, and of the lines that were told: a message has one for each of its receivers."""
        return f"{plural(self.hops, 'message')}, {plural(len(self.known), 'hop')}"


async def follow(
    data_dir: Path,
    key: str,
    *,
    tell: Callable[[str], None],
    within_seconds: float = 15.0,
    until_waiting_for: str | None = None,
    after: Followed | None = None,
) -> Followed | None:
    """Tells the flow that began with a business key until nothing of it is under way.

    Args:
        data_dir: where the databases are.
        key: such as an order id.
        tell: takes a line.
        within_seconds: the time limit.
        until_waiting_for: ends sooner, when everything under way goes to this module.
        after: the messages told before, which are not told again.

    Returns:
        None if there is no such flow in these databases.

    Raises:
        CommandError: it took longer.
    """
    began = time.perf_counter()
    told = set(after.known if after else ())
    since = after.began if after else time.time_ns() // 1000 - _STARTED_BEFORE_MICROSECONDS
    before: object = None
    destinations = options.destinations()
    while True:
        hops = await _hops(data_dir, key, since, destinations)
        now = _state(hops)
        over = bool(hops) and now == before and _open(hops) <= {until_waiting_for}
        for line in _news(hops, told, everything=over):
            tell(line)
        if over:
            milliseconds = (_last(hops) - hops[0].time) / 1000
            return Followed(
                hops[0].correlation, len(hops), hops[0].time, milliseconds, frozenset(told)
            )
        waited = time.perf_counter() - began
        if not hops and waited > _APPEARS_WITHIN_SECONDS:
            return None
        if waited > within_seconds:
            raise CommandError(
                f"the flow of {key} is not over after {within_seconds:g} s",
                f"under way to {', '.join(sorted(str(each) for each in _open(hops))) or 'nobody'}",
                f"amphibus logs --key {key}",
                Exit.TIMEOUT,
            )
        before = now
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _hops(data_dir: Path, key: str, since: int, destinations: Destinations) -> list[Hop]:
    async with at_rest(files(databases(data_dir), 1)) as views:
        gateway = {name: view for name, view in views.items() if name == GATEWAY}
        correlation = await begun_with(gateway, key, since=since)
        if correlation is None:
            return []
        roots = await flow(views, correlation, since=since, destinations=destinations)
    return sorted((hop for root in roots for hop in root.walk()), key=lambda hop: hop.time)


def _state(hops: list[Hop]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(hop.id, [(each.module, each.state) for each in hop.receipts]) for hop in hops]


def _open(hops: list[Hop]) -> set[str | None]:
    waiting = ("under way", "delayed")
    return {each.module for hop in hops for each in hop.receipts if each.state in waiting}


def _last(hops: list[Hop]) -> int:
    return max((each.handled or 0 for hop in hops for each in hop.receipts), default=hops[0].time)


def _news(hops: list[Hop], told: set[Identity], *, everything: bool) -> Iterator[str]:
    newest = time.time_ns() // 1000 - _SETTLES_MICROSECONDS
    found: list[tuple[int, Hop, Receipt | None]] = []
    for hop in hops:
        if not hop.receipts:
            found.append((hop.time, hop, None))
        found += [(each.handled, hop, each) for each in hop.receipts if each.handled is not None]
    for at, hop, receipt in sorted(found, key=lambda each: each[0]):
        identity = (hop.source, hop.id, receipt.module if receipt else "")
        if identity not in told and (everything or at < newest):
            told.add(identity)
            yield _line(hop, receipt, (at - hops[0].time) / 1000)


def _line(hop: Hop, receipt: Receipt | None, milliseconds: float) -> str:
    name = hop.type.split(".")[1] if hop.type.count(".") == 2 else hop.type
    to = receipt.module if receipt else "nobody subscribes"
    state = receipt.state if receipt else ""
    note = "" if state in ("", "handled") else f"  {paint(state, _COLOURS.get(state, YELLOW))}"
    return f"{milliseconds:9.1f} ms  {hop.source:>13} -> {name:<20} -> {to}{note}"
