"""Personal data on its way: who receives it, for which purpose, and where nobody has said so."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from amphibus.config.settings import ProducerSettings
from amphibus.contract import Message, Personal, personal_marks
from amphibus.module import Module
from amphibus.nearest import did_you_mean
from amphibus.routing.topology import GATEWAY, Topology

CLIENTS: Final = "HTTP clients"
Said = Literal["reads", "ignores", "nothing"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A field of personal data that comes to somebody with a message."""

    who: str
    """A module, `producer <name>`, or `HTTP clients`, who have no page to say anything on."""
    contract: str
    field: str
    """Its path, with `answer.` before it where it comes with an answer."""
    mark: Personal
    said: Said
    """The word of its receiver: it reads it for that purpose, it does not read it, or nothing."""

    def as_json(self) -> dict[str, Any]:
        """The receipt for programs."""
        return {
            "receiver": self.who,
            "contract": self.contract,
            "field": self.field,
            "category": self.mark.category,
            "purpose": self.mark.purpose or None,
            "said": self.said,
        }


@dataclass(frozen=True, slots=True)
class _Receiver:
    who: str
    purposes: Collection[str] | None
    """None where it has no page: whoever bound the contract to HTTP has answered for it."""
    ignores: Collection[str] = ()

    def of(self, type_: str, model: type[BaseModel] | None, prefix: str = "") -> Iterator[Receipt]:
        """Everything personal that one message, or an answer, brings."""
        for path, mark in {} if model is None else personal_marks(model).items():
            yield Receipt(self.who, type_, f"{prefix}{path}", mark, self._said_of(mark))

    def _said_of(self, mark: Personal) -> Said:
        if self.purposes is None or mark.purpose in self.purposes:
            return "reads"
        return "ignores" if mark.category in self.ignores else "nothing"


def receipts(
    modules: Iterable[Module], topology: Topology, producers: Mapping[str, ProducerSettings]
) -> list[Receipt]:
    """Returns everything personal that anybody receives, by receiver, contract and field."""
    found: list[Receipt] = []
    for module in modules:
        if module.name != GATEWAY:
            found += _of_module(module, topology)
    for name, each in producers.items():
        program = _Receiver(f"producer {name}", each.purposes)
        for type_ in each.subscribes:
            found += program.of(type_, topology.contracts.get(type_))
    for type_, contract in topology.contracts.items():
        if contract.contract_http is not None:
            found += _Receiver(CLIENTS, None).of(type_, contract.answer_type(), "answer.")
    return sorted(found, key=lambda each: (each.who, each.contract, each.field))


def problems_of_personal_data(
    modules: Iterable[Module], topology: Topology, producers: Mapping[str, ProducerSettings]
) -> list[str]:
    """Returns what comes to somebody without a word of what for, and words for which nothing comes."""
    modules = [each for each in modules if each.name != GATEWAY]
    found = receipts(modules, topology, producers)
    problems = [
        f"{contract} {field} is personal data and says no purpose: declare "
        f'Personal("{category}", purpose="to ...")'
        for contract, field, category in dict.fromkeys(
            (each.contract, each.field, each.mark.category)
            for each in found
            if not each.mark.purpose
        )
    ]
    silent: dict[tuple[str, Personal], list[Receipt]] = {}
    for each in found:
        if each.said == "nothing" and each.mark.purpose:
            silent.setdefault((each.who, each.mark), []).append(each)
    problems += [_undeclared(mark, some) for (_, mark), some in silent.items()]
    for module in modules:
        marks = {each.mark for each in found if each.who == module.name}
        problems += _idle(f"module {module.name}", module.purposes, module.ignores, marks)
        problems += problems_of_rows(module)
    for name, settings in producers.items():
        marks = {each.mark for each in found if each.who == f"producer {name}"}
        problems += _idle(f"[producers.{name}]", settings.purposes, (), marks)
    return problems


def unsaid(module: Module, contract: type[Message]) -> list[str]:
    """Returns the categories that a contract would bring to a module whose page says nothing of them."""
    receiver = _Receiver(module.name, module.purposes, module.ignores)
    brought = receiver.of(contract.contract_type, contract)
    return sorted({each.mark.category for each in brought if each.said == "nothing"})


def problems_of_rows(module: Module) -> Iterator[str]:
    """Yields what a front page says of its tables that they do not have, and persons whom nothing would erase."""
    for each in module.personal:
        table: Any = each.table.__table__  # type: ignore[attr-defined]
        where = f"module {module.name}: personal: table {table.name}"
        for name in (*each.whose, *each.erases):
            if name not in table.columns:
                yield f"{where} has no column {name}" + did_you_mean(
                    name, list(table.columns.keys())
                )
        for name in each.whose:
            if name not in each.erases:
                yield f"{where} names the person in {name}, which stays: put it under erases too"


def _of_module(module: Module, topology: Topology) -> Iterator[Receipt]:
    receiver = _Receiver(module.name, module.purposes, module.ignores)
    for type_, contract in topology.contracts.items():
        if module.name in (topology.owners.get(type_), *topology.subscribers.get(type_, ())):
            yield from receiver.of(type_, contract)
    for contract in module.asks:
        yield from receiver.of(contract.contract_type, contract.answer_type(), "answer.")


def _undeclared(mark: Personal, some: list[Receipt]) -> str:
    """The receipts of one receiver and one mark, in one sentence."""
    who, first = some[0].who, some[0]
    more = f" and {len(some) - 1} more" if len(some) > 1 else ""
    is_program = who.startswith("producer ")
    where = f"[producers.{who.removeprefix('producer ')}]" if is_program else f"module {who}"
    line = f'purposes = ["{mark.purpose}"]' if is_program else f'purposes=("{mark.purpose}",)'
    otherwise = "" if is_program else f', or ignores=("{mark.category}",) if it does not read it'
    return (
        f"{where} receives personal data ({mark.category}) and does not say what for: "
        f"{first.contract} {first.field}{more}; declare {line}{otherwise}"
    )


def _idle(
    where: str, purposes: Collection[str], ignores: Collection[str], marks: Collection[Personal]
) -> Iterator[str]:
    """Yields the declarations that fit nothing that comes."""
    known = sorted({each.purpose for each in marks if each.purpose})
    for each in purposes:
        if each not in known:
            yield f'{where} declares the purpose "{each}", for which it receives nothing' + (
                did_you_mean(each, known)
            )
    ignored = {each.category for each in marks if each.purpose not in purposes}
    for each in ignores:
        if each not in ignored:
            yield f'{where} ignores "{each}", of which it receives nothing'
