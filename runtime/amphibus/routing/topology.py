"""The routing table of the whole system: the front pages of all modules together, checked as a whole."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amphibus.access.operator import OPERATOR
from amphibus.contract import Message, Value, kind_of, problems_of_fields
from amphibus.module import Module
from amphibus.nearest import did_you_mean
from amphibus.routing.conversion_check import problems_of_convert
from amphibus.routing.following import problems_of_following
from amphibus.routing.own_answer import fields_beside
from amphibus.routing.policies import problems_of_policies

if TYPE_CHECKING:
    from amphibus.process import (
        Process,
    )  # who looks at contracts alone loads no process and no table

GATEWAY = "gateway"
"""The module of the runtime that stands in front of all others."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The facts that routing needs, computed once from the front pages."""

    contracts: Mapping[str, type[Message]]
    """Contract type -> class, for every contract in `contracts/`."""
    owners: Mapping[str, str]
    """Type of a command or query -> the module that handles it, older versions that it converts included."""
    subscribers: Mapping[str, tuple[str, ...]]
    """Type of an event -> the modules that subscribe to it, sorted."""
    modules: tuple[str, ...] = field(default=())
    publishes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Module -> types of the events that it publishes, older versions that it converts to included."""
    sends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Module -> types of the commands that it sends, by its schedules too, and of the queries that it asks."""

    def destinations(self, contract: type[Message]) -> tuple[str, ...]:
        """Returns the modules that a command or event goes to; none for an event without a subscriber."""
        if kind_of(contract) == "event":
            return self.subscribers.get(contract.contract_type, ())
        owner = self.owners.get(contract.contract_type)
        return () if owner is None else (owner,)

    def sent_by(self, source: str) -> tuple[str, ...] | None:
        """Returns the types that a source may send or ask; None for one that no front page declares."""
        if source == OPERATOR:
            return tuple(sorted(filter(self._is_command, self.owners)))
        return self.sends.get(source)

    def is_asked(self, source: str, name: str) -> bool:
        """Returns whether a source sends a type past the queues, to be answered at once: what is not stored."""
        if kind_of(self.contracts[name]) == "query":
            return True
        route = self.contracts[name].contract_http
        return source == GATEWAY and not (route is not None and route.stored)

    def _is_command(self, name: str) -> bool:
        return name in self.contracts and kind_of(self.contracts[name]) == "command"

    def receivers(self, module: str) -> tuple[str, ...]:
        """Returns the other modules that get kept messages of a module: commands and events."""
        sent = self.sends.get(module, ())
        kept = [each for each in sent if kind_of(self.contracts[each]) != "query"]
        found = {self.owners[each] for each in kept if each in self.owners}
        for event in self.publishes.get(module, ()):
            found.update(self.subscribers.get(event, ()))
        return tuple(sorted(found - {module}))

    def as_lock(self) -> dict[str, Any]:
        """Returns the content of `config/topology.lock.json`."""
        return {
            "modules": list(self.modules),
            "owners": dict(sorted(self.owners.items())),
            "subscribers": {name: list(who) for name, who in sorted(self.subscribers.items())},
            "publishes": {name: list(types) for name, types in sorted(self.publishes.items())},
            "sends": {
                name: list(self.sent_by(name) or ()) for name in sorted((*self.sends, OPERATOR))
            },
        }


def build_topology(modules: Iterable[Module], contracts: Mapping[str, type[Message]]) -> Topology:
    """Builds the topology from the front pages; `problems_of_topology` checks that they fit."""
    modules = tuple(modules)
    owners: dict[str, str] = {}
    subscribers: dict[str, set[str]] = {}
    for module in modules:
        for row in module.handles:
            owners[row.contract.contract_type] = module.name
        for row in module.subscribes:
            subscribers.setdefault(row.contract.contract_type, set()).add(module.name)
        for each in module.converts:
            if kind_of(each.source) != "event":
                owners.setdefault(each.source.contract_type, module.name)
    return Topology(
        contracts=dict(contracts),
        owners=owners,
        subscribers={name: tuple(sorted(who)) for name, who in subscribers.items()},
        modules=tuple(sorted(module.name for module in modules)),
        publishes={module.name: _types(_published_by(module)) for module in modules},
        sends={module.name: _types(_sent_by(module)) for module in modules},
    )


def _published_by(module: Module) -> Iterator[type[Message]]:
    yield from module.publishes
    yield from (each.target for each in module.converts if kind_of(each.source) == "event")


def _sent_by(module: Module) -> Iterator[type[Message]]:
    yield from module.sends
    yield from module.asks
    yield from (each.contract for each in module.schedules)


def _types(contracts: Iterable[type[Message]]) -> tuple[str, ...]:
    return tuple(sorted({each.contract_type for each in contracts}))


def problems_of_topology(
    modules: Iterable[Module],
    contracts: Mapping[str, type[Message]],
    elsewhere: Topology | None = None,
) -> list[str]:
    """Returns every wrong declaration, in words: module, message and the known alternatives.

    `elsewhere` holds the declarations of modules whose front pages are not here.
    """
    modules = tuple(modules)
    problems = [
        f"contract {name}: {problem}"
        for name, contract in contracts.items()
        for problem in _problems_of_contract(contract)
    ]
    handled: dict[str, str] = {}
    for module in modules:
        problems += _problems_of_module(module, contracts)
        for row in module.handles:
            other = handled.setdefault(row.contract.contract_type, module.name)
            if other != module.name:
                problems.append(
                    f"{row.contract.contract_type} is handled by {other} and by {module.name}: keep one"
                )
    published = {each.contract_type for module in modules for each in module.publishes}
    published |= {each.target.contract_type for module in modules for each in module.converts}
    accepted = set(handled) | {
        each.source.contract_type for module in modules for each in module.converts
    }
    if elsewhere is not None:
        published |= {each for types in elsewhere.publishes.values() for each in types}
        accepted |= set(elsewhere.owners)
    for module in modules:
        for row in module.subscribes:
            if row.contract.contract_type not in published:
                problems.append(
                    f"module {module.name} subscribes to {row.contract.contract_type}, which nobody publishes"
                    + did_you_mean(row.contract.contract_type, published)
                )
        for each in module.sends + module.asks:
            if each.contract_type not in accepted:
                problems.append(
                    f"module {module.name} sends {each.contract_type}, which nobody handles"
                    + did_you_mean(each.contract_type, accepted)
                )
    return problems


def _problems_of_contract(contract: type[Message]) -> Iterator[str]:
    yield from problems_of_fields(contract)
    if not (contract.__doc__ or "").strip():
        yield "has no docstring: say in one sentence what it means"
    key = contract.contract_key
    if key is not None and key not in contract.model_fields:
        yield f"its key '{key}' is not a field; the fields are {', '.join(contract.model_fields)}"
    if kind_of(contract) == "query" and contract.answer_type() is None:
        yield "is a query without an answer: declare Query[SomeValue]"
    answer = contract.answer_type()
    if answer is not None:
        yield from (
            f"answer {answer.__name__}: {problem}" for problem in problems_of_fields(answer)
        )
    yield from problems_of_following(contract)
    if contract.contract_http is not None and contract.contract_http.stored and answer is not None:
        yield from _not_fillable(contract, answer)


def _not_fillable(contract: type[Message], answer: type[Value]) -> Iterator[str]:
    for name in fields_beside(contract, answer):
        yield (
            f"is stored, so its answer {answer.__name__} must be known before its owner is asked, but "
            f"'{name}' is no field of it and has no default"
        )


def _problems_of_module(module: Module, contracts: Mapping[str, type[Message]]) -> Iterator[str]:
    where = f"module {module.name}"
    if module.name == OPERATOR:
        yield f"{where} has the name of those who send with `amphibus send`: choose another"
    yield from _unknown_contracts(module, contracts)
    for row in module.handles:
        yield from _wrong_place(
            where, row.contract, "handles", own=True, kinds=("command", "query"), name=module.name
        )
    for row in module.subscribes:
        yield from _wrong_place(
            where, row.contract, "subscribes", own=False, kinds=("event",), name=module.name
        )
    for each in module.publishes:
        yield from _wrong_place(
            where, each, "publishes", own=True, kinds=("event",), name=module.name
        )
    for each in module.sends:
        yield from _wrong_place(
            where, each, "sends", own=None, kinds=("command",), name=module.name
        )
    for each in module.asks:
        yield from _wrong_place(where, each, "asks", own=False, kinds=("query",), name=module.name)
    seen: set[type[Message]] = set()
    for row in module.routes:
        if row.contract in seen:
            yield f"{where} routes {row.contract.contract_type} twice: one handler a message"
        seen.add(row.contract)
    yield from problems_of_policies(module)
    yield from _problems_of_processes(module)
    yield from _problems_of_schedules(module)
    for convert in module.converts:
        yield from problems_of_convert(where, module, convert)


def _unknown_contracts(module: Module, contracts: Mapping[str, type[Message]]) -> Iterator[str]:
    mentioned = [row.contract for row in module.routes]
    mentioned += [*module.publishes, *module.sends, *module.asks]
    for each in mentioned:
        if contracts.get(each.contract_type) is not each:
            name = each.contract_type or f"{each.__module__}.{each.__qualname__}"
            yield (
                f"module {module.name} names {name}, which is no contract in contracts/"
                + did_you_mean(name, contracts)
            )


def _wrong_place(
    where: str,
    contract: type[Message],
    listed: str,
    *,
    own: bool | None,
    kinds: tuple[str, ...],
    name: str,
) -> Iterator[str]:
    if kind_of(contract) not in kinds:
        yield f"{where} {listed} {contract.contract_type}, which is a {kind_of(contract)}, not a {' or '.join(kinds)}"
    if own is not None and (contract.contract_owner == name) is not own:
        whose = "its own" if own else "another module's"
        yield f"{where} {listed} {contract.contract_type}, which must be {whose} contract"


def _problems_of_processes(module: Module) -> Iterator[str]:
    from amphibus.routing.process_check import problems_of_process

    for process in processes_of(module):
        yield from (f"module {module.name}: {problem}" for problem in problems_of_process(process))
        routed = {row.contract for row in module.routes if row.handler is process}
        declared = set(process.contracts)
        for each in sorted(declared - routed, key=lambda contract: contract.contract_type):
            yield f"module {module.name}: process {process.name} reacts to {each.contract_type}, not routed to it"
        for each in sorted(routed - declared, key=lambda contract: contract.contract_type):
            yield f"module {module.name}: {each.contract_type} is routed to {process.name}, without a case for it"


def _problems_of_schedules(module: Module) -> Iterator[str]:
    if module.schedules:
        from amphibus.routing.schedule_check import problems_of_schedules

        yield from (f"module {module.name}: {problem}" for problem in problems_of_schedules(module))


def processes_of(module: Module) -> "tuple[Process, ...]":
    """Returns the process managers among a module's handlers, each once."""
    from amphibus.process import Process

    found: dict[str, Process] = {}
    for row in module.routes:
        if isinstance(row.handler, Process):
            found[row.handler.name] = row.handler
    return tuple(found.values())
