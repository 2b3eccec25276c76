"""What commands say, one after the other."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.services.warm import warm_process

_WITHIN_SECONDS = 200.0
Said = tuple[int, str, str]
"""Its exit code, and what it wrote to its two outputs."""


def said(root: Path, environ: Mapping[str, str], *commands: Sequence[str]) -> list[Said]:
    """What some commands say, one after the other."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")}
    found = (
        warm_process().run(words, cwd=root, environ=ours | dict(environ), timeout=_WITHIN_SECONDS)
        for words in commands
    )
    return [(each.returncode, each.stdout, each.stderr) for each in found]


def answers(root: Path, environ: Mapping[str, str], *commands: str) -> list[Any]:
    """What some commands print as JSON; each is one line of words."""
    found = said(root, environ, *([*each.split(), "--json"] for each in commands))
    assert [code for code, _, _ in found] == [0] * len(commands), found
    assert [err for _, _, err in found] == [""] * len(commands), found
    return [json.loads(out) for _, out, _ in found]
