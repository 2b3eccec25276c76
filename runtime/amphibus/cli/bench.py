"""`amphibus bench`: the project's own benchmarks, in its `tests/benchmarks`."""

import subprocess
import sys
from typing import Annotated

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit


def bench(
    *,
    only: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    quick: Annotated[bool, Parameter(negative="")] = False,
    as_json: options.AsJson = False,
) -> int:
    """Measure Amphibus beside what you could use instead.

    It starts a broker and a database server of its own and takes about ten minutes. A whole run
    writes BENCHMARKS.md and docs/benchmarks/; progress goes to standard error.
    Example: amphibus bench --only hop

    Args:
        only: Only these figures; repeatable. A wrong name lists the known ones.
        quick: Take a few minutes; too short to rely on, so nothing is written.
    """
    root = options.root()
    if not (root / "tests" / "benchmarks" / "__main__.py").is_file():
        raise CommandError(
            "this project has no benchmarks",
            f"there is no tests/benchmarks/__main__.py in {root}",
            "run it in a checkout of a project that has them: they are no part of what is installed",
            Exit.USAGE,
        )
    words = [word for name in only for word in ("--only", name)]
    flags = [flag for flag, given in (("--quick", quick), ("--json", as_json)) if given]
    command = [sys.executable, "-m", "tests.benchmarks", *words, *flags]
    return subprocess.run(command, cwd=root, check=False).returncode
