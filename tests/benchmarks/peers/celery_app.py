"""The Celery application of `hop_celery`, and the worker's process itself."""

import os
import socket
from typing import Any

from celery import Celery
from kombu import Queue

from tests.benchmarks.peers.plain import Work, done


def application(url: str, name: str) -> tuple[Celery, Any]:
    """With what makes it as safe as the others: late acks, confirms, quorum queues. Returns it and its task."""
    app = Celery(name, broker=url)
    app.conf.update(
        task_acks_late=True,
        task_default_queue_type="quorum",
        task_ignore_result=True,
        task_queues=[
            Queue(f"{name}.{way}", queue_arguments={"x-queue-type": "quorum"})
            for way in ("in", "out")
        ],
        broker_transport_options={"confirm_publish": True},
        worker_prefetch_multiplier=25,
        worker_detect_quorum_queues=True,
    )
    told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port = int(os.environ.get("BENCH_PORT", "0"))

    def follow(body: str) -> None:
        assert body

    def take(body: str) -> None:
        if port:
            told.sendto(b"began", ("127.0.0.1", port))
        following.delay(done(Work.model_validate_json(body)).model_dump_json())
        if port:
            told.sendto(b"ended", ("127.0.0.1", port))

    following = app.task(name="follow", queue=f"{name}.out")(follow)
    return app, app.task(name="take", queue=f"{name}.in")(take)


def main(arguments: Any) -> None:
    """A worker: URL, name, threads."""
    url, name, threads = arguments
    app, _ = application(url, name)
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "error")
    app.worker_main(["worker", "-P", "threads", "-c", threads, "-Q", f"{name}.in", *quiet])


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
