"""The hop with Dramatiq: an actor in eight threads of one process that sends to another actor, confirmed."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.worker import Worker

from tests.benchmarks.business import orders
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.peers.plain import Work, done

_THREADS = 8
_ENDS_WITHIN = 120.0


class QuorumBroker(RabbitmqBroker):  # type: ignore[misc]
    """Durable quorum queues, as everybody else here has."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        arguments: dict[str, Any] = super()._build_queue_arguments(queue_name)
        return arguments | {"x-queue-type": "quorum"}


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another, name = orders(), setup["env"]
    broker = QuorumBroker(url=setup["amqp_url"], confirm_delivery=True, middleware=[])
    times: list[float] = []
    finished = threading.Event()
    most = 0

    def follow(body: str) -> None:
        assert body

    def take(body: str) -> None:
        times.append(time.perf_counter())
        following.send(done(Work.model_validate_json(body)).model_dump_json())
        times.append(time.perf_counter())
        if len(times) == 2 * most:
            finished.set()

    following = dramatiq.actor(actor_name="follow", broker=broker, queue_name=f"{name}.out")(follow)
    taking = dramatiq.actor(actor_name="take", broker=broker, queue_name=f"{name}.in")(take)

    def run(count: int) -> float:
        nonlocal most
        most = count
        times.clear()
        finished.clear()
        for _ in range(count):
            taking.send(another().model_dump_json())
        worker = Worker(broker, queues={f"{name}.in"}, worker_threads=_THREADS)
        worker.start()
        try:
            finished.wait(_ENDS_WITHIN)
            return count / (max(times) - min(times))
        finally:
            worker.stop()

    async def answer(request: Request) -> float:
        return await asyncio.to_thread(run, request["count"])

    yield Answering(answer)
