"""The rule of who may send what by which way: a type is believed only where the way fits to it.

The broker checks exchange, routing key and user; a handler is chosen by the message's own header. So
the header must say what the broker has checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from amphibus.config.settings import ProducerSettings
from amphibus.contract import kind_of
from amphibus.messages.envelope import Envelope
from amphibus.messages.system_requests import FROM_SENDERS, SYSTEM_REQUESTS
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import Arrival


@dataclass(frozen=True, slots=True)
class Senders:
    """The rule of what one module believes of its messages."""

    module: str
    names: Names
    verify: bool
    """True if each sender has a broker user of its own, whose name the broker vouches for."""
    producers: Mapping[str, ProducerSettings] = field(default_factory=dict)

    def forgery(
        self, envelope: Envelope, arrival: Arrival, *, way_known: bool = True
    ) -> str | None:
        """Returns why a message is not what it says it is, in words; None if it may be."""
        why = self._of_way(envelope.type, arrival) if way_known else None
        if why is None and self.verify:
            why = self._of_user(envelope, arrival) or self.undeclared(envelope)
        return why

    def _of_way(self, said: str, arrival: Arrival) -> str | None:
        """The exchange and the routing key must be those of the type."""
        owner = self._owner(said)
        event = self._is_event(said, owner)
        expected = self.names.events(owner) if event else self.names.commands(owner)
        if arrival.exchange != expected:
            kind = "an event" if event else "no event"
            came = arrival.exchange or "the default exchange"
            return f"{said} is {kind} and would come by {expected}; it came by {came}"
        type_of_key = ".".join(arrival.key.split(".")[:3])
        if type_of_key != said:
            return f"it says that it is {said}, and was published as {type_of_key}"
        return None

    def _owner(self, said: str) -> str:
        """The owner of a type: of a system request, whoever is asked."""
        return self.module if said in SYSTEM_REQUESTS else said.partition(".")[0]

    def _is_event(self, said: str, owner: str) -> bool:
        """True for an event. An unknown type is newer: another module's event, or something sent to this one."""
        contract = self.names.topology.contracts.get(said)
        return owner != self.module if contract is None else kind_of(contract) == "event"

    def _of_user(self, envelope: Envelope, arrival: Arrival) -> str | None:
        if arrival.user == self.names.user(envelope.source):
            return None
        who = f"user '{arrival.user}'" if arrival.user else "somebody who does not say who"
        return f"it says that it comes from {envelope.source}, and was sent by {who}"

    def undeclared(self, envelope: Envelope) -> str | None:
        """Returns why its sender, if it is who it says, should not send such a message; None if it may."""
        said, source = envelope.type, envelope.source
        if said in SYSTEM_REQUESTS - FROM_SENDERS:
            return None  # the module that is asked knows who may
        if said in FROM_SENDERS:
            asks = self.module in self.names.topology.receivers(source)
            return None if asks else f"{source} sends nothing to {self.module}, so it asks nothing"
        owner = said.partition(".")[0]
        if self._is_event(said, owner):
            if source != owner:
                return f"{said} is said by {owner} alone, and was sent by {source}"
            return None
        sends = self.names.topology.sends.get(source)
        if source in self.producers:
            sends = self.producers[source].sends
        if sends is not None and said in self.names.topology.contracts and said not in sends:
            return f"{source} does not declare that it sends {said}"
        return None
