"""Puts a producer's lines where they wait durably: in the gateway's outbox, or in their owner's database."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from amphibus.admin.enqueue import SendOutcome, enqueue
from amphibus.admin.hand_in import hand_in
from amphibus.admin.stores import AdminStore
from amphibus.cli import options
from amphibus.cli.places import GATEWAY
from amphibus.cli.send.lines import Line
from amphibus.cli.send.records import Bad
from amphibus.cli.send.report import Report

_BATCH: Final = 256


@dataclass
class _Places:
    """The databases that lines go to, each opened when it is needed."""

    data_dir: Path | None
    db: str | None
    known: dict[str, AdminStore] = field(default_factory=dict)

    def of(self, line: Line) -> str:
        """Returns the module whose database a line goes to."""
        return GATEWAY if line.item.routed else line.item.owner

    def store(self, module: str) -> AdminStore:
        """Returns its database."""
        if module not in self.known:
            self.known[module] = (
                options.gateway_store(self.data_dir, self.db)
                if module == GATEWAY
                else options.store_of(module, options.stores(self.data_dir, self.db))
            )
        return self.known[module]


def store_all(
    data_dir: Path | None,
    db: str | None,
    lines: Iterator[Line | Bad],
    report: Report,
    advance: Callable[[int], None],
    rate: float | None,
) -> None:
    """Stores lines in batches, in their order, and reports what became of each."""
    places = _Places(data_dir, db)
    size = _BATCH if rate is None else max(1, min(_BATCH, int(rate / 10)))
    began, done = time.perf_counter(), 0
    while batch := list(islice(lines, size)):
        for each in batch:
            if isinstance(each, Bad):
                report.refuse(each)
        good = [each for each in batch if not isinstance(each, Bad)]
        for place in sorted({places.of(each) for each in good}):
            _store(places, place, [each for each in good if places.of(each) == place], report)
        done += len(batch)
        advance(len(batch))
        if rate is not None:
            time.sleep(max(0.0, began + done / rate - time.perf_counter()))


def _store(places: _Places, place: str, lines: list[Line], report: Report) -> None:
    put = enqueue if place == GATEWAY else hand_in
    outcomes: list[SendOutcome] = asyncio.run(
        put(places.store(place), [each.item for each in lines])
    )
    for line, outcome in zip(lines, outcomes, strict=True):
        if outcome == "other":
            why = f"id {line.item.id} was sent before with other content"
            report.refuse(Bad(line.number, why))
        else:
            report.note(line, outcome)
