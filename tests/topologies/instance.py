"""A process that hosts an instance of every module of the tiny business, and may be killed or paused.

`python -m tests.topologies.instance DATA DB AMQP ENV`
"""

import asyncio
import signal
import sys
from pathlib import Path

from amphibus.clock import SystemClock
from amphibus.config.settings import load_settings
from amphibus.host.host import Host
from amphibus.telemetry.logs import set_up
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.moods import Script, container_with
from amphibus.testing.conformance.office import MODULES
from amphibus.transports.registry import make

PARTITIONS = 4


def host(names: tuple[str, ...], data: Path, db_url: str, amqp_url: str, env: str) -> Host:
    """Hosts modules on a server and a broker, with retries that come soon and do not end."""
    business = project()
    settings = load_settings(
        business.root,
        mode="distributed",
        flags={
            "data_dir": data,
            "db_url": db_url,
            "amqp_url": amqp_url,
            "env": env,
            "bus.quick_retries": 0,
            "bus.max_attempts": 100,
            "bus.retry_first_seconds": 0.05,
            "bus.retry_limit_seconds": 0.2,
            "bus.partitions": PARTITIONS,
        },
        environ={},
    )
    return Host(
        business,
        settings,
        names,
        transport=make("rabbitmq", business.topology(), settings, SystemClock()),
        containers={name: container_with(Script()) for name in names},
    )


async def live(data: Path, db_url: str, amqp_url: str, env: str) -> None:
    """Works until it is asked to stop."""
    set_up("json", "info")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    hosted = host(MODULES, data, db_url, amqp_url, env)
    await hosted.start()
    await stop.wait()
    await hosted.stop()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), *sys.argv[2:]))
