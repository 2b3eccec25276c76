"""The outcome of the lines of a file, printed at the end."""

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from amphibus.cli.output import (
    CommandError,
    Exit,
    exit_code,
    plural,
    printable,
    show_error,
    show_json,
)

if TYPE_CHECKING:
    from amphibus.cli.send.lines import Line
    from amphibus.cli.send.records import Bad

_SHOWN: Final = 20
_KEPT: Final = 10_000
"""The bad lines that are kept with their reasons; more are counted."""


class Report:
    """The outcome of the lines. Lives as long as one command."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad: list[Bad] = []
        self.refused = 0
        self.last: Line | None = None
        self.ended: CommandError | None = None
        self._began = time.perf_counter()

    def note(self, line: "Line", outcome: str) -> None:
        """Counts a line that was sent, now or before (`same`)."""
        self.counts[outcome] += 1
        self.last = line

    def refuse(self, bad: "Bad") -> None:
        """Counts a line that cannot be sent."""
        self.refused += 1
        if len(self.bad) < _KEPT:
            self.bad.append(bad)

    def tell(self, *, as_json: bool, single: bool) -> int:
        """Prints the report; returns the exit code."""
        seconds = time.perf_counter() - self._began
        sent, same = self.counts["sent"], self.counts["same"]
        if as_json:
            facts = {"sent": sent, "sent_before": same, "seconds": round(seconds, 3)}
            bad = [{"line": each.number, "why": each.why} for each in self.bad]
            identity = {"id": self.last.item.id} if single and self.last else {}
            more = {"refused": self.refused} if self.refused > len(bad) else {}
            show_json(identity | facts | {"not_sent": bad} | more)
        else:
            self._print(sent, same, seconds, single=single)
        if self.ended is not None:
            show_error(self.ended)
            return exit_code(self.ended)
        return Exit.FAILED if self.refused else Exit.OK

    def _print(self, sent: int, same: int, seconds: float, *, single: bool) -> None:
        for each in self.bad[:_SHOWN]:
            where = "" if single else f"line {each.number}: "
            print(f"not sent  {printable(f'{where}{each.why}')}", file=sys.stderr)
        if self.refused > _SHOWN:
            named = "them all" if self.refused <= _KEPT else f"the first {_KEPT:,}"
            more = f"{self.refused - _SHOWN:,} more; --json names {named}"
            print(f"not sent  {more}", file=sys.stderr)
        if single and self.last is not None:
            item = self.last.item
            print(f"{'sent' if sent else 'sent before'}  {item.type}  {item.id}")
            return
        if would := self.counts["would"]:
            print(
                f"{plural(would, 'message')} would be sent, {self.refused:,} not; nothing was sent"
            )
            return
        parts = [f"{plural(sent, 'message')} sent"]
        if same:
            parts.append(f"{same:,} sent before")
        if self.refused:
            parts.append(f"{self.refused:,} not sent")
        speed = f" ({sent / seconds:,.0f}/s)" if sent > 1 and seconds > 0 else ""
        print(f"{', '.join(parts)} in {seconds:.1f} s{speed}")
