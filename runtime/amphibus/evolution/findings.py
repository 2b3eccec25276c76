"""A finding: one change of a contract, how grave it is, what shows it, whom it breaks and what to do instead."""

from dataclasses import dataclass
from typing import Any

from amphibus.evolution.differences.changes import written
from amphibus.evolution.differences.rules import RULES, Direction, Part, Position, Severity
from amphibus.evolution.loss import Loss


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that may show a break."""

    direction: Direction
    document: Any
    foreign: bool = False
    """A program outside may write it as it stands; otherwise it is what a class writes."""
    over_http: bool = False
    """The reader is the gateway, which takes no field that it does not know."""
    loss: Loss | None = None
    """A value that the reader may take and lose, where it refuses nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One change, judged."""

    rule: str
    severity: Severity
    contract: str
    what: str
    path: tuple[str, ...] = ()
    part: Part = "payload"
    position: Position = "command"
    edition: str = ""
    """The digest of the released form that it was compared with."""
    directions: tuple[Direction, ...] = ()
    """Those that do not hold any more."""
    candidates: tuple[Candidate, ...] = ()
    document: Any = None
    refusal: str = ""
    """What becomes of the document."""
    becomes: Any = None
    """The document that the reader makes of it, where it takes it and loses a value."""
    tried: str = ""
    """Who wrote the document, and which class has refused it or lost a value of it."""
    on_paper: str = ""
    """Instead: why no class has shown the break, which then stands in the schemas alone."""
    breaks: tuple[str, ...] = ()
    """The modules, producers and clients that are broken."""
    read_by: tuple[str, ...] = ()
    """The subscribers that read the field, each with a test that shows it; or a word on what is not known."""
    instead: str = ""
    waived: str = ""
    """The reason for which it is approved."""

    @property
    def where(self) -> str:
        """The place in the contract, such as `answer.lines[].sku`."""
        path = written(self.path)
        return path if self.part == "payload" else f"answer.{path}" if path else "answer"

    @property
    def title(self) -> str:
        """The rule in words."""
        return RULES[self.rule].title

    @property
    def key(self) -> str:
        """The same for the same change of one contract, whatever it was compared with."""
        return f"{self.rule} {self.where}".strip()

    @property
    def gates(self) -> bool:
        """It has to be approved before it is released."""
        return self.severity != "info" and not self.waived

    def as_json(self) -> dict[str, Any]:
        """The finding for programs."""
        return {
            "contract": self.contract,
            "rule": self.rule,
            "severity": self.severity,
            "path": self.where,
            "what": self.what,
            "directions": list(self.directions),
            "document": self.document,
            "refusal": self.refusal or None,
            "becomes": self.becomes,
            "tried": self.tried or None,
            "on_paper": self.on_paper or None,
            "breaks": list(self.breaks),
            "read_by": list(self.read_by),
            "instead": self.instead or None,
            "waived": self.waived or None,
        }
