"""The hop with Celery: a worker of eight threads whose task calls another, confirmed, acknowledged late."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.benchmarks.business import orders
from tests.benchmarks.child import ROOT
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.peers.celery_app import application

_THREADS = "8"
_SILENT_SECONDS = 30.0


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another, url, name = orders(), setup["amqp_url"], setup["env"]
    _, take = application(url, name)

    def run(count: int) -> float:
        for _ in range(count):
            take.delay(another().model_dump_json())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
            heard.bind(("127.0.0.1", 0))
            heard.settimeout(_SILENT_SECONDS)
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.peers.celery_app", url, name, _THREADS],
                cwd=ROOT,
                env=os.environ | {"BENCH_PORT": str(heard.getsockname()[1])},
            )
            try:
                return _counted(heard, count)
            finally:
                worker.terminate()
                worker.wait()

    async def answer(request: Request) -> float:
        return await asyncio.to_thread(run, request["count"])

    yield Answering(answer)


def _counted(heard: socket.socket, count: int) -> float:
    began, ended = 0.0, 0
    while ended < count:
        word = heard.recv(16)
        began = began or time.perf_counter()
        ended += word == b"ended"
    return count / (time.perf_counter() - began)
