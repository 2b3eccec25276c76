"""Many commands in one process, since each start of one takes its time."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_RUN: Final = """
import contextlib, io, json, sys
from amphibus.cli.main import execute
found = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute(words)
    found.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(found))
"""
Said = tuple[int, str, str]
"""Its exit code, and what it wrote to its two outputs."""


def said(root: Path, environ: Mapping[str, str], *commands: Sequence[str]) -> list[Said]:
    """What some commands say, one after the other."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")}
    ended = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps([list(each) for each in commands])],
        cwd=root,
        env=ours | dict(environ),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return [(code, out, err) for code, out, err in json.loads(ended.stdout)]


def answers(root: Path, environ: Mapping[str, str], *commands: str) -> list[Any]:
    """What some commands print as JSON; each is one line of words."""
    found = said(root, environ, *([*each.split(), "--json"] for each in commands))
    assert [code for code, _, _ in found] == [0] * len(commands), found
    assert [err for _, _, err in found] == [""] * len(commands), found
    return [json.loads(out) for _, out, _ in found]
