"""A process that is told to stop ends, whatever its handlers do about it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

_PROCESS = """
import asyncio, sys
from pathlib import Path
from amphibus.clock import VirtualClock
from amphibus.config.settings import load_settings
from amphibus.host.serve import serve
from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.moods import TinyContainer

settings = load_settings(
    Path(sys.argv[1]),
    flags={"data_dir": Path(sys.argv[1]), "port": 0, "drain_seconds": 0.5, "log_format": "json"},
    environ={},
)
work = []

async def hold(host):
    await Harness(host, VirtualClock()).send(desk.Call(book="b", line=1, mood=sys.argv[2]))
    while not TinyContainer.script().held:
        await asyncio.sleep(0.01)
    print("held", flush=True)

def ready(host):
    work.append(asyncio.ensure_future(hold(host)))

names = ("desk", "archive", "readers", "gateway")
sys.exit(asyncio.run(serve(project(), settings, names, on_ready=ready)))
"""


@pytest.mark.parametrize("mood", ["deaf", "outside deaf"])
def test_a_handler_that_swallows_its_cancellation_for_ever_is_left_behind(
    tmp_path: Path, mood: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(tmp_path), mood],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=100)
        finally:
            process.kill()

    assert process.returncode == 0
    assert "when told to" in said
