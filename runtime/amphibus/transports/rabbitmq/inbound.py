"""Turns deliveries from a module's queues into messages for its receiver; unreadable ones into dead letters."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from amphibus.clock import Clock
from amphibus.errors import Undecodable
from amphibus.messages.cloudevents import from_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.telemetry.privacy import describe
from amphibus.transport import Ack, Inbound
from amphibus.transports.rabbitmq.names import DELIVERY_LIMIT, Names
from amphibus.transports.rabbitmq.properties import Arrival, stranger

_log: Any = structlog.get_logger()
SendReply = Callable[[str, str, Reply], None]
"""Called with the address, the correlation and the reply."""


class InboundQueue:
    """The inbound queue of one module. Lives as long as the module is attached."""

    def __init__(
        self,
        module: str,
        inbound: Inbound,
        *,
        names: Names,
        clock: Clock,
        body_limit: int,
        verify: bool,
        send_reply: SendReply,
    ) -> None:
        self.module = module
        self._inbound = inbound
        self._names = names
        self._clock = clock
        self._body_limit = body_limit
        self._verify = verify
        self._send_reply = send_reply
        self._addresses: dict[tuple[str, str], str] = {}
        """Where the sender of a message waits for its reply, while it is handled."""
        self._tasks: set[asyncio.Task[None]] = set()
        inbound.on_reply = self.reply

    def message(self, partition: int, arrival: Arrival, ack: Ack) -> None:
        """Takes a message of a partition."""
        envelope, failure = self._read(arrival)
        if failure is not None:
            self._inbound.refuse(envelope, failure, ack, partition)
            return
        if envelope.reply and arrival.reply_to:
            who = (envelope.source, envelope.id)
            self._addresses[who] = arrival.reply_to
            ack = partial(self._acked, who, ack)
        self._inbound.take(envelope, ack, partition)

    def given_up(self, arrival: Arrival, ack: Ack) -> None:
        """Takes a message that the broker has given up."""
        envelope, failure = self._read(arrival)
        if failure is None:
            failure = Failure(
                "undelivered", f"the broker gave it up after {DELIVERY_LIMIT} deliveries"
            )
        self._inbound.refuse(envelope, failure, ack)

    def request(self, arrival: Arrival, ack: Ack) -> None:
        """Takes a query or a decided command; answers in any case."""
        task = asyncio.get_running_loop().create_task(self._answer(arrival, ack))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def reply(self, envelope: Envelope, reply: Reply) -> None:
        """Sends the reply to a message to its sender's reply address, if it has one."""
        address = self._addresses.pop((envelope.source, envelope.id), None)
        if address is not None:
            self._send_reply(address, envelope.id, reply)

    async def _answer(self, arrival: Arrival, ack: Ack) -> None:
        envelope, failure = self._read(arrival)
        try:
            if failure is not None:
                reply = Reply("failed", detail=failure.error)
            else:
                reply = await self._inbound.request(envelope)
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            reply = Reply("failed", detail=describe(error))
        if arrival.reply_to:
            self._send_reply(arrival.reply_to, arrival.correlation, reply)
        ack()

    def _acked(self, who: tuple[str, str], ack: Ack) -> None:
        self._addresses.pop(who, None)
        ack()

    def _read(self, arrival: Arrival) -> tuple[Envelope, Failure | None]:
        """Returns the envelope, and the reason why it must not be handled, if there is one."""
        now = self._clock.now()
        try:
            envelope = from_headers(arrival.headers, arrival.body, now=now)
        except Undecodable as error:
            return stranger(arrival, now=now), Failure("undecodable", describe(error))
        if len(arrival.body) > self._body_limit:
            size = f"its body has {len(arrival.body)} bytes; the limit is {self._body_limit}"
            return envelope, Failure("oversized", size)
        if self._verify and (forgery := self._forgery(envelope, arrival)) is not None:
            return stranger(arrival, now=now), Failure("forged", forgery)
        return envelope, None

    def _forgery(self, envelope: Envelope, arrival: Arrival) -> str | None:
        if arrival.user != self._names.user(envelope.source):
            who = f"user '{arrival.user}'" if arrival.user else "somebody who does not say who"
            return f"it says that it comes from {envelope.source}, and was sent by {who}"
        owner = envelope.type.partition(".")[0]
        if envelope.type not in self._names.topology.owners and owner != envelope.source:
            return f"{envelope.type} is said by {owner} alone, and was sent by {envelope.source}"
        return None
