"""The directory of modules whose databases are on a server: tables there, which hold each role to its own rows."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from typing import Any, Final

from amphibus.database.postgres.peers import (
    Announced,
    add_pair_keys,
    allowed,
    announce,
    announced,
    connect_to_peers,
    pair_keys,
    withdraw,
)
from amphibus.errors import StoreUnwritable
from amphibus.transports.direct.directory import DirectoryUnusable, Known, PeerAddress
from amphibus.transports.direct.file_directory import is_loopback

_EVERY_SECONDS: Final = 2.0
_LEASE: Final = 10_000_000
"""Microseconds for which a process is known after its last word."""
_ANSWER_SECONDS: Final = 4.0
_CLOSE_SECONDS: Final = 0.5
_KEY_BYTES: Final = 32


class ServerDirectory:
    """Keeps the promise of `Directory` on a connection of its own.

    Each pair of modules has a key that nobody else may read: it proves who asks and who answers.
    """

    every_seconds = _EVERY_SECONDS

    def __init__(self, url: str, modules: Sequence[str], *, make: bool = True) -> None:
        self._url = url
        self._make = make
        """True if tables that are missing are made: not by who only looks."""
        self._modules = tuple(modules)
        self._machine = socket.gethostname()
        self._own: tuple[Announced, ...] = ()
        self._raw: Any = None

    async def beat(self, own: Sequence[PeerAddress]) -> Known:
        """Announces our addresses for some seconds more, and reads those of all.

        Raises:
            DirectoryUnusable: this role may not use the tables.
            Exception: the server is away.
        """
        try:
            if self._raw is None:
                self._raw = await connect_to_peers(self._url, make=self._make)
            async with asyncio.timeout(_ANSWER_SECONDS):
                with allowed():
                    return await self._beat(self._raw, own)
        except StoreUnwritable as error:
            self._drop()
            raise DirectoryUnusable(f"{error.what}: {error.why}", error.fix) from error
        except BaseException:
            self._drop()
            raise

    async def close(self) -> None:
        """Withdraws our addresses, if the server answers at once."""
        raw, self._raw = self._raw, None
        if raw is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await withdraw(raw, self._own)
                await raw.close()
        finally:
            raw.terminate()

    async def _beat(self, raw: Any, own: Sequence[PeerAddress]) -> Known:
        ours = tuple(
            Announced(each.module, each.instance, each.host, each.port, self._machine)
            for each in own
        )
        await withdraw(raw, [each for each in self._own if each not in ours])
        await announce(raw, ours, lease=_LEASE)
        self._own = ours
        found: dict[str, list[PeerAddress]] = {}
        for module, instance, host, port, machine in await announced(raw):
            if machine == self._machine or not is_loopback(host):
                address = PeerAddress(module, instance, host, port)
                found.setdefault(module, []).append(address)
        return Known(found, await self._keys(raw, {each.module for each in ours}))

    async def _keys(self, raw: Any, ours: set[str]) -> dict[frozenset[str], bytes]:
        keys = await pair_keys(raw)
        wanted = (frozenset((one, other)) for one in ours for other in self._modules)
        if missing := {pair for pair in wanted if pair not in keys}:
            await add_pair_keys(raw, {pair: secrets.token_hex(_KEY_BYTES) for pair in missing})
            keys = await pair_keys(raw)
        return {pair: key.encode() for pair, key in keys.items()}

    def _drop(self) -> None:
        if self._raw is not None:
            self._raw.terminate()
            self._raw = None
