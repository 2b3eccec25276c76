"""Requests that go directly while a process can be reached that answers for them, and else as before."""

import asyncio
from collections.abc import Callable

from amphibus.contract import kind_of
from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.system_requests import SYSTEM_REQUESTS
from amphibus.routing.topology import Topology
from amphibus.transport import Inbound, OnReply, Requests
from amphibus.transports.direct.connection import ConnectionGone, NotTaken
from amphibus.transports.direct.peers import Peers
from amphibus.transports.direct.server import DirectServer


class DirectRequests:
    """Keeps the promise of `Requests`, with those of another transport below it.

    What no process took goes over that one. What was lost midway is asked again, since a query changes nothing and
    the inbox knows a decided command by its id.
    """

    def __init__(
        self, over: Requests, peers: Peers, server: DirectServer, topology: Topology
    ) -> None:
        self._over = over
        self._peers = peers
        self._server = server
        self._topology = topology
        self._expected: dict[str, OnReply] = {}
        self.on_asked: Callable[[str], None] = lambda _way: None
        """Told the way of each request: `direct` or `broker`."""

    @property
    def address(self) -> str:
        """Returns where replies to kept messages reach this process."""
        return self._over.address

    def attach(self, module: str, inbound: Inbound) -> None:
        """Answers requests to a module, whichever way they come."""
        self._over.attach(module, inbound)
        self._server.attach(module, inbound)

    async def detach(self, module: str) -> None:
        """Takes no more of them."""
        self._server.detach(module)
        await self._over.detach(module)

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """Calls `on_reply` with the reply to a kept message, whichever way it comes; None stops that."""
        if on_reply is None:
            self._expected.pop(message_id, None)
        else:
            self._expected[message_id] = on_reply
        self._over.expect_reply(message_id, on_reply)

    def replied(self, message_id: str, reply: Reply) -> None:
        """Tells whoever waits for the reply to a message that went directly."""
        on_reply = self._expected.pop(message_id, None)
        if on_reply is not None:
            self._over.expect_reply(message_id, None)
            on_reply(reply)

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Asks a module.

        Raises:
            OwnerAway: nobody takes it; it was not done.
            RequestTimeout: no reply in time, or what had it was lost; it may have been done.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + timeout
        begun = False
        for peer in self._peers.of(envelope.source, destination):
            try:
                reply = await peer.ask(envelope, max(0.0, ends - loop.time()))
            except NotTaken:
                continue
            except ConnectionGone:
                begun = begun or not self._is_query(envelope)
                continue
            except TimeoutError:
                self.on_asked("direct")
                raise _late(destination, envelope, timeout) from None
            self.on_asked("direct")
            return reply
        self.on_asked("broker")
        try:
            return await self._over.request(destination, envelope, max(0.001, ends - loop.time()))
        except OwnerAway:
            if begun:
                raise _lost(destination, envelope) from None
            raise

    def _is_query(self, envelope: Envelope) -> bool:
        if envelope.type in SYSTEM_REQUESTS:
            return True
        contract = self._topology.contracts.get(envelope.type)
        return contract is not None and kind_of(contract) == "query"


def _late(module: str, envelope: Envelope, seconds: float) -> RequestTimeout:
    return RequestTimeout(
        f"{envelope.type} was not answered within {seconds:g} s",
        f"module {module} may still be working on it: it may have been done",
        "ask again with the same id: it is done once",
    )


def _lost(module: str, envelope: Envelope) -> RequestTimeout:
    return RequestTimeout(
        f"the connection was lost before {envelope.type} was answered",
        f"module {module} may have it: it may have been done",
        "ask again with the same id: it is done once",
    )
