"""`amphibus bench`: says what is wrong in three lines, and measures when nothing is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.groups import NAMES

ROOT = Path(__file__).parents[2]


def bench(*words: str, root: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "amphibus.cli", "bench", *words],
        cwd=root,
        env={name: value for name, value in os.environ.items() if name != "AMPHIBUS_COMMAND"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_project_without_benchmarks_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "amphibus.toml").write_text("")
    ended = bench(root=tmp_path)

    assert ended.returncode == 2
    what, why, fix = ended.stderr.splitlines()
    assert what == "error  this project has no benchmarks"
    assert why == f"  why  there is no tests/benchmarks/__main__.py in {tmp_path}"
    assert fix.startswith("  fix  run it in a checkout")


def test_a_figure_that_does_not_exist_is_answered_with_those_that_do() -> None:
    ended = bench("--only", "nonsense")

    assert ended.returncode == 2
    what, why, fix = ended.stderr.splitlines()
    assert what == "error  no figures are called nonsense"
    assert why == f"  why  there are {', '.join(NAMES)}"
    assert fix == "  fix  amphibus bench --only flow"


@pytest.mark.full
def test_the_hop_is_measured_end_to_end() -> None:
    """On a busy machine its figures say nothing; that there are any, for everybody, is the fact."""
    ended = bench("--quick", "--only", "hop", "--json")

    assert ended.returncode == 0, ended.stderr
    (group,) = json.loads(ended.stdout).values()
    carried, kept = group["figures"]
    for figure in (carried, kept):
        assert figure["comparisons"]
        assert all(value > 0 for values in figure["values"].values() for value in values)
    assert (len(carried["values"]), len(kept["values"])) == (5, 7)
    assert "hop begins" in ended.stderr
    assert group["quick"]
    assert group["machine"]["RabbitMQ"]
