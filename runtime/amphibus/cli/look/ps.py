"""`amphibus ps`: the processes of the system, and how each is now."""

import asyncio
import sys
from typing import Annotated, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import (
    coloured,
    plural,
    printable,
    show_columns,
    show_json,
    typed,
    with_instants,
)
from amphibus.cli.places import known_names
from amphibus.cli.views import found_fleet, settings_of
from amphibus.config.settings import Settings
from amphibus.transports.direct.fleet.registry import SeenProcess, registry

_EVERY_SECONDS: Final = 1.0
_HEADER: Final = ("MODULES", "STATE", "PID", "UP", "LOAD", "BUSY", "UNSENT", "DELAYED", "DEAD")
_MORE: Final = ("PARTITIONS", "VERSION", "BUILD", "BY", "ADDRESS")
_CLEAR: Final = "\x1b[H\x1b[J"


def ps(
    *,
    watch: Annotated[
        bool, Parameter(name=("--watch", "-w"), negative="", help="Look again every second.")
    ] = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show the processes of the system: what each hosts, how it is, what waits in its stores.

    SILENT: it is there and answers nothing, as when it is frozen. UNCLEAR: it answers, but has not said in time what
    it is. STALE: it announced itself and is gone, as when it was killed. AWAY: no process hosts that module. BUSY
    counts the messages in hand, LOAD is the share of one processor, BY the transport. --json has the fingerprints of
    the contracts too.
    Example: amphibus ps -w
    """
    asyncio.run(_show(settings_of(data_dir, db), watch=watch, as_json=as_json))


async def _show(settings: Settings, *, watch: bool, as_json: bool) -> None:
    names = sorted(known_names(options.root()))
    async with found_fleet(settings) as (fleet, found):
        addresses = found
        while True:
            seen = (
                [] if fleet is None else await registry(fleet, addresses, names, contracts=as_json)
            )
            if as_json:
                show_json(with_instants([each.as_json() for each in seen]))
            else:
                _table(seen, clear=watch)
            sys.stdout.flush()
            if not watch:
                return
            await asyncio.sleep(_EVERY_SECONDS)
            if fleet is not None:
                addresses = await fleet.find()


def _table(seen: list[SeenProcess], *, clear: bool) -> None:
    if clear and coloured(sys.stdout):
        print(_CLEAR, end="")
    if not seen:
        print(typed("no process has run with this data yet\nnext: amphibus run"))
        return
    rows = [_row(each) for each in seen]
    show_columns((*_HEADER, *_MORE), rows)
    running = sum(each.description is not None for each in seen)
    print(f"\n{running} of {plural(len(seen), 'line')} answered")
    for each in seen:
        for name, why in ((each.description and each.description.reasons) or {}).items():
            print(printable(f"{', '.join(each.modules)}: {name}: {why}"))


def _row(seen: SeenProcess) -> list[object]:
    begin = [", ".join(seen.modules), seen.state]
    said = seen.description
    if said is None:
        return [*begin, *["-"] * 11, seen.address or "-"]
    up = (_now() - said.since) // 1_000_000
    totals = [
        sum(getattr(each, name) for each in said.modules)
        for name in ("in_flight", "unsent", "delayed", "dead")
    ]
    own = sorted({part for each in said.modules for part in each.partitions})
    middle = [said.pid, _age(up), f"{said.load:.2f}", *totals, _ranges(own)]
    return [*begin, *middle, said.version, said.build, said.transport, said.url or seen.address]


def _now() -> int:
    from amphibus.clock import SystemClock

    return SystemClock().now()


def _age(seconds: int) -> str:
    """Formats a span in its two largest units."""
    for unit, size, smaller, part in (
        ("d", 86_400, "h", 3_600),
        ("h", 3_600, "m", 60),
        ("m", 60, "s", 1),
    ):
        if seconds >= size:
            return f"{seconds // size}{unit}{seconds % size // part}{smaller}"
    return f"{max(0, seconds)}s"


def _ranges(numbers: list[int]) -> str:
    """Formats numbers with their neighbours together: `0-3,6`."""
    found: list[list[int]] = []
    for each in numbers:
        if found and found[-1][-1] == each - 1:
            found[-1].append(each)
        else:
            found.append([each])
    return (
        ",".join(f"{some[0]}-{some[-1]}" if len(some) > 1 else f"{some[0]}" for some in found)
        or "-"
    )
