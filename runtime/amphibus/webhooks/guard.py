"""Connections to endpoints of others, and to nothing inside: the address is looked at after its name is resolved.

What is connected to is the address that was looked at, so a name that means another one a moment later changes nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, Final

from httpcore import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from amphibus.errors import ConfigError


class GuardedBackend(AsyncNetworkBackend):
    """Opens TCP connections to public addresses; to private ones too where that is allowed."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._open = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the library calls it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """Connects to the first address of a name that answers.

        Raises:
            ConfigError: the name stands for an address inside.
            ConnectError: it stands for none, or none answers.
        """
        failed: Exception = ConnectError(f"{host} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._open.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except ConnectError as error:
                failed = error
        raise failed

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectError(f"{host} has no address: {error.strerror}") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        inside = [] if self._private else [each for each in addresses if not is_public(each)]
        if inside:
            raise ConfigError(
                f"{host} is {inside[0]}, which is no address of the public internet",
                "a webhook must not reach what is inside; nothing was posted",
                "correct its url, or allow it: private = true under [webhooks.<name>]",
            )
        return addresses


_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""The addresses of IPv6 that are given to anybody; beside them lie those of sites, machines and translators."""


def is_public(address: str) -> bool:
    """Returns whether an address is one of the public internet, also where it is wrapped in another one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or _of_nat64(found)
        if inner is not None:
            return is_public(str(inner))
        if found not in _UNICAST:
            return False
    return found.is_global and not found.is_multicast


def _of_nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
