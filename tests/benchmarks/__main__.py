"""Measure the platform beside what could be used instead; write BENCHMARKS.md and docs/benchmarks/."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import pytest
import uvloop

from amphibus.cli.output import CommandError, Exit, exit_code, show_error, show_json
from tests.benchmarks import report
from tests.benchmarks.bench import Bench
from tests.benchmarks.child import ROOT, Broken
from tests.benchmarks.figures import Figure
from tests.benchmarks.groups import NAMES, measure
from tests.benchmarks.machine import describe
from tests.benchmarks.services import services

_UNAVAILABLE: Final = (pytest.skip.Exception, pytest.fail.Exception)
"""What the tests' own services raise where one cannot be had."""
_INTERRUPTED: Final = 130
_LATE: Final = "an answer or a mail did not come in time: is the machine busy with something else?"


class Outcome(NamedTuple):
    """What came of a run."""

    results: dict[str, report.Measured]
    """By group; of a group that broke off, what was measured until then."""
    failed: dict[str, str]
    """Why the other groups broke off."""


async def run(chosen: Sequence[str], bench: Bench) -> Outcome:
    """Measures the chosen groups, one after the other; each is safe once it is measured.

    One that breaks off is named, and the others are measured all the same.
    """
    machine = describe(**await bench.services.versions())
    outcome = Outcome({}, {})
    for name in chosen:
        bench.say(f"{name} begins")
        figures: list[Figure] = []
        try:
            await _measure(name, bench, figures)
        except (Broken, TimeoutError) as error:
            outcome.failed[name] = str(error) or _LATE
            bench.say(f"{name} broke off: {outcome.failed[name]}")
        made = datetime.now(UTC).strftime("%Y-%m-%d")
        if figures:
            outcome.results[name] = report.Measured(figures, made, bench.quick, machine)
        if not bench.quick and name not in outcome.failed:
            report.write(ROOT, {name: outcome.results[name]}, bench.folder)
    bench.say("done")
    return outcome


async def _measure(name: str, bench: Bench, figures: list[Figure]) -> None:
    async for figure in measure(name, bench):
        figures.append(figure)
        for line in report.lines(figure):
            bench.say(f"  {line}")


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit code."""
    options = _options(arguments)
    try:
        chosen = _chosen(options.only)
        with services() as found:
            outcome = uvloop.run(run(chosen, Bench(found, quick=options.quick)))
    except CommandError as error:
        show_error(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except _UNAVAILABLE as error:
        what, _, fix = str(error).partition("; type: ")
        show_error(CommandError("the benchmarks need a broker and a database", what, fix))
        return Exit.UNREACHABLE
    return tell(outcome, as_json=options.json)


def tell(outcome: Outcome, *, as_json: bool) -> int:
    """Prints what was measured, names what could not be; returns the exit code."""
    if as_json:
        show_json(report.as_json(outcome.results))
    else:
        for measured in outcome.results.values():
            for figure in measured.figures:
                sys.stdout.write("\n".join(report.lines(figure)) + "\n")
    for name, why in outcome.failed.items():
        again = f"amphibus bench --only {name}"
        show_error(CommandError(f"the figures of '{name}' could not all be measured", why, again))
    return Exit.FAILED if outcome.failed else Exit.OK


def _chosen(names: Sequence[str]) -> list[str]:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise CommandError(
            f"no figures are called {', '.join(unknown)}",
            f"there are {', '.join(NAMES)}",
            f"amphibus bench --only {next(iter(NAMES))}",
            Exit.USAGE,
        )
    return [name for name in NAMES if name in names or not names]


def _options(arguments: Sequence[str]) -> Any:
    parser = argparse.ArgumentParser(prog="amphibus bench", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
