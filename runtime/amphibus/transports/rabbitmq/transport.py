"""Modules in processes of their own, on RabbitMQ 3.10 to 4.x.

A message is safe once the broker has confirmed it: it is persistent, in the quorum queues of all its
destinations. Partitions keep a destination's order: one instance consumes each.
Publishing, consuming and requests have a connection each, so that a broker that stops publishers
does not stop acknowledgements.
"""

import asyncio
from functools import partial
from typing import Any, Final

import structlog

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.errors import ConfigError
from amphibus.messages.envelope import REPLY_TO, Envelope
from amphibus.routing.topology import Topology
from amphibus.telemetry.health import Health
from amphibus.transport import Ack, Destinations, Inbound, MarkingSender, OwnedPartitions
from amphibus.transports.rabbitmq.connection import Broker, BrokerConnection
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.frames import Address
from amphibus.transports.rabbitmq.incoming.consumer import Consumer
from amphibus.transports.rabbitmq.incoming.inbound import InboundQueue
from amphibus.transports.rabbitmq.incoming.queue_consumer import prefetch_within
from amphibus.transports.rabbitmq.incoming.senders import Senders
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.outgoing.departures import Departures, Together, all_of
from amphibus.transports.rabbitmq.outgoing.marks import MarkedSenders
from amphibus.transports.rabbitmq.outgoing.parcel import Handover, Parcel
from amphibus.transports.rabbitmq.outgoing.publisher import Publisher
from amphibus.transports.rabbitmq.properties import properties_of
from amphibus.transports.rabbitmq.requests import BrokerRequests
from amphibus.transports.rabbitmq.rights.users import not_verified
from amphibus.transports.rabbitmq.signatures.keys import signatures_of, signer_of

_log: Any = structlog.get_logger()
_OF_THIS_MACHINE: Final = frozenset(("127.0.0.1", "::1", "localhost"))


class RabbitTransport:
    """Carries envelopes over a broker. `open` it once modules are attached, `close` it at the end.

    Raises:
        ConfigError: there is no broker in the settings, or its address or TLS files cannot be used.
    """

    name = "rabbitmq"
    apart = True

    def __init__(
        self, topology: Topology, settings: Settings, clock: Clock, *, meanwhile: str = ""
    ) -> None:
        if settings.amqp_url is None:
            raise ConfigError(
                "no broker is set",
                "the modules' messages go over one",
                "--amqp amqp://guest:guest@localhost:5672/",
            )
        rabbit = settings.rabbitmq
        self._names = Names(settings.app, settings.env, settings.bus.partitions, topology)
        self._clock = clock
        self._body_limit = settings.bus.body_limit_bytes
        self._rabbit = rabbit
        self._settings = settings
        self._url = settings.amqp_url.get_secret_value()
        self._doubted = ""
        """Why senders are not verified, if they are not."""
        self._producers = settings.producers
        self._broker = Broker(self._url, rabbit, meanwhile=meanwhile)
        self._rules: dict[str, Senders] = {}
        self._signer = signer_of(settings.signatures)
        self._signatures = signatures_of(settings.signatures)
        declarer = Declarer(self._names, self._broker)
        self._publisher = Publisher(
            self._broker,
            declarer,
            MarkedSenders(self._names),
            confirm_seconds=rabbit.confirm_timeout_seconds,
        )
        declarer.on_missing = self._publisher.ask_again
        self._departures = Departures(self._depart)
        self._handovers: dict[str, Handover] = {}
        self.requests = BrokerRequests(self._names, self._broker, declarer, signer=self._signer)
        self._consumer = Consumer(self._names, self._broker, declarer, prefetch=self._prefetch)
        self.requests.nets.inbound_queues = lambda: self._consumer.inbound_queues

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:
        """Begins to consume for a hosted module, the partitions that it has here."""
        self._rules[module] = senders = self._senders(module)
        queue = InboundQueue(
            module,
            inbound,
            names=self._names,
            clock=self._clock,
            body_limit=self._body_limit,
            senders=senders,
            send_reply=self.requests.send,
        )
        self.requests.home = self.requests.home or module
        self._consumer.attach(queue, partitions)

    def doubt(self, module: str, envelope: Envelope) -> str | None:
        """Returns why a request that came past the broker must not be believed, or None: the same rule on each way."""
        rule = self._rules.get(module)
        return rule.undeclared(envelope) if rule is not None and rule.verify else None

    def _prefetch(self) -> int:
        return prefetch_within(self._rabbit.prefetch, self._body_limit)

    def _senders(self, module: str) -> Senders:
        doubted = not_verified(self._settings, self._url, module)
        self._doubted = self._doubted or doubted
        # A broker that only this machine reaches is that of a developer; there it would be noise.
        if doubted and self._broker.url.host not in _OF_THIS_MACHINE:
            _log.info(
                "process.warning",
                module=module,
                what="senders are not verified",
                why=doubted,
                fix="amphibus broker apply",
            )
        return Senders(module, self._names, not doubted, self._producers, self._signatures)

    async def open(self, health: Health) -> None:
        """Connects. A broker that is away is waited for later; `health` says so.

        Raises:
            ConfigError: it can never work as it is set: wrong credentials, or queues of another make.
        """
        self._broker.health = health
        health.note("senders", self._doubted)
        try:
            # At once, so that a broker which does not answer is waited for once, not three times.
            tried = await asyncio.gather(
                *(connection.open() for connection in self._connections), return_exceptions=True
            )
            for outcome in tried:
                if outcome is not None:
                    raise outcome
            self._broker.works()
        except BaseException:
            await self.close()
            raise

    async def detach(self, module: str) -> None:
        """Stops the deliveries to that module; returns when all on their way here were handed over."""
        await self._consumer.detach(module)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Before partitions are given away: returns when nothing of them is under way here."""
        await self._consumer.revoke(module, partitions)

    async def finish(self) -> None:
        """Returns when all that was handed over is acknowledged, and most of what was delivered is confirmed."""
        await self._publisher.finish()
        await self._consumer.finish()

    async def close(self) -> None:
        """Ends. What was not confirmed is published again at the next start."""
        await asyncio.gather(*(connection.close() for connection in self._connections))

    @property
    def _connections(self) -> tuple[BrokerConnection, ...]:
        return (
            self._publisher.broker_connection,
            self.requests.broker_connection,
            self._consumer.broker_connection,
        )

    async def idle(self) -> bool:
        """Returns whether nothing is on its way to the modules attached here."""
        if not (self._all_left and await self.requests.nets_empty()):
            return False
        return await self._consumer.empty() and self._all_left

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Each destination is a route of its own: none waits for another."""
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:  # noqa: ARG002
        """Returns True: a message that the broker cannot take yet waits here, up to a window, and is not lost."""
        return True

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Publishes a message; it is safe when the broker has confirmed it."""
        self._departures.put(destinations[0], envelope, ack)

    @property
    def works(self) -> bool:
        """Returns whether messages can be published, as far as is known."""
        return self._broker.takes_messages

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        """Lets a sender recognise the broker at each new connection, before anything of it is published there."""
        self._publisher.senders.follow(source, sender)

    def recall(self, source: str) -> None:
        """Publishes nothing more of what was handed over for a sender; what has left may be confirmed or not."""
        self._departures.leave()
        if (handover := self._handovers.pop(source, None)) is not None:
            handover.recalled = True

    def pass_by(self, passed: bool) -> None:
        """Learns that messages go past the broker, so that it is no lack; or that they do not any more."""
        self._broker.pass_by(passed)

    @property
    def _all_left(self) -> bool:
        return self._departures.idle and self._publisher.idle

    def _depart(self, envelope: Envelope, together: Together) -> None:
        if self._names.is_for_all(together, envelope):
            self._publisher.put(self._parcel(envelope, together))
            return
        for parcel in self._apart(envelope, together):
            self._publisher.put(parcel)

    def _parcel(self, envelope: Envelope, together: Together, *, apart: bool = False) -> Parcel:
        to = Address(*self._names.route(tuple(together), envelope, apart=apart))
        reply_to = envelope.extra.get(REPLY_TO) if envelope.reply else None
        if envelope.reply and self.requests.expects(envelope.id):
            reply_to = self.requests.address
        properties = properties_of(
            envelope, user=self._broker.user, reply_to=reply_to, signer=self._signer
        )
        target = ",".join(sorted(together))
        handover = self._handovers.get(envelope.source)
        if handover is None:
            handover = self._handovers[envelope.source] = Handover()
        parcel = Parcel(to, envelope.body, properties, all_of(together), target, handover)
        if len(together) > 1:
            parcel.apart = partial(self._apart, envelope, together)
        return parcel

    def _apart(self, envelope: Envelope, together: Together) -> list[Parcel]:
        parcels = []
        for destination, ack in together.items():
            parcel = self._parcel(envelope, {destination: ack}, apart=True)
            if keys := self._names.more_keys(destination, envelope):
                headers: dict[str, Any] = dict(parcel.properties.headers or {})
                parcel.properties.headers = headers | {"BCC": keys}
            parcels.append(parcel)
        return parcels
