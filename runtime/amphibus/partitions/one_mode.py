"""Lets an instance begin on a server where no other mode is at work on its module, and never two at once."""

import asyncio
from typing import Any, Final

import structlog

from amphibus.clock import SECOND, elapsed
from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.postgres.leases import Instance, OtherInstance, register_alone
from amphibus.database.postgres.silent_peers import strike_off_silent
from amphibus.errors import StoreError

_log: Any = structlog.get_logger()
_LOOKS_PER_BEAT: Final = 2


async def register(
    connection: PostgresConnection,
    module: str,
    instance: Instance,
    *,
    beat: float,
    patience: float,
) -> None:
    """Writes an instance down once there is none of another mode.

    Waits for the leases of those that died. Those that live renew theirs each `beat` seconds, and may be about to end:
    they are waited for as long as `patience` says.

    Raises:
        StoreError: one lives and goes on.
    """
    began, before = elapsed(), dict[str, int]()
    while others := await _others(connection, module, instance):
        if not before:
            _say_whom_it_waits_for(module, others)
        lives = any(before.get(each.id, each.until) != each.until for each in others)
        if lives and elapsed() - began >= patience * SECOND:
            raise StoreError(
                f"module {module} runs over {others[0].transport} on this database",
                f"this process would run it over {instance.transport}: two modes never share one",
                "stop the other first",
            )
        before = {each.id: each.until for each in others}
        await asyncio.sleep(beat / _LOOKS_PER_BEAT)


async def _others(
    connection: PostgresConnection, module: str, instance: Instance
) -> list[OtherInstance]:
    """Returns the instances of another mode; there are none once this one is written down."""
    await strike_off_silent(connection.sql, module)
    return await register_alone(connection, module, instance)


def _say_whom_it_waits_for(module: str, others: list[OtherInstance]) -> None:
    _log.warning(
        "process.warning",
        what=f"module {module} waits: {len(others)} instances run it over {others[0].transport}",
        why="two modes never share a database, and these may be ending",
        fix="nothing, or stop them",
    )
