"""Messages that are large, and handled slowly, leave their connection to requests."""

import asyncio
from collections.abc import Callable

import pytest

from amphibus.messages.envelope import Envelope
from amphibus.transport import Ack
from amphibus.transports.direct import connection
from amphibus.transports.direct.connection import PeerConnection
from amphibus.transports.direct.deliveries import Deliveries
from tests.direct.conftest import Desk, NoPartitions, Street, query, said

pytestmark = pytest.mark.asyncio
MANY = 48
LARGE = b'{"book": "b", "line": 1}' + b" " * 1_000_000


class SlowDesk(Desk):
    """Takes messages, and is done with none of them."""

    def __init__(self) -> None:
        super().__init__(said)
        self.taken: list[str] = []
        self.acks: list[Ack] = []

    def take(self, envelope: Envelope, ack: Ack, partition: int | None = None) -> None:  # noqa: ARG002
        self.taken.append(envelope.id)
        self.acks.append(ack)


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(100):
        while not fact():
            await asyncio.sleep(0.005)


async def test_large_messages_that_wait_do_not_silence_their_connection(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not read is given up, and all that is under way on it comes again, until memory ends."""
    monkeypatch.setattr(connection, "_LOOK_SECONDS", 0.1)
    looks: list[PeerConnection] = []
    look = PeerConnection._look

    def counted(each: PeerConnection) -> None:
        looks.append(each)
        look(each)

    monkeypatch.setattr(PeerConnection, "_look", counted)
    slow, board = SlowDesk(), street.board()
    desk = await street.process("desk", directory=board)
    desk.transport.attach("desk", slow, NoPartitions())
    gateway = await street.process("gateway", directory=street.board())
    await gateway.ask(query())
    safe: list[str] = []
    deliveries = Deliveries(
        gateway.transport._peers, "gateway", "desk", partitions=2, on_reply=lambda *_: None
    )
    for number in range(MANY):
        message = query(LARGE, type="desk.Write.v1", id=f"m{number}", key=str(number), reply=False)
        deliveries.put(message, lambda: safe.append(""))
    await until(lambda: len(slow.taken) >= 16)
    await until(lambda: len(looks) > 8)
    await gateway.ask(query())

    assert set(gateway.ways) == {"direct"}
    assert len(slow.taken) == len(set(slow.taken)) == 16
    while len(safe) < MANY:
        for ack in slow.acks[:]:
            slow.acks.remove(ack)
            ack()
        await asyncio.sleep(0)
    deliveries.recall()
    assert sorted(slow.taken) == sorted(f"m{number}" for number in range(MANY))
