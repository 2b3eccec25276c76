"""`python -m tests.benchmarks [--only NAME] [--quick] [--json]`: measures, prints, and writes the report."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import uvloop

from tests.benchmarks import report
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure
from tests.benchmarks.groups import NAMES, measure
from tests.benchmarks.machine import describe
from tests.benchmarks.services import services


async def run(chosen: Sequence[str], *, quick: bool, bench: Bench) -> report.Results:
    """Measures the chosen groups, one after the other."""
    figures: list[Figure] = []
    for name in chosen:
        bench.say(f"{name} begins")
        async for figure in measure(name, bench):
            figures.append(figure)
            for line in report.lines(figure):
                bench.say(f"  {line}")
    machine = describe(**await bench.services.versions())
    return report.Results(
        machine, figures, quick=quick, made=datetime.now(UTC).strftime("%Y-%m-%d")
    )


def main(arguments: Sequence[str]) -> int:
    """The command."""
    options = _options(arguments)
    chosen = options.only or list(NAMES)
    with services() as found:
        bench = Bench(found, quick=options.quick)
        results = uvloop.run(run(chosen, quick=options.quick, bench=bench))
        if options.json:
            print(json.dumps(results.as_json(), indent=2))  # noqa: T201
        else:
            print(report.table(results.figures))  # noqa: T201
        if options.write:
            report.write(results, bench.folder)
    return 0


def _options(arguments: Sequence[str]) -> Any:
    parser = argparse.ArgumentParser(prog="amphibus bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(NAMES), metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-write", dest="write", action="store_false")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
