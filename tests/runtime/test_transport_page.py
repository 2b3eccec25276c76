"""What docs/transport.md says suffices for a project outside: its test file runs, and sees what is wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

PAGE = (ROOT / "docs/transport.md").read_text()
GOOD = """
from amphibus.transports.memory_wire import MemoryWireTransport


class MyTransport(MemoryWireTransport):
    def __init__(self, settings, clock):
        super().__init__(clock, settings.bus.partitions)
"""
HASTY = (
    GOOD
    + """
    def deliver(self, destinations, envelope, ack):
        super().deliver(destinations, envelope, ack)
        ack()
"""
)


@pytest.mark.parametrize(
    ("transport", "fact", "ends"),
    [
        (GOOD, "messages_of_a_key or command_is_answered or finds_its_sender", "3 passed"),
        (HASTY, "handler_does_not", "2 failed"),
    ],
    ids=["one that keeps the promise", "one that acknowledges too early"],
)
def test_the_page_s_file_puts_a_transport_to_the_test(
    transport: str, fact: str, ends: str, tmp_path: Path
) -> None:
    (tmp_path / "my_transport.py").write_text(transport)
    (tmp_path / "test_my_transport.py").write_text(_example())

    ended = _pytest(tmp_path, "-k", fact)

    assert ends in ended, ended


def test_the_suite_has_every_fact_that_our_own_tests_run(tmp_path: Path) -> None:
    (tmp_path / "my_transport.py").write_text(GOOD)
    (tmp_path / "test_my_transport.py").write_text(_example())
    parts = (
        *("durability", "failures", "later", "limits", "once", "order"),
        *("requests", "rights", "stopping", "timely"),
    )
    folder = ROOT / "runtime/amphibus/testing/conformance"
    facts = re.findall(
        r"^async def (test_\w+)",
        "".join((folder / f"{each}.py").read_text() for each in parts),
        re.MULTILINE,
    )

    collected = set(re.findall(r"::(test_\w+)", _pytest(tmp_path, "--collect-only")))

    assert len(facts) == len(set(facts))
    assert collected == set(facts)


def test_the_page_names_every_member_of_the_seam() -> None:
    seam = (ROOT / "runtime/amphibus/transport.py").read_text().partition("class Transport(")[2]
    members = re.findall(r"^    (?:async )?(?:def )?(\w+)[:(]", seam, re.MULTILINE)

    assert [each for each in members if f"| `{each}" not in PAGE] == []


def _example() -> str:
    found = re.search(r"<!-- run by .*? -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def _pytest(folder: Path, *options: str) -> str:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--rootdir",
            ".",
            "-p",
            "no:cacheprovider",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.stdout + ended.stderr
