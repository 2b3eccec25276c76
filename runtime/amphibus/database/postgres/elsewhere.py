"""Asks the server, for a supervisor, with which modules others go on over a broker that is away here.

Supervisors that lost the same broker both want to leave their services for one process. Each says so by a lock that
anybody may share, with the number of its instances: so none takes the other's services for a reason to stay.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from amphibus.database.postgres.leases import count_over_a_broker
from amphibus.database.postgres.urls import plain

_SECONDS: Final = 5.0
_WANT: Final = 0x616D7068
"""The class of the locks by which supervisors say that they want to leave."""
_TELL: Final = "SELECT pg_advisory_lock_shared($1::int, $2::int)"
_WANTED: Final = """
    SELECT coalesce(sum(objid::bigint), 0)::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND classid::bigint = $1 AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_TROUBLE: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Elsewhere:
    """Lives as long as its supervisor; connected while that wants to leave its services."""

    def __init__(self, url: str, modules: Sequence[str], instances: int) -> None:
        self._url = url
        self._modules = modules
        self._instances = instances
        """Of each module, that are its own."""
        self._raw: Any = None

    async def running(self) -> list[str]:
        """Returns the modules of which others run instances over a broker, and do not want to leave them as well.

        Others are told that we want to, until `leave`. A server that cannot be asked knows of nobody.
        """
        try:
            async with asyncio.timeout(_SECONDS):
                raw = await self._connected()
                wanted = await raw.fetchval(_WANTED, _WANT)
                found = [(each, await count_over_a_broker(raw, each)) for each in self._modules]
        except _TROUBLE:
            self.leave()
            return []
        return [module for module, count in found if count > wanted]

    def leave(self) -> None:
        """Ends the connection, and with it what others were told."""
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.terminate()

    async def _connected(self) -> Any:
        if self._raw is None or self._raw.is_closed():
            self._raw = await asyncpg.connect(plain(self._url), timeout=_SECONDS)
            await self._raw.execute(_TELL, _WANT, self._instances)
        return self._raw
