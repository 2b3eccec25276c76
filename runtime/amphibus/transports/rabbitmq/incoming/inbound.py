"""Turns deliveries from a module's queues into messages for its receiver; unreadable ones into dead letters."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog

from amphibus.clock import Clock
from amphibus.contract import kind_of
from amphibus.errors import Undecodable
from amphibus.messages.cloudevents import from_headers
from amphibus.messages.envelope import REPLY_TO, Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.messages.system_requests import SYSTEM_REQUESTS
from amphibus.telemetry.privacy import describe
from amphibus.transport import Ack, Inbound, OwnedPartitions
from amphibus.transports.rabbitmq.incoming.senders import Senders
from amphibus.transports.rabbitmq.names import DELIVERY_LIMIT, Names
from amphibus.transports.rabbitmq.properties import Arrival, stranger, without_signature

_log: Any = structlog.get_logger()
_FIRST_DEATH: Final = "x-first-death-reason"
_WHY_GIVEN_UP: Final = {
    "delivery_limit": f"the broker gave it up after {DELIVERY_LIMIT} deliveries",
    "rejected": "it could not be read as a message of AMQP, so it was given back to the broker",
    "expired": "its time to live at the broker was over before it was taken",
    "maxlen": "the broker dropped it from a queue that was full",
}
_PUT_THERE: Final = "somebody put it among what the broker gave up"
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
        senders: Senders,
        send_reply: SendReply,
    ) -> None:
        self.module = module
        self._inbound = inbound
        self._names = names
        self._clock = clock
        self._body_limit = body_limit
        self._senders = senders
        self._send_reply = send_reply
        self._addresses: dict[tuple[str, str], str] = {}
        """Where the sender of a message waits for its reply, while it is handled."""
        self._tasks: set[asyncio.Task[None]] = set()
        inbound.on_reply = self.reply

    def surplus(self, arrival: Arrival, ack: Ack) -> None:
        """Takes a message of a partition that there is no more, so that nobody else can have it."""
        self.message(None, arrival, ack)

    def message(self, partition: int | None, arrival: Arrival, ack: Ack) -> None:
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
        envelope, failure = self._read(arrival, way_known=False)
        if failure is None:
            why = _WHY_GIVEN_UP.get(arrival.headers.get(_FIRST_DEATH, ""), _PUT_THERE)
            failure = Failure("undelivered", why)
        self._inbound.refuse(envelope, failure, ack)

    def request(self, arrival: Arrival, ack: Ack) -> None:
        """Takes a query or a decided command; answers in any case."""
        task = asyncio.get_running_loop().create_task(self._answer(arrival, ack))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def reply(self, envelope: Envelope, reply: Reply) -> None:
        """Sends the reply to a message to its sender's reply address, if it has one."""
        address = self._addresses.pop((envelope.source, envelope.id), None)
        address = address or envelope.extra.get(REPLY_TO)
        if address is not None:
            self._send_reply(address, envelope.id, reply)

    async def _answer(self, arrival: Arrival, ack: Ack) -> None:
        envelope, failure = self._read(arrival)
        if self._is_to_be_kept(envelope, arrival):
            self._keep(envelope, failure, ack)
            return
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

    def _is_to_be_kept(self, envelope: Envelope, arrival: Arrival) -> bool:
        """Returns whether its sender, to whom the broker confirmed it, does not hear what becomes of it."""
        contract = self._names.topology.contracts.get(envelope.type)
        asks = envelope.type in SYSTEM_REQUESTS or (
            contract is not None and kind_of(contract) == "query"
        )
        return not asks and (arrival.persistent or not arrival.reply_to)

    def _keep(self, envelope: Envelope, failure: Failure | None, ack: Ack) -> None:
        if failure is None:
            self._inbound.take(envelope, ack)
        else:
            self._inbound.refuse(envelope, failure, ack)

    def _acked(self, who: tuple[str, str], ack: Ack) -> None:
        self._addresses.pop(who, None)
        ack()

    def _read(self, arrival: Arrival, *, way_known: bool = True) -> tuple[Envelope, Failure | None]:
        """The envelope, and why it must not be handled, if so."""
        now = self._clock.now()
        try:
            envelope = from_headers(arrival.headers, arrival.body, now=now)
        except Undecodable as error:
            return stranger(arrival, now=now), Failure("undecodable", describe(error))
        if len(arrival.body) > self._body_limit:
            size = f"its body has {len(arrival.body)} bytes; the limit is {self._body_limit}"
            return envelope, Failure("oversized", size)
        if (forgery := self._senders.forgery(envelope, arrival, way_known=way_known)) is not None:
            return stranger(arrival, now=now), Failure("forged", forgery)
        return without_signature(envelope), None


@dataclass(slots=True)
class Attached:
    """A module whose queues are consumed."""

    inbound: InboundQueue
    partitions: OwnedPartitions
    revoked: set[int] = field(default_factory=set)
    """Partitions that are about to be given away."""
