"""A process that hosts an instance of the desk, which calls a provider over TCP, and may be killed.

`python -m tests.policies.instance FOLDER DB AMQP PORT`
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Final

from amphibus.context import Outside
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from tests.policies.test_limits import desk_that

SETTINGS: Final = {"bus.partitions": 6}
POLICY: Final[dict[str, Any]] = {"at_most": 4, "rate": "50/s", "outside_timeout": 2.0}


async def live(folder: Path, db_url: str, amqp_url: str, port: int) -> None:
    """Works until it is killed."""

    async def ask(message: desk.Call, _outside: Outside[Any]) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"{message.book} {message.line}\n".encode())
            return (await reader.readline()).decode().strip()
        finally:
            writer.close()

    office = Office("rabbitmq", folder, amqp_url=amqp_url, db_url=db_url)
    async with office.open("desk", business=desk_that(ask, **POLICY), settings=SETTINGS):
        (folder / f"ready.{os.getpid()}").touch()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
