"""The world outside the shop, the same for everybody: it costs nothing, so that the flow is what is measured."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

from modules.payments.adapters.provider import Decision

_ROOM = 1 << 22


class Approving:
    """A payment provider that answers yes at once."""

    async def authorize(
        self, _key: str, *, reference: str, amount: Decimal, currency: str, token: str
    ) -> Decision:
        assert all((reference, amount, currency, token))
        return Decision(approved=True)

    async def capture(self, _key: str, *, reference: str) -> None:
        assert reference

    async def void(self, _key: str, *, reference: str) -> None:
        assert reference

    async def refund(self, _key: str, *, reference: str, amount: Decimal) -> None:
        assert all((reference, amount))


class Postbox:
    """Tells the run by a datagram that a mail has left: the subject names the order."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))

    async def send(self, _message_id: str, mail: EmailMessage) -> None:
        self._socket.send(mail["Subject"].encode())


class Letters:
    """The run's end of it: who waits for an order is woken when its mail leaves."""

    def __init__(self) -> None:
        self.port = 0
        self._awaited: dict[str, asyncio.Future[None]] = {}

    @classmethod
    @contextmanager
    def collected(cls) -> Iterator["Letters"]:
        """Begins to listen."""
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        own.bind(("127.0.0.1", 0))
        own.setblocking(False)
        letters = cls()
        letters.port = own.getsockname()[1]
        loop = asyncio.get_running_loop()
        loop.add_reader(own, letters._read, own)
        try:
            yield letters
        finally:
            loop.remove_reader(own)
            own.close()

    def expect(self, order: str) -> "asyncio.Future[None]":
        """Done when the mail about that order has left."""
        found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited[order] = found
        return found

    def _read(self, own: socket.socket) -> None:
        while True:
            try:
                subject = own.recv(512).decode()
            except BlockingIOError:
                return
            order = subject.removeprefix("Your order ").partition(":")[0]
            waiting = self._awaited.pop(order, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)


def mail_about(order: str, address: str, total: Any) -> EmailMessage:
    """A mail as the shop's notifications write it, for those who have no shop."""
    mail = EmailMessage()
    mail["From"] = "Shop <shop@example.com>"
    mail["To"] = address
    mail["Subject"] = f"Your order {order}: confirmed"
    mail.set_content(
        f"Hello,\n\nthank you for your order. We have charged {total} to your card.\n\nThe shop\n"
    )
    return mail
