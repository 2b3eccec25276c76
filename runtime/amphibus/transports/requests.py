"""Requests and replies on top of any transport: both travel as messages that nobody keeps.

A module's requests come to an address beside its own, and replies to an address of this process
alone. So neither meets the inbox, which keeps what it takes, nor the partitions.
"""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

from amphibus.contract.texts import storable
from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.messages.cloudevents import LONGEST_DETAIL
from amphibus.messages.envelope import REPLY_TO, Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.messages.ids import new_id
from amphibus.telemetry.privacy import describe
from amphibus.transport import (
    Ack,
    Inbound,
    OnOutcome,
    OnPartitionChange,
    OnReply,
    Transport,
)

REPLY_TYPE: Final = "amphibus.reply"
_ANSWERED: Final = "answered"
_ASKED: Final = "asked"
"""The name in `extra` of the id by which the asking side knows a request."""
_OURS: Final = (REPLY_TO, _ASKED)
_REQUESTS: Final = ".requests"


class RequestsOverDelivery:
    """Keeps the promise of `Requests` with `attach`, `detach`, `is_reachable` and `deliver` alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._expected: dict[str, OnReply] = {}
        self.address = ""

    def attach(self, module: str, inbound: Inbound) -> None:
        """Listens for requests to a module, and for replies to this process."""
        if not self.address:
            self.address = f"{module}.replies.{uuid.uuid4().hex}"
            self._transport.attach(self.address, _Replies(self._expected), _NoPartitions())
        inbound.on_reply = self._reply
        asked = _Requests(inbound, self._reply)
        self._transport.attach(f"{module}{_REQUESTS}", asked, _NoPartitions())

    async def detach(self, module: str) -> None:
        """Listens for that module's requests no more."""
        await self._transport.detach(f"{module}{_REQUESTS}")

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Asks a module.

        Raises:
            OwnerAway: the transport cannot reach it now; it was not done.
            RequestTimeout: no reply in time; it may have been done.
        """
        asked = uuid.uuid4().hex  # one id may be asked twice at once
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._expected[asked] = partial(_give, future)
        try:
            if not self._post(
                f"{destination}{_REQUESTS}",
                _with(envelope, {REPLY_TO: self.address, _ASKED: asked}),
            ):
                raise _away(destination, envelope)
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise _late(destination, envelope, timeout) from None
        finally:
            self._expected.pop(asked, None)

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """Calls `on_reply` with the reply to a delivered message; None stops that."""
        if on_reply is None:
            self._expected.pop(message_id, None)
        else:
            self._expected[message_id] = on_reply

    def addressed(self, envelope: Envelope) -> Envelope:
        """Returns a message as it is delivered: with the address of whoever here waits for its reply."""
        if envelope.reply and envelope.id in self._expected and REPLY_TO not in envelope.extra:
            return _with(envelope, {REPLY_TO: self.address})
        return envelope

    def _reply(self, envelope: Envelope, reply: Reply) -> None:
        address = envelope.extra.get(REPLY_TO)
        if address:
            self._post(address, _as_envelope(envelope, reply))

    def _post(self, address: str, envelope: Envelope) -> bool:
        """Delivers to one address; False where it cannot be reached now."""
        ((route, destinations),) = self._transport.routes((address,))
        if not self._transport.is_reachable(route):
            return False
        self._transport.deliver(destinations, envelope, _nothing)
        return True


class _NoPartitions:
    """The partitions of an address, which has none."""

    def __init__(self) -> None:
        self.owned: frozenset[int] = frozenset()
        self.on_change: list[OnPartitionChange] = []


class _Requests:
    """The address of a module's requests."""

    def __init__(self, inbound: Inbound, reply: OnOutcome) -> None:
        self.on_reply = reply
        self._inbound = inbound
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, envelope: Envelope, ack: Ack, partition: int | None = None) -> None:  # noqa: ARG002
        """Answers a request in any case. It is safe at once: nobody keeps it."""
        task = asyncio.get_running_loop().create_task(self._answer(envelope))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ack()

    def refuse(
        self,
        envelope: Envelope,
        failure: Failure,
        ack: Ack,
        partition: int | None = None,  # noqa: ARG002
    ) -> None:
        """Tells whoever asked."""
        self.on_reply(envelope, Reply("failed", detail=failure.error))
        ack()

    async def request(self, envelope: Envelope) -> Reply:
        """Hands it on."""
        extra = {name: each for name, each in envelope.extra.items() if name not in _OURS}
        return await self._inbound.request(replace(envelope, extra=MappingProxyType(extra)))

    async def _answer(self, envelope: Envelope) -> None:
        try:
            reply = await self.request(envelope)
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            reply = Reply("failed", detail=describe(error))
        self.on_reply(envelope, reply)


class _Replies:
    """The address of this process's replies."""

    def __init__(self, expected: dict[str, OnReply]) -> None:
        self.on_reply: OnOutcome = _tell_nobody
        self._expected = expected

    def take(self, envelope: Envelope, ack: Ack, partition: int | None = None) -> None:  # noqa: ARG002
        """Hands a reply to whoever waits for it; one that comes again finds nobody."""
        on_reply = self._expected.pop(envelope.causation or "", None)
        if on_reply is not None:
            on_reply(_as_reply(envelope))
        ack()

    def refuse(
        self,
        envelope: Envelope,  # noqa: ARG002
        failure: Failure,  # noqa: ARG002
        ack: Ack,
        partition: int | None = None,  # noqa: ARG002
    ) -> None:
        """Drops it: the timeout tells."""
        ack()

    async def request(self, envelope: Envelope) -> Reply:
        """Answers nothing: nobody asks a reply."""
        return Reply("failed", detail=f"{envelope.type} is no request")


def _with(envelope: Envelope, more: Mapping[str, str]) -> Envelope:
    return replace(envelope, extra=MappingProxyType({**envelope.extra, **more}))


def _as_envelope(request: Envelope, reply: Reply) -> Envelope:
    """Makes a message of a reply; what it says instead of an answer is any text, so the body has it, and no header."""
    said = storable(reply.detail, LONGEST_DETAIL).encode()
    return Envelope(
        id=new_id(),
        type=REPLY_TYPE,
        source=request.type.partition(".")[0],
        key=None,
        time=request.time,
        correlation=request.correlation,
        causation=request.extra.get(_ASKED, request.id),
        trace=request.trace,
        body=reply.body if reply.outcome == _ANSWERED else said,
        extra=MappingProxyType({"outcome": reply.outcome, "code": reply.code}),
    )


def _as_reply(envelope: Envelope) -> Reply:
    outcome = envelope.extra.get("outcome") or "failed"
    if outcome == _ANSWERED:
        return Reply(outcome, envelope.body)
    said = envelope.body.decode("utf-8", "replace")
    return Reply(outcome, code=envelope.extra.get("code", ""), detail=said)


def _away(module: str, envelope: Envelope) -> OwnerAway:
    return OwnerAway(
        f"module {module} is not here",
        f"nobody handles {envelope.type} at the moment; it was not done",
        f"start it: amphibus run --module {module}",
    )


def _late(module: str, envelope: Envelope, seconds: float) -> RequestTimeout:
    return RequestTimeout(
        f"{envelope.type} was not answered within {seconds:g} s",
        f"module {module} may still be working on it: it may have been done",
        "ask again with the same id: it is done once",
    )


def _give(future: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not future.done():
        future.set_result(reply)


def _nothing() -> None:
    """Nobody waits until a request or a reply is safe."""


def _tell_nobody(_envelope: Envelope, _reply: Reply) -> None:
    """A reply has no reply."""
