"""Measure the platform beside what could be used instead; write BENCHMARKS.md and docs/benchmarks/."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

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


async def run(chosen: Sequence[str], bench: Bench) -> dict[str, report.Measured]:
    """Measures the chosen groups, one after the other; each is safe once it is measured."""
    machine = describe(**await bench.services.versions())
    results: dict[str, report.Measured] = {}
    for name in chosen:
        bench.say(f"{name} begins")
        figures: list[Figure] = []
        async for figure in measure(name, bench):
            figures.append(figure)
            for line in report.lines(figure):
                bench.say(f"  {line}")
        made = datetime.now(UTC).strftime("%Y-%m-%d")
        results[name] = report.Measured(figures, made, bench.quick, machine)
        if not bench.quick:
            report.write(ROOT, {name: results[name]}, bench.folder)
    bench.say("done")
    return results


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit code."""
    options = _options(arguments)
    try:
        chosen = _chosen(options.only)
        with services() as found:
            results = uvloop.run(run(chosen, Bench(found, quick=options.quick)))
    except CommandError as error:
        show_error(error)
        return exit_code(error)
    except Broken as error:
        show_error(CommandError("a figure could not be measured", str(error), ""))
        return Exit.FAILED
    except TimeoutError:
        why = "an answer or a mail did not come in time: is the machine busy with something else?"
        show_error(CommandError("a figure could not be measured", why, "amphibus bench"))
        return Exit.TIMEOUT
    except KeyboardInterrupt:
        return _INTERRUPTED
    except _UNAVAILABLE as error:
        what, _, fix = str(error).partition("; type: ")
        show_error(CommandError("the benchmarks need a broker and a database", what, fix))
        return Exit.UNREACHABLE
    if options.json:
        show_json(report.as_json(results))
    else:
        for measured in results.values():
            for figure in measured.figures:
                sys.stdout.write("\n".join(report.lines(figure)) + "\n")
    return Exit.OK


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
