"""The audience of contracts: the modules, producers and HTTP clients that write or read each message."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from amphibus.config.settings import ProducerSettings
from amphibus.errors import DeclarationError
from amphibus.evolution.findings import Finding
from amphibus.nearest import did_you_mean
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY, Topology, build_topology

CLIENTS: Final = "HTTP clients"


@dataclass(frozen=True)
class Audience:
    """The programs that know the contracts of a system."""

    project: Project
    producers: Mapping[str, ProducerSettings] = field(default_factory=dict)
    routes: frozenset[str] = frozenset()
    """Types that are reached over HTTP, now or as they were released."""

    @cached_property
    def topology(self) -> Topology:
        """The front pages of all modules, loaded once somebody is broken; as they were, where they do not load."""
        if self.unloaded:
            return self.project.last_topology()
        return build_topology(self.project.modules.values(), self.project.contracts)

    @cached_property
    def unloaded(self) -> tuple[str, ...]:
        """The front pages that cannot be loaded, each with what to type: they may use what a contract has lost."""
        try:
            self.project.modules  # noqa: B018 - they are loaded here
        except DeclarationError as error:
            return tuple(f"{each}: {error.fix}" for each in error.problems)
        return ()

    def asked_by_modules(self, type_: str) -> bool:
        """Other modules ask this query."""
        return any(self._senders(type_))

    def broken_by(self, finding: Finding) -> tuple[str, ...]:
        """The programs that a change breaks: those outside the owner that write or read the message."""
        owner = finding.contract.split(".")[0]
        who = (
            self._readers(finding.contract)
            if finding.position == "event"
            else self._writers(finding.contract)
        )
        return tuple(dict.fromkeys(each for each in who if each != owner)) or (owner,)

    def users(self, type_: str) -> tuple[str, ...]:
        """The modules and producers outside the owner that write or read a message; nobody knows the HTTP clients."""
        owner = type_.split(".", maxsplit=1)[0]
        who = dict.fromkeys((*self._readers(type_), *self._writers(type_)))
        return tuple(each for each in who if each not in (owner, CLIENTS))

    def _readers(self, event: str) -> Iterator[str]:
        yield from self.topology.subscribers.get(event, ())
        yield from (
            f"producer {name}" for name, each in self.producers.items() if event in each.subscribes
        )

    def _writers(self, type_: str) -> Iterator[str]:
        yield from self._senders(type_)
        yield from (
            f"producer {name}" for name, each in self.producers.items() if type_ in each.sends
        )
        if type_ in self.routes:
            yield CLIENTS

    def _senders(self, type_: str) -> Iterator[str]:
        yield from (
            name
            for name, types in self.topology.sends.items()
            if type_ in types and name != GATEWAY and name != type_.split(".", maxsplit=1)[0]
        )


def unknown_contracts(
    contracts: Collection[str], producers: Mapping[str, ProducerSettings]
) -> Iterator[str]:
    """Says which producers send or collect what is no contract."""
    for name, each in producers.items():
        for listed, types in (("sends", each.sends), ("subscribes", each.subscribes)):
            for type_ in types:
                if type_ not in contracts:
                    near = did_you_mean(type_, contracts)
                    yield f"[producers.{name}] {listed} {type_}, which is no contract in contracts/{near}"
