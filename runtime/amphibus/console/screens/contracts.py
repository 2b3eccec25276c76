"""The screens of the contracts: who sends and who takes each, whether it may be released, and one of them whole."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.screens.trying import contract_named
from amphibus.console.visit import Visit
from amphibus.contract import Message, kind_of, personal_marks
from amphibus.documents.schemas import standing_alone
from amphibus.evolution.check import Report, check_contracts
from amphibus.evolution.findings import Finding
from amphibus.evolution.readers import Readers, read_readers
from amphibus.routing.personal_data import Receipt, receipts
from amphibus.routing.topology import Topology
from amphibus.transports.direct.fleet.registry import SeenProcess

_KINDS: Final = ("command", "query", "event")
_GRAVITY: Final = {"error": "breaks", "warning": "to be approved", "info": "compatible"}


class Row(NamedTuple):
    """A contract in the list."""

    type: str
    kind: str
    owner: str
    version: int
    sent_by: Sequence[str]
    taken_by: Sequence[str]
    verdict: str
    ends: str
    personal: Sequence[str]
    """The categories of personal data in it."""
    differs: Sequence[str]
    """The processes whose contract of this type has another form than the gateway's."""


class Reader(NamedTuple):
    """A subscriber, and what tests have seen it read."""

    module: str
    fields: Sequence[str]
    known: bool


class _Facts(NamedTuple):
    """All that the screens need, found once a page."""

    topology: Topology
    report: Report
    differs: Mapping[str, Sequence[str]]


async def everything(visit: Visit) -> Response:
    """Shows the contracts that the filters find."""
    wanted, only, kind = visit.asked("q").lower(), visit.asked("module"), visit.asked("kind")
    facts = await _facts(visit)
    rows = [
        _row(visit, facts, each)
        for name, each in sorted(visit.project.contracts.items())
        if wanted in name.lower() and kind in ("", kind_of(each))
    ]
    rows = [each for each in rows if only in ("", each.owner, *each.sent_by, *each.taken_by)]
    return page(
        "contracts",
        visit=visit,
        principal=visit.principal,
        rows=rows,
        kinds=_KINDS,
        problems=[*facts.report.problems, *facts.report.idle],
        away=visit.look.away,
    )


async def one(visit: Visit) -> Response:
    """Shows one contract: its fields, its neighbours, its verdict, its end, its personal data and its schema."""
    contract, facts = contract_named(visit), await _facts(visit)
    type_ = contract.contract_type
    return page(
        "contract",
        visit=visit,
        principal=visit.principal,
        contract=_row(visit, facts, contract),
        says=(contract.__doc__ or "").strip(),
        key=contract.contract_key,
        http=contract.contract_http,
        requires=contract.contract_requires,
        refuses=dict(contract.contract_refuses),
        end=contract.contract_deprecated,
        others=_versions(visit, contract),
        findings=[each for each in facts.report.findings if each.contract == type_],
        readers=_readers(read_readers(visit.project.root), type_, facts.topology),
        receipts=_receipts(visit, facts.topology, type_),
        schema=json.dumps(standing_alone(contract), indent=2, ensure_ascii=False),
        away=visit.look.away,
    )


async def _facts(visit: Visit) -> _Facts:
    settings, project = visit.settings, visit.project
    today = datetime.fromtimestamp(visit.now / 1_000_000, UTC).date()
    seen, report = await asyncio.gather(
        visit.look.processes(contracts=True),
        asyncio.to_thread(
            check_contracts, project, settings.producers, today=today, with_git=False
        ),
    )
    return _Facts(project.topology(), report, _differing(seen))


def _row(visit: Visit, facts: _Facts, contract: type[Message]) -> Row:
    type_, end = contract.contract_type, contract.contract_deprecated
    sent_by, taken_by = _neighbours(visit, facts.topology, contract)
    marks = {each.mark.category for each in _receipts(visit, facts.topology, type_)}
    marks |= {each.category for each in personal_marks(contract).values()}
    return Row(
        type_,
        kind_of(contract),
        contract.contract_owner,
        contract.contract_version,
        sent_by,
        taken_by,
        _verdict(type_, facts.report),
        "" if end is None else f"{end.sunset}",
        sorted(marks),
        facts.differs.get(type_, ()),
    )


def _neighbours(
    visit: Visit, topology: Topology, contract: type[Message]
) -> tuple[list[str], list[str]]:
    """Returns who sends a contract and who takes it: modules, and programs outside."""
    type_, programs = contract.contract_type, visit.settings.producers
    declared = topology.publishes if kind_of(contract) == "event" else topology.sends
    senders = [name for name, types in declared.items() if type_ in types]
    senders += [f"producer {name}" for name, each in programs.items() if type_ in each.sends]
    takers = [*topology.destinations(contract)]
    takers += [f"producer {name}" for name, each in programs.items() if type_ in each.subscribes]
    return senders, takers


def _verdict(type_: str, report: Report) -> str:
    """Returns what a check beside the released forms says of a contract: the gravest of it."""
    found: list[Finding] = [each for each in report.findings if each.contract == type_]
    if type_ not in report.lock.entries:
        return "not released"
    if not found:
        return "as released"
    open_ = [each for each in found if each.gates]
    return _GRAVITY[open_[0].severity] if open_ else "compatible"


def _differing(seen: Sequence[SeenProcess]) -> dict[str, list[str]]:
    """Returns the processes that have another form of a contract than most, by its type."""
    forms: dict[str, dict[str, list[str]]] = {}
    for process in seen:
        for each in () if process.description is None else process.description.contracts:
            place = f"{process.address} ({', '.join(process.modules)})"
            forms.setdefault(each.type, {}).setdefault(each.fingerprint, []).append(place)
    return {
        type_: [place for places in sorted(some.values(), key=len)[:-1] for place in places]
        for type_, some in forms.items()
        if len(some) > 1
    }


def _versions(visit: Visit, contract: type[Message]) -> list[str]:
    """Returns the types of the other versions of a contract, in their order."""
    found = [
        each
        for each in visit.project.contracts.values()
        if each is not contract
        and (each.contract_owner, each.contract_name)
        == (contract.contract_owner, contract.contract_name)
    ]
    return [each.contract_type for each in sorted(found, key=lambda each: each.contract_version)]


def _readers(recorded: Readers, type_: str, topology: Topology) -> list[Reader]:
    seen: Mapping[str, Any] = recorded.found.get(type_, {})
    return [
        Reader(module, sorted(seen.get(module, ())), module in seen)
        for module in topology.subscribers.get(type_, ())
    ]


def _receipts(visit: Visit, topology: Topology, type_: str) -> list[Receipt]:
    found = receipts(visit.project.modules.values(), topology, visit.settings.producers)
    return [each for each in found if each.contract == type_]
