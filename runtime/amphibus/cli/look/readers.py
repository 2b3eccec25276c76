"""`amphibus contracts readers`: which fields of events their subscribers read, as tests have seen it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import GREEN, CommandError, paint, show_columns, show_json, unknown


def readers(
    type_: str | None = None,
    /,
    *,
    record: Annotated[bool, Parameter(negative="")] = False,
    tests: Path = Path("tests"),
    as_json: options.AsJson = False,
) -> None:
    """Show which fields of events their subscribers really read, and the tests that show it.

    `contracts check` tells by it whom a removed field breaks, or that nobody reads it.
    Example: amphibus contracts readers --record --tests=tests/modules

    Args:
        type_: Only this event, such as orders.OrderConfirmed.v1.
        record: Run the tests first, and write contracts/<module>/v<N>.reads.json anew.
        tests: The tests to run.
    """
    from amphibus.evolution.readers import read_readers

    project = options.project()
    if type_ is not None and type_ not in project.contracts:
        raise unknown("contract", type_, project.contracts, "amphibus contracts list")
    if record:
        _record(project.root, tests)
    found = read_readers(project.root)
    rows = [
        {"event": event, "module": module, "field": path, "tests": list(tests_)}
        for event, modules in sorted(found.found.items())
        for module, fields in sorted(modules.items())
        for path, tests_ in sorted(fields.items() or [("(nothing)", ())])
        if type_ in (None, event)
    ]
    if as_json:
        show_json(rows)
        return
    show_columns(
        ("EVENT", "READ BY", "FIELD", "TEST"),
        [
            (each["event"], each["module"], each["field"], next(iter(each["tests"]), "-"))
            for each in rows
        ],
    )


def _record(root: Path, tests: Path) -> None:
    from amphibus.evolution.readers import FOLDER, texts_of

    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", str(tests)],
            cwd=root,
            env={**os.environ, FOLDER: folder},
            stdout=sys.stderr,
            check=False,
        )
        if ended.returncode:
            raise CommandError(
                "nothing was recorded",
                f"the tests ended with {ended.returncode}",
                f"{sys.executable} -m pytest {tests}",
            )
        files = sorted(Path(folder).glob("*.json"))
        rows = [row for each in files for row in json.loads(each.read_text())]
    wanted = texts_of(rows)
    for path in {each.relative_to(root) for each in root.glob("contracts/*/v*.reads.json")}:
        if path not in wanted:
            (root / path).unlink()
    for path, text in wanted.items():
        (root / path).write_text(text, encoding="utf-8")
        print(f"{paint('wrote', GREEN)}  {path}", file=sys.stderr)
