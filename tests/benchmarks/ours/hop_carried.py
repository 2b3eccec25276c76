"""Consume, decode, publish with confirm, acknowledge: the transport and the codec, without a database."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from amphibus.clock import SystemClock
from amphibus.contract import Message
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.partitions.assignment import SingleInstance
from amphibus.routing.codec import Codec, to_bytes
from amphibus.telemetry.health import Health
from amphibus.transport import Ack, OnOutcome, Transport
from amphibus.transports.registry import make
from tests.benchmarks.business import done, orders, project
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.contracts.first import v1 as first
from tests.benchmarks.ours.carrier import PARTITIONS, Counted, fill, settings_for


class Passing:
    """In the place of a module's receiver: passes on what follows from each message, keeping nothing."""

    def __init__(self, transport: Transport, codec: Codec, counted: Counted) -> None:
        self._transport = transport
        self._codec = codec
        self._counted = counted
        self._clock = SystemClock()
        self.began = 0.0
        self.on_reply: OnOutcome = lambda _envelope, _reply: None

    def take(self, envelope: Envelope, ack: Ack, partition: int | None = None) -> None:
        assert partition is not None
        self.began = self.began or time.perf_counter()
        message = self._codec.decode(envelope, self._codec.entry(envelope))
        assert isinstance(message, first.Work)
        now = self._clock.now()
        answer = done(message)
        outgoing = ((answer, to_bytes(answer)),)
        for following, destinations in self._codec.outgoing(outgoing, cause=envelope, now=now):
            self._transport.deliver(destinations, following, partial(self._acked, ack))

    def refuse(
        self,
        envelope: Envelope,
        failure: Failure,
        ack: Ack,  # noqa: ARG002
        partition: int | None = None,  # noqa: ARG002
    ) -> None:
        raise AssertionError(f"{envelope.type}: {failure.error}")

    async def request(self, envelope: Envelope) -> Reply:
        return Reply("failed", detail=f"{envelope.type} is not asked here")

    def _acked(self, ack: Ack) -> None:
        ack()
        self._counted.one()


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    business, another = project(), orders()
    settings = settings_for(business, setup)
    codec = Codec(business.modules["first"], business.topology())

    async def answer(request: Request) -> float:
        messages: list[Message] = [another() for _ in range(request["count"])]
        await fill(setup, messages)
        transport = make("rabbitmq", business.topology(), settings, SystemClock())
        counted = Counted(len(messages))
        passing = Passing(transport, codec, counted)
        transport.attach("first", passing, SingleInstance(PARTITIONS))
        await transport.open(Health())
        try:
            await counted.all()
            await transport.finish()
            return float(len(messages) / (time.perf_counter() - passing.began))
        finally:
            await transport.detach("first")
            await transport.close()

    yield Answering(answer)
