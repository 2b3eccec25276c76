"""The health check of an image asks a process by the shell alone: no Python starts for it."""

import asyncio
from pathlib import Path

import pytest

from amphibus.config.settings import Settings
from amphibus.host.http.server import HttpServer
from amphibus.host.listens import note_listening
from amphibus.telemetry.app import signals_app
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters
from tests.architecture.tree import ROOT

CHECK = ROOT / "runtime" / "amphibus-healthy.sh"
pytestmark = pytest.mark.asyncio


async def asked(folder: Path, *words: str) -> tuple[int, str]:
    """Its exit code, and what it says."""
    process = await asyncio.create_subprocess_exec(
        CHECK,
        *words,
        env={"AMPHIBUS_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_it_says_what_a_process_says_of_itself(tmp_path: Path) -> None:
    health = Health()
    settings = Settings(data_dir=tmp_path, port=0)
    server = HttpServer(signals_app(health, Meters()), settings)
    nobody = await asked(tmp_path, "payments")
    await server.start()
    note_listening(tmp_path, ("payments",), server.url)
    starting = await asked(tmp_path, "payments")
    health.started()
    health.degrade("broker", "it is away")
    degraded = await asked(tmp_path, "payments")
    health.lack("payments", "its database is full")
    lacking = await asked(tmp_path, "payments")
    alive = await asked(tmp_path, "payments", "livez")
    await server.stop()
    dead = await asked(tmp_path, "payments")

    assert nobody[0] == 1
    assert "no process has noted" in nobody[1]
    assert starting[0] == 1
    assert "503" in starting[1]
    assert degraded[0] == 0
    assert "it is away" in degraded[1]
    assert lacking[0] == 1
    assert "its database is full" in lacking[1]
    assert alive[0] == 0
    assert dead[0] == 1
    assert "nobody listens" in dead[1]


async def test_the_image_asks_by_it_and_needs_no_registry_for_its_syntax() -> None:
    """Five seconds of each minute of a processor went into six containers that started Python to be asked."""
    text = (ROOT / "Dockerfile").read_text()
    check = next(line for line in text.splitlines() if line.startswith("HEALTHCHECK"))

    assert "amphibus-healthy" in check
    assert "probe" not in check
    assert not text.startswith("# syntax=")
