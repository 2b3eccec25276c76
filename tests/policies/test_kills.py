"""Instances of a module on a broker and a server keep the limits of a type together, though one is killed."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.faults.month import ROOT
from tests.policies.instance import SETTINGS
from tests.services.postgres import PostgresCluster, database_in

pytestmark = [pytest.mark.asyncio, pytest.mark.full]
_COUNT = 240
_BOOKS = 60


@dataclass
class Provider:
    """A system outside that counts those that it works for."""

    now: int = 0
    most: int = 0
    began: list[float] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers after a while, unless whoever asks is gone."""
        self.now += 1
        self.most = max(self.most, self.now)
        self.began.append(time.monotonic())
        try:
            await reader.readline()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await reader.read()
            writer.write(b"yes\n")
            with contextlib.suppress(OSError):
                await writer.drain()
        finally:
            self.now -= 1
            writer.close()


async def begun(folder: Path, *words: str) -> Process:
    """An instance that takes messages."""
    command = (sys.executable, "-m", "tests.policies.instance", str(folder), *words)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=DEVNULL)
    try:
        await until((folder / f"ready.{process.pid}").exists, 120)
    except BaseException:
        process.kill()
        raise
    return process


async def test_a_killed_instance_leaves_both_limits_whole(
    cluster: PostgresCluster, broker: str, tmp_path: Path
) -> None:
    provider = Provider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    port = str(server.sockets[0].getsockname()[1])
    with database_in(cluster) as url:
        office = Office("rabbitmq", tmp_path, amqp_url=broker, db_url=url)
        words = (url, broker, port)
        processes = list(await asyncio.gather(*(begun(tmp_path, *words) for _ in "123")))
        try:
            async with office.open("archive", business=project(), settings=SETTINGS) as shop:
                calls = [desk.Call(book=f"b{each % _BOOKS}", line=each) for each in range(_COUNT)]
                await shop.send(*calls)
                await until(lambda: len(provider.began) > _COUNT // 4)
                os.kill(processes[0].pid, signal.SIGKILL)
                killed_at = len(provider.began)
                await until(lambda: office.count("desk", "line") == _COUNT, 180)
                kept = [office.numbers("desk", f"b{each}") for each in range(_BOOKS)]
        finally:
            for each in processes:
                with contextlib.suppress(ProcessLookupError):
                    each.kill()
                await each.wait()
            server.close()

    assert killed_at < _COUNT
    assert provider.most <= 4
    assert kept == [list(range(each, _COUNT, _BOOKS)) for each in range(_BOOKS)]
    in_a_second = max(sum(t <= other < t + 1 for other in provider.began) for t in provider.began)
    assert in_a_second <= 50 * 1.1
