"""The lint of all contracts: every rule asked about each, with the project's levels and waivers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amphibus.contract import Message
from amphibus.evolution.waivers import Waivers
from amphibus.lint import (
    ends,
    field_names,
    lifecycle,
    naming,
    openness,
    privacy,
    requests,
    structure,
    types,
)
from amphibus.lint.rule import Level, LintRule, made_rules
from amphibus.lint.subject import Subject
from amphibus.routing.topology import Topology

PAGES = (naming, field_names, structure, requests, types, ends, openness, lifecycle, privacy)
RULES: Mapping[str, LintRule] = made_rules()


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One place that breaks a rule."""

    rule: str
    level: Level
    contract: str
    where: str
    what: str
    instead: str
    waived: str = ""

    @property
    def gates(self) -> bool:
        """It has to be mended or approved."""
        return self.level == "error" and not self.waived

    def as_json(self) -> dict[str, Any]:
        """The finding for programs."""
        return {
            "contract": self.contract,
            "rule": self.rule,
            "severity": self.level,
            "path": self.where,
            "what": self.what,
            "instead": self.instead,
            "waived": self.waived or None,
        }


def lint(
    contracts: Mapping[str, type[Message]],
    *,
    levels: Mapping[str, Level],
    waivers: Waivers,
    topology: Topology | None = None,
) -> list[LintFinding]:
    """Asks every rule about every contract.

    Args:
        contracts: all of them, by their types.
        levels: those of the project, where they differ from the rules' own.
        waivers: what is approved.
        topology: who uses what; without it nobody is asked.
    """
    used = {} if topology is None else _used(topology)
    beside = tuple(Subject(each, (), used) for each in contracts.values())
    found: list[LintFinding] = []
    for subject in (replace(each, beside=beside) for each in beside):
        for rule in RULES.values():
            level = levels.get(rule.id, rule.level)
            if level != "off":
                found += _of(rule, level, subject, waivers)
    return sorted(found, key=lambda each: (each.level != "error", each.contract, each.rule))


def _of(rule: LintRule, level: Level, subject: Subject, waivers: Waivers) -> Sequence[LintFinding]:
    found = []
    for where, what in dict.fromkeys(rule.look(subject)):
        reason, ended = waivers.reason(rule.id, subject.wire_name, where)
        instead = f"{reason}; {rule.fix}" if ended else rule.fix
        found.append(
            LintFinding(
                rule.id, level, subject.wire_name, where, what, instead, "" if ended else reason
            )
        )
    return found


def _used(topology: Topology) -> dict[str, frozenset[str]]:
    """The owners that take each command and query, and the modules that publish each event."""
    found: dict[str, set[str]] = {name: set() for name in topology.contracts}
    for name, owner in topology.owners.items():
        found.setdefault(name, set()).add(owner)
    for module, types_ in topology.publishes.items():
        for name in types_:
            found.setdefault(name, set()).add(module)
    return {name: frozenset(who) for name, who in found.items()}
