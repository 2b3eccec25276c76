"""Checks that a broker answers at an address and lets us in."""

import asyncio
import logging
import socket
from typing import Final, Literal
from urllib.parse import urlsplit

_PROBE_SECONDS: Final = 3.0
_SILENT: Final = logging.NullHandler()

ProbeResult = Literal["lets in", "refuses", "away"]


def probe(url: str) -> ProbeResult:
    """Returns the broker's answer to a client with this address."""
    there = urlsplit(url)
    try:
        socket.create_connection((there.hostname, there.port), _PROBE_SECONDS).close()
    except OSError:
        return "away"
    return asyncio.run(knock(url))


async def knock(url: str) -> ProbeResult:
    """Returns the same; asks the broker at once, within a few seconds."""
    logging.getLogger("aiormq").addHandler(_SILENT)  # we report its errors ourselves
    import aiormq
    from aiormq import exceptions as said

    refusals = (said.AuthenticationError, said.ProbableAuthenticationError, said.ConnectionClosed)
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            connection = await aiormq.connect(url)
            await connection.close()
    except refusals:
        return "refuses"
    except (said.AMQPError, OSError, TimeoutError, RuntimeError):
        return "away"
    return "lets in"
