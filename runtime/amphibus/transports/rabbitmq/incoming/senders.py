"""The rule of who may send what by which way: a type is believed only where the way fits to it.

The broker checks exchange, routing key and user; a handler is chosen by the message's own header. So
the header must say what the broker has checked.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from amphibus.config.settings import ProducerSettings
from amphibus.contract import kind_of
from amphibus.messages.envelope import Envelope
from amphibus.messages.system_requests import FROM_SENDERS, SYSTEM_REQUESTS
from amphibus.transports.rabbitmq.names import NOW, OUTSIDE, Names
from amphibus.transports.rabbitmq.properties import Arrival
from amphibus.transports.rabbitmq.signatures.signing import Signatures

_FORMS: Final = {
    "kept": re.compile(r"p[0-9]{1,3}"),
    "apart": re.compile(r"p[0-9]{1,3}\.[a-z][a-z0-9_]*"),
    NOW: re.compile(NOW),
    OUTSIDE: re.compile(OUTSIDE),
}
"""What may follow the type in a routing key."""
_KEPT: Final = frozenset(("kept", NOW))
"""A command is stored or decided; how its sender may send it is known where senders are."""
_ASKED: Final = frozenset((NOW,))
_SAID: Final = frozenset(("kept", "apart", OUTSIDE))


@dataclass(frozen=True, slots=True)
class Senders:
    """The rule of what one module believes of its messages."""

    module: str
    names: Names
    verify: bool
    """True if each sender has a broker user of its own, whose name the broker vouches for."""
    producers: Mapping[str, ProducerSettings] = field(default_factory=dict)
    signatures: Signatures | None = None
    """The signatures that are believed, if they are asked for."""

    def forgery(
        self, envelope: Envelope, arrival: Arrival, *, way_known: bool = True
    ) -> str | None:
        """Returns why a message is not what it says it is, in words; None if it may be."""
        why = self._of_way(envelope.type, arrival) if way_known else None
        if why is None and self.verify:
            why = self._of_user(envelope, arrival) or self.undeclared(envelope)
            if why is None and way_known:
                why = self._not_by_this_way(envelope, arrival)
        if why is None and self.signatures is not None:
            why = self.signatures.forgery(envelope.source, arrival.headers, arrival.body)
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
        type_of_key, form = _parts_of(arrival.key)
        if type_of_key != said:
            return f"it says that it is {said}, and was published as {type_of_key}"
        if form not in self._forms_of(said, event=event):
            return f"{said} does not come with a key that ends with '{arrival.key[len(said) :]}'"
        return None

    def _forms_of(self, said: str, *, event: bool) -> frozenset[str]:
        if event:
            return _SAID
        contract = self.names.topology.contracts.get(said)
        asked = said in SYSTEM_REQUESTS or (contract is not None and kind_of(contract) == "query")
        return _ASKED if asked else _KEPT

    def _owner(self, said: str) -> str:
        """The owner of a type: of a system request, whoever is asked."""
        return self.module if said in SYSTEM_REQUESTS else said.partition(".")[0]

    def _is_event(self, said: str, owner: str) -> bool:
        """True for an event. An unknown type is newer: another module's event, or something sent to this one."""
        contract = self.names.topology.contracts.get(said)
        return owner != self.module if contract is None else kind_of(contract) == "event"

    def _not_by_this_way(self, envelope: Envelope, arrival: Arrival) -> str | None:
        """Refuses past the queues, ahead of what waits there, what its sender declares as stored.

        Of the runtime's own requests, one alone goes over a broker where senders have users.
        """
        topology = self.names.topology
        if envelope.type in SYSTEM_REQUESTS - FROM_SENDERS:
            return f"{envelope.type} does not come over the broker"
        if _parts_of(arrival.key)[1] != NOW or envelope.type not in topology.contracts:
            return None
        if topology.is_asked(envelope.source, envelope.type):
            return None
        return f"{envelope.source} may send {envelope.type} to be kept, not to be done at once"

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
            own = source == owner
            return None if own else f"{said} is said by {owner} alone, and was sent by {source}"
        return self._not_sent(said, source)

    def _not_sent(self, said: str, source: str) -> str | None:
        sends = self._sends_of(source)
        if sends is None:
            return f"nobody declares what {source} sends"
        if said in self.names.topology.contracts and said not in sends:
            return f"{source} does not declare that it sends {said}"
        return None

    def _sends_of(self, source: str) -> Collection[str] | None:
        """The types that a source declares; None if nobody has heard of it."""
        if source in self.producers:
            return self.producers[source].sends
        return self.names.topology.sent_by(source)


@lru_cache(maxsize=4_096)
def _parts_of(key: str) -> tuple[str, str]:
    """The type in a routing key, and the form of what follows it; `?` for one that there is not."""
    words = key.split(".", 3)
    rest = words[3] if len(words) > 3 else ""
    form = next((form for form, pattern in _FORMS.items() if pattern.fullmatch(rest)), "?")
    return ".".join(words[:3]), form
