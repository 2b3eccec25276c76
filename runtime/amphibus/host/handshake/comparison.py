"""The comparison of two processes: what the modules of one write, and those of the other take."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from amphibus.contract import Message
from amphibus.messages.contracts.amphibus.fitting import ContractUse
from amphibus.routing.topology import GATEWAY

if TYPE_CHECKING:
    from amphibus.evolution.proof.sides import Side, Trial

Form = Mapping[str, Any]
_MOST_TRIED: Final = 6


@dataclass(frozen=True, slots=True)
class Misfit:
    """A contract that does not fit: with a live process, or with messages that wait."""

    contract: str
    where: str
    """The process at which it is another, or the place in which the messages wait."""
    what: str
    """The break in words."""
    document: Any = None
    """A document that shows it."""
    count: int = 0
    """The messages that wait."""

    @property
    def line(self) -> str:
        """The misfit as one sentence, without its document."""
        return f"{self.contract}: {self.what}"

    @property
    def shown(self) -> str:
        """The document as JSON."""
        return json.dumps(self.document, ensure_ascii=False, default=str)


@dataclass(slots=True)
class Findings:
    """Everything that a comparison found."""

    misfits: list[Misfit] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """The parts that could not be compared, each with the reason."""
    told: list[Misfit] = field(default_factory=list)
    """The breaks that hinder nobody and that an operator should know of: dead letters that are unreadable now."""

    def add(self, other: "Findings") -> None:
        """Takes up what another comparison found."""
        self.misfits += other.misfits
        self.unknown += other.unknown
        self.told += other.told


class Party(Protocol):
    """One of two processes."""

    @property
    def name(self) -> str:
        """Returns the words by which a message to the user names it."""
        ...

    @property
    def modules(self) -> Sequence[str]:
        """The modules that it hosts."""
        ...

    @property
    def uses(self) -> Sequence[ContractUse]:
        """The contracts that they write and take."""
        ...

    def form(self, type_: str) -> Form | None:
        """Returns the form of a contract there."""
        ...

    def contract(self, type_: str) -> type[Message] | None:
        """Returns the class of a contract, if it is loaded in this process."""
        ...


def different_types(one: Party, other: Party) -> list[str]:
    """Returns the types that one of them writes and the other takes in another form."""
    found: set[str] = set()
    for writer, reader in ((one, other), (other, one)):
        for use, read in _meetings(writer, reader):
            if read is not None and read.fingerprint != use.fingerprint:
                found.add(use.type)
    return sorted(found)


def compared(one: Party, other: Party, *, at: str) -> Findings:
    """Compares what each of two processes writes with what the other takes; `at` is the other one's name."""
    found = Findings()
    seen: set[tuple[str, str, str]] = set()
    for writer, reader in ((one, other), (other, one)):
        for use, read in _meetings(writer, reader):
            if read is None:
                found.misfits.append(_not_taken(writer, reader, use, at))
            elif read.fingerprint != use.fingerprint:
                for part, sides in _parts(use, writer, reader):
                    mark = (use.type, part, sides[0].name)
                    if mark not in seen:
                        seen.add(mark)
                        _compare_part(found, use.type, part, sides, at)
    return found


def _meetings(writer: Party, reader: Party) -> Iterator[tuple[ContractUse, ContractUse | None]]:
    """Yields each use by which one writes to the other, with the use there; None where that takes no such type."""
    reads = {(each.module, each.type): each for each in reader.uses if not each.writes}
    for use in writer.uses:
        for receiver in use.to if use.writes else ():
            if receiver in reader.modules:
                yield use, reads.get((receiver, use.type))


def _not_taken(writer: Party, reader: Party, use: ContractUse, at: str) -> Misfit:
    receivers = ", ".join(each for each in use.to if each in reader.modules)
    form = writer.form(use.type) or {}
    what = f"{use.module} {writer.name} writes it, and {receivers} {reader.name} does not take it"
    return Misfit(use.type, at, what, form.get("example") or {})


def _parts(
    use: ContractUse, writer: Party, reader: Party
) -> Iterator[tuple[str, tuple[Party, Party]]]:
    """The parts of a contract that travel, each with who writes it and who reads it."""
    yield "payload", (writer, reader)
    form = reader.form(use.type)
    # The gateway hands an answer on as it is.
    if form is not None and form["kind"] == "query" and use.module != GATEWAY:
        yield "answer", (reader, writer)


def _compare_part(
    found: Findings, type_: str, part: Any, sides: tuple[Party, Party], at: str
) -> None:
    from amphibus.evolution.proof.witnesses import judge  # who finds no difference need not load it

    writer, reader = sides
    wrote, reads = writer.form(type_), reader.form(type_)
    if wrote is None or reads is None or not wrote[part] or not reads[part]:
        found.unknown.append(f"{type_} with {at}: one of both does not show its {part}")
        return
    example = wrote.get("example") if part == "payload" else None
    judged = judge(
        "backward", wrote[part], reads[part], foreign=False, examples=[example] if example else []
    )
    if judged.verdict == "unknown":
        found.unknown.append(f"{type_} with {at}: {judged.reason}")
    if judged.verdict != "incompatible":
        return
    what = "" if part == "payload" else f" in its {part}"
    documents = [each.document for each in judged.shown[:_MOST_TRIED]]
    for document, trial in _tried(type_, part, documents, reader, reads):
        if trial.refusal is not None:
            said = f"{reader.name} refuses{what} what {writer.name} writes: {trial.refusal}"
            found.misfits.append(Misfit(type_, at, said, document))
            return
    found.unknown.append(f"{type_} with {at}: its schemas differ, and no class refuses a document")


def _tried(
    type_: str, part: Any, documents: Sequence[Any], reader: Party, form: Form
) -> "Iterator[tuple[Any, Trial]]":
    from amphibus.evolution.proof.sides import Classes, Question, Schemas

    contract = reader.contract(type_)
    side: Side = Schemas([form]) if contract is None else Classes({type_: contract})
    trials = side.judge([Question(type_, part, each) for each in documents])
    yield from zip(documents, trials, strict=True)
