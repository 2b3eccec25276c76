"""Addresses of processes of ours, as they are written and reached."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def http_url(host: str, port: int, scheme: str = "http") -> str:
    """The URL of a host and a port; an IPv6 address stands in brackets."""
    bare = host.removeprefix("[").removesuffix("]")
    return f"{scheme}://[{bare}]:{port}" if ":" in bare else f"{scheme}://{bare}:{port}"


def local_url(host: str, port: int) -> str:
    """Returns the URL at which a process that listens on a host is reached from the same machine."""
    return http_url(_EVERYWHERE.get(host, host), port)


def is_loopback(url: str) -> bool:
    """Says if a URL leads to this machine, to which no proxy is a way."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
