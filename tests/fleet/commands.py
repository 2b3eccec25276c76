"""What commands say, one after the other."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.distributed.commands import typed

Said = tuple[int, str, str]
"""Its exit code, and what it wrote to its two outputs."""


def said(root: Path, environ: Mapping[str, str], *commands: Sequence[str]) -> list[Said]:
    """What some commands say, one after the other."""
    found = (typed(root, *words, environ=environ) for words in commands)
    return [(each.returncode, each.stdout, each.stderr) for each in found]


def answers(root: Path, environ: Mapping[str, str], *commands: str) -> list[Any]:
    """What some commands print as JSON; each is one line of words."""
    found = said(root, environ, *([*each.split(), "--json"] for each in commands))
    assert [code for code, _, _ in found] == [0] * len(commands), found
    assert [err for _, _, err in found] == [""] * len(commands), found
    return [json.loads(out) for _, out, _ in found]
