"""The check of all contracts of a project against what was released."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from amphibus.config.settings import ProducerSettings
from amphibus.evolution.audience import Audience, unknown_contracts
from amphibus.evolution.consumers import with_readers
from amphibus.evolution.differences.rules import RULES
from amphibus.evolution.findings import Finding
from amphibus.evolution.forms.form import digest, form_of
from amphibus.evolution.lock import Lock, path_of, read_lock
from amphibus.evolution.order import Before, deployment_order
from amphibus.evolution.proof.revision import (
    RevisionError,
    held_before,
    released_in,
    revision,
)
from amphibus.evolution.proof.sides import Classes, Schemas, Side
from amphibus.evolution.proof.trials import with_documents
from amphibus.evolution.readers import read_readers
from amphibus.evolution.released import Earlier, Released, compared, in_lock
from amphibus.evolution.sunset import used_beyond
from amphibus.evolution.waivers import Waivers, read_waivers
from amphibus.routing.project import Project

_GRAVEST: Final = ("error", "warning", "info")
_MOST_REVISIONS: Final = 4
"""Processes that are started to try documents; beyond them the schemas must do."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a check found."""

    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
    """Files that cannot be used, and declarations that name what there is not."""
    idle: tuple[str, ...] = ()
    """Waivers that approve nothing."""
    order: tuple[Before, ...] = ()
    cycle: str = ""
    forms: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def errors(self) -> list[Finding]:
        """The findings that must not be released."""
        return [each for each in self.findings if each.gates and each.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """The findings that need a note before they are released."""
        return [each for each in self.findings if each.gates and each.severity == "warning"]


def check_contracts(
    project: Project,
    producers: Mapping[str, ProducerSettings],
    *,
    today: date,
    against: str | None = None,
    released: bool = False,
    with_git: bool = True,
) -> Report:
    """Compares the contracts of a project with what was released.

    Args:
        project: the contracts and front pages as they are.
        producers: the programs outside.
        today: the day on which waivers must still hold.
        against: a git revision, instead of the lock.
        released: every form that the lock knows, not only the last one.
        with_git: try documents by the classes of released revisions too; else by their schemas alone, and no program
            is started.

    Raises:
        RevisionError: the contracts of the revision cannot be had.
    """
    lock = read_lock(project.root)
    waivers = read_waivers(project.root, today)
    forms = {name: form_of(each) for name, each in project.contracts.items()}
    with ExitStack() as stack:
        earlier: Earlier = in_lock(lock, every=released)
        side: Side | None = None
        if against is not None:
            there = stack.enter_context(revision(project.root, against))
            side = there
            earlier = {type_: [Released(each)] for type_, each in there.forms().items()}
        audience = Audience(project, producers, _with_route(earlier, forms))
        found = compared(earlier, forms, audience, today) if earlier else []
        readers = read_readers(project.root)
        found = with_readers(found, readers, audience)
        new = Classes(project.contracts)
        if side is not None:
            found = with_documents(found, side, new)
        elif with_git:
            found = _tried_in_git(found, project.root, earlier, new)
        else:
            found = _tried_by_schema(found, earlier, new)
        ended = [*used_beyond(project.contracts, audience, today)]
    unknown = [*unknown_contracts(project.contracts, producers), *ended, *readers.problems]
    unknown += _lost(project.root, lock, forms) if with_git else ()
    unknown += audience.unloaded if found else ()
    return _report(found, waivers, forms, lock, unknown)


def _lost(root: Path, lock: Lock, forms: Mapping[str, Any]) -> Iterator[str]:
    """Contracts that the lock of the last commit holds and this one does not: what they promised is not new."""
    new = [type_ for type_ in forms if type_ not in lock.entries]
    damaged = {each.split()[0] for each in lock.problems}
    for path in sorted({path_of(type_) for type_ in new}):
        if str(path) in damaged:
            continue  # it says so itself
        for type_ in sorted(held_before(root, path).intersection(new)):
            yield f"{path} has lost {type_}, which was released: git checkout HEAD -- {path}"


def _report(
    found: list[Finding],
    waivers: Waivers,
    forms: Mapping[str, dict[str, Any]],
    lock: Lock,
    unknown: list[str],
) -> Report:
    judged = [_waived(each, waivers) for each in found]
    order, cycle = deployment_order(judged)
    return Report(
        findings=tuple(
            sorted(judged, key=lambda each: (_GRAVEST.index(each.severity), each.contract))
        ),
        problems=(*lock.problems, *waivers.problems, *unknown),
        idle=tuple(
            waivers.idle([(each.rule, each.contract, each.where) for each in judged], RULES)
        ),
        order=tuple(order),
        cycle=cycle,
        forms=forms,
        lock=lock,
    )


def _waived(finding: Finding, waivers: Waivers) -> Finding:
    if finding.severity == "info" or finding.waived:
        return finding
    reason, ended = waivers.reason(finding.rule, finding.contract, finding.where)
    if ended:
        return replace(finding, instead=f"{reason}; {finding.instead}")
    return replace(finding, waived=reason)


def _with_route(earlier: Earlier, forms: Mapping[str, dict[str, Any]]) -> frozenset[str]:
    old = (each.form for editions in earlier.values() for each in editions)
    return frozenset(str(each["type"]) for each in (*forms.values(), *old) if each["http"])


def _tried_in_git(
    found: Sequence[Finding], root: Path, earlier: Earlier, new: Side
) -> list[Finding]:
    """Tries documents by the classes that the lock was written from, where git still has them."""
    places: dict[str | None, list[int]] = {}
    for number, each in enumerate(found):
        commit = released_in(root, each.contract, each.edition) if _to_be_tried(each) else None
        if commit not in places and len(places) > _MOST_REVISIONS:
            commit = None
        places.setdefault(commit, []).append(number)
    judged = list(found)
    for commit, numbers in places.items():
        some = [found[number] for number in numbers]
        for number, each in zip(numbers, _tried(some, root, commit, earlier, new), strict=True):
            judged[number] = each
    return judged


def _to_be_tried(finding: Finding) -> bool:
    return bool(finding.candidates) and finding.severity != "info"


def _tried(
    some: Sequence[Finding], root: Path, commit: str | None, earlier: Earlier, new: Side
) -> Iterable[Finding]:
    if commit is not None:
        try:
            with revision(root, commit) as old:
                return with_documents(some, old, new)
        except RevisionError:
            pass  # its classes need an older runtime: their schemas are in the lock
    return _tried_by_schema(some, earlier, new)


def _tried_by_schema(some: Iterable[Finding], earlier: Earlier, new: Side) -> list[Finding]:
    return [one for each in some for one in with_documents([each], _by_schema(each, earlier), new)]


def _by_schema(finding: Finding, earlier: Earlier) -> Schemas:
    forms = (each.form for each in earlier.get(finding.contract, ()))
    return Schemas(each for each in forms if digest(each) == finding.edition)
