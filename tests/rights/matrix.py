"""Who may send what by which way, worked out a second time: from the lock and the contracts alone.

A way is a broker user, an exchange and a routing key. A message that goes it says of itself what it is.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any, Final, NamedTuple

from amphibus.config.settings import load_settings
from amphibus.contract import kind_of
from amphibus.messages.system_requests import FROM_SENDERS, SYSTEM_REQUESTS
from amphibus.routing.project import Project
from tests.architecture.tree import ROOT

PROJECT: Final = Project.find(ROOT)
LOCK: Final[dict[str, Any]] = json.loads((ROOT / "config/topology.lock.json").read_text())
PRODUCERS: Final = load_settings(ROOT, environ={}).producers
INSTANCE: Final = "f" * 32
"""The key of a reply."""
MODULES: Final[list[str]] = LOCK["modules"]
USERS: Final = [*MODULES, "operator", *PRODUCERS]
SENDS: Final[dict[str, list[str]]] = LOCK["sends"] | {
    name: list(each.sends) for name, each in PRODUCERS.items()
}
UNKNOWN: Final = "orders.Invented.v1"
TYPES: Final = sorted({*PROJECT.contracts, *SYSTEM_REQUESTS, UNKNOWN})
FORMS: Final = ("p0", "now", "outside", "p0.reporting", "")
OF_THE_BROKER: Final = ("", "amq.topic")
EXCHANGES: Final = [
    *(f"{module}.{kind}" for module in MODULES for kind in ("commands", "events", "replies")),
    *OF_THE_BROKER,
]


class Way(NamedTuple):
    """One way, by names without the prefix."""

    user: str
    exchange: str
    key: str

    @property
    def type(self) -> str:
        """The type in its key."""
        return ".".join(self.key.split(".")[:3])

    @property
    def form(self) -> str:
        """What follows the type."""
        return ".".join(self.key.split(".")[3:])


def ways() -> Iterator[Way]:
    """Every way that anybody could try."""
    keys = [f"{name}.{form}".rstrip(".") for name in TYPES for form in FORMS]
    for user, exchange in product(USERS, EXCHANGES):
        yield from (Way(user, exchange, key) for key in (*keys, INSTANCE))


def is_declared(way: Way) -> bool:
    """Returns whether the front pages let a user send by a way."""
    owner, _, kind = way.exchange.partition(".")
    if kind == "replies":
        return way.key == INSTANCE and way.user in MODULES and _answers(way.user, owner)
    if kind == "events":
        said = way.type in LOCK["publishes"].get(way.user, ())
        return said and owner == way.user and way.form in ("p0", "outside", "p0.reporting")
    if kind != "commands":
        return False
    if way.type in FROM_SENDERS:
        return way.form == "now" and owner in _receivers(way.user)
    sent = way.type in SENDS[way.user] and LOCK["owners"][way.type] == owner
    return sent and way.form in _forms(way.user, way.type)


def is_asked(type_: str) -> bool:
    """Returns whether a type is a question, which nobody keeps."""
    contract = PROJECT.contracts.get(type_)
    return type_ in SYSTEM_REQUESTS or (contract is not None and kind_of(contract) == "query")


def receivers_by(way: Way) -> list[str]:
    """The modules whose queues such a way leads to."""
    owner, _, kind = way.exchange.partition(".")
    if kind == "commands":
        return [owner] if way.form in ("p0", "now") else []
    hearing: list[str] = LOCK["subscribers"].get(way.type, []) if kind == "events" else []
    if way.form == "p0":
        return hearing
    return [each for each in hearing if way.form == f"p0.{each}"]


def _forms(user: str, name: str) -> tuple[str, ...]:
    contract = PROJECT.contracts[name]
    if kind_of(contract) == "query":
        return ("now",) if user in MODULES else ()
    route = contract.contract_http
    decided = user == "gateway" and route is not None and not route.stored
    return ("p0", "now") if decided else ("p0",)


def _receivers(user: str) -> set[str]:
    """The other modules that keep what a module sends."""
    if user not in MODULES:
        return set()
    kept = [name for name in SENDS[user] if kind_of(PROJECT.contracts[name]) == "command"]
    found = {LOCK["owners"][name] for name in kept}
    for event in LOCK["publishes"][user]:
        found.update(LOCK["subscribers"].get(event, ()))
    return found - {user}


def _answers(user: str, asker: str) -> bool:
    """Returns whether a module answers another one: questions, or how far its messages have come."""
    return user in _receivers(asker) or any(
        LOCK["owners"][name] == user and (is_asked(name) or asker == "gateway")
        for name in SENDS[asker]
    )
