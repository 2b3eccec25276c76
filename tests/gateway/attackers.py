"""Clients that mean harm: `python -m tests.gateway.attackers PORT SLOW`, until its input ends.

Eight send the worst bodies that the limits let through, two send heads of 100 MB, and SLOW connections are idle or
send their head byte by byte. Each group has addresses of its own. At the end it prints what it has done, as JSON.
"""

import asyncio
import contextlib
import json
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import Final

BODIES: Final = 8
HEADS: Final = 2
_SLOW_ADDRESSES: Final = 10
_HEAD_BYTES: Final = 100_000_000
_PIECE: Final = b"x" * 65_536
_TEMPLATE: Final = b'{"customer":{"email":"a@example.org"},"currency":"EUR","payment_token":"tok_visa","lines":[%b]}'
done: Final[Counter[str]] = Counter()


def worst_bodies() -> Iterator[bytes]:
    """Bodies that are dear to read, each of as many bytes as an order may have or a few more."""
    wrong = b'{"sku":"","quantity":0,"unit_price":1,"x":1}'
    yield _TEMPLATE % b",".join([wrong] * 2_000)
    yield _TEMPLATE % b",".join([b"{}"] * 300_000)
    yield _TEMPLATE % b",".join([b'{"sku":{"a":[1]}}'] * 55_000)
    yield b"[" * 1_000_000
    yield b'{"a":' * 190_000
    yield b"{" + b",".join(b'"%x":0' % number for number in range(90_000)) + b"}"
    yield b'{"a":"' + b"\\u00e9" * 170_000 + b'"}'
    yield b'{"a":' + b"9" * 1_000_000 + b"}"
    yield b" " * 1_048_577


async def main(port: int, slow: int) -> None:
    """Goes on until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    bodies = list(worst_bodies())
    tasks = [
        *(
            _again(port, "127.0.0.2", _body, bodies[each:] + bodies[:each])
            for each in range(BODIES)
        ),
        *(_again(port, "127.0.0.3", _head, bodies) for _ in range(HEADS)),
        *(
            _again(
                port, f"127.0.1.{1 + each % _SLOW_ADDRESSES}", _idle if each % 2 else _slow, bodies
            )
            for each in range(slow)
        ),
    ]
    running = [asyncio.create_task(each) for each in tasks]
    while done["connections"] < slow:
        await asyncio.sleep(0.1)
    print("all at work", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.read)
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    print(json.dumps(done))  # noqa: T201


async def _again(port: int, address: str, act: object, bodies: list[bytes]) -> None:
    turn = cycle(bodies)
    while True:
        body, writer = next(turn), None
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(address, 0)
            )
            done["connections"] += 1
            await act(reader, writer, body)  # type: ignore[operator]
        except OSError:
            done["ended by the gateway"] += 1
        if writer is not None:
            writer.close()
        await asyncio.sleep(0.2)


async def _body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
    head = f"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    with contextlib.suppress(ConnectionError):
        writer.write(body)
        await writer.drain()
    line = await reader.readline()
    done[f"body answered {line.split(b' ')[1].decode() if b' ' in line else 'nothing'}"] += 1


async def _head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _body: bytes) -> None:
    writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ")
    sent = 0
    while sent < _HEAD_BYTES:
        writer.write(_PIECE)
        sent += len(_PIECE)
        await writer.drain()
        await asyncio.sleep(0)
    done["heads of 100 MB taken whole"] += 1


async def _slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _body: bytes) -> None:
    left = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 100
    while left and not reader.at_eof():
        writer.write(left[:1])
        left = left[1:]
        await writer.drain()
        await asyncio.sleep(1)


async def _idle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _body: bytes) -> None:
    await reader.read()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
