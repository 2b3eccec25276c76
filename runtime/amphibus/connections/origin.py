"""Addresses: what counts as one client."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=4_096)
def origin_of(address: str) -> str:
    """Returns what an address is counted as: itself, or of IPv6 its network, since one client has all of that."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))
