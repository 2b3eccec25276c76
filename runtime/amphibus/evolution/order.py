"""The order in which modules are deployed, as the changes of their contracts ask for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from amphibus.evolution.audience import CLIENTS
from amphibus.evolution.findings import Finding


@dataclass(frozen=True, slots=True)
class Before:
    """One module that is deployed before others."""

    first: str
    then: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        """The sentence."""
        return f"{self.first} before {', '.join(self.then)}: {self.why}"


def deployment_order(findings: Iterable[Finding]) -> tuple[list[Before], str]:
    """Returns who goes first because of which change, and what to do where no order is right.

    The owner goes first in both cases. An owner that takes more must be there before others send it; an owner that
    answers with more must be there before others rely on it.
    """
    found: dict[tuple[str, tuple[str, ...]], Before] = {}
    for each in findings:
        owner = each.contract.split(".")[0]
        others = tuple(who for who in each.breaks if who not in (owner, CLIENTS))
        if others and _asks_for_order(each):
            place = f" ({each.where})" if each.where else ""
            found.setdefault(
                (owner, others), Before(owner, others, f"{each.contract}{place}, {each.rule}")
            )
    return list(found.values()), _cycle(found.values())


def _asks_for_order(finding: Finding) -> bool:
    other = "backward" if finding.position in ("event", "reply") else "forward"
    return (not finding.gates and other in finding.directions) or finding.rule in ("FLD01", "MSG02")


def _cycle(orders: Iterable[Before]) -> str:
    graph: dict[str, set[str]] = {}
    for each in orders:
        for other in each.then:
            graph.setdefault(other, set()).add(each.first)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " before ".join(reversed(error.args[1]))
        return f"no order is right ({circle}): release the changes in two steps"
    return ""
