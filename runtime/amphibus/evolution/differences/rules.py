"""The rules of changes: what each is called, and how grave it is for each kind of message.

An error gates. A warning needs a note that approves it. Information is for the changelog.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning", "info"]
Position = Literal["event", "command", "query", "reply"]
"""The part that a document plays: the payload of one of the kinds, or the answer to a command or query."""
Part = Literal["payload", "answer"]
Direction = Literal["backward", "forward"]
"""Backward: new readers take what was written before. Forward: old readers take what is written now."""
_LETTERS: Final[Mapping[str, Severity]] = {"E": "error", "W": "warning", "I": "info"}
GATES: Final[Mapping[Position, tuple[Direction, ...]]] = {
    # What was published waits in queues, in outboxes and among the dead letters.
    "event": ("forward", "backward"),
    "command": ("backward",),
    "query": ("backward",),
    "reply": ("forward",),
}
"""The directions that must hold. Where the other does not, it says who is to be deployed first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change."""

    id: str
    title: str
    severities: str
    """A letter for each position, in their order."""
    instead: str
    """Says what to do instead."""

    def severity(self, position: Position) -> Severity:
        """Returns the gravity of the change in a position."""
        return self.levels[position]

    @property
    def levels(self) -> Mapping[Position, Severity]:
        """The gravity in each position."""
        letters = map(_LETTERS.__getitem__, self.severities)
        return dict(zip(GATES, letters, strict=True))


_NEW_VERSION: Final = "declare it in a new version, v2 beside v1, with converters between them"
_DEFAULT: Final = "give it a default, or declare it in a new version with a converter"
_KEEP: Final = (
    "keep it, or declare a new version without it and publish both while the old one is read"
)
_READ_BOTH: Final = (
    "read both names with AliasChoices(new, old) and write the old one until nobody reads it,"
    " or declare a new version with a converter"
)
_WIDER: Final = (
    "release the readers first under a new version, and convert to the old one meanwhile"
)
_NARROWER: Final = "keep what was allowed, or declare a new version with a converter"
APPROVE: Final = "if it is meant, approve it in contracts/waivers.toml with a reason and an end"
_NOTHING: Final = "nothing"

RULES: Final[Mapping[str, Rule]] = {
    each[0]: Rule(*each)
    for each in (
        ("MSG01", "message removed", "EEEE", "keep it until nobody sends or reads it any more"),
        ("MSG02", "message or route added", "IIII", _NOTHING),
        ("MSG03", "name on the wire changed", "EEEE", "keep the name, or publish both for a while"),
        ("MSG04", "kind changed", "EEEE", "declare a message of the other kind beside it"),
        (
            "MSG06",
            "route, status or location changed",
            "EEEE",
            "keep the route; add a message for the new one",
        ),
        ("MSG08", "answer exchanged", "EEEE", _NEW_VERSION),
        ("MSG09", "refusals changed", "EWWW", "keep the refusal; add one rather than change one"),
        ("MSG11", "key changed", "EWII", _NEW_VERSION),
        (
            "MSG12",
            "acceptance promise changed",
            "EEEE",
            "keep `stored` as it was; add a message for the new way",
        ),
        (
            "MSG13",
            "end moved",
            "EEEE",
            "keep the day that was said; take back the deprecation, or move it later",
        ),
        ("MSG16", "released form edited", "EEEE", "restore the lock from git"),
        ("MSG18", "mark of personal data changed", "EEEE", "put the mark back"),
        ("FLD01", "optional field added", "IIII", _NOTHING),
        ("FLD02", "field added that old readers forbid", "EWWE", _NEW_VERSION),
        ("FLD03", "required field added", "EEEI", _DEFAULT),
        ("FLD05", "field removed that readers need", "EWWE", _KEEP),
        ("FLD06", "optional field removed", "WWWW", APPROVE),
        (
            "FLD07",
            "field removed that new readers forbid",
            "EEEE",
            "let readers ignore what they do not know",
        ),
        ("FLD08", "field renamed", "EEEE", _READ_BOTH),
        ("FLD09", "name on the wire changed, not in Python", "EEEE", _READ_BOTH),
        ("FLD10", "field with a default became required", "WEEI", "keep the default"),
        ("FLD11", "required field got a default", "WIIW", APPROVE),
        ("FLD12", "default changed", "WWWW", APPROVE),
        ("FLD13", "field may be null", "EIIE", "write a value, or declare a new version"),
        ("FLD14", "field may no longer be null", "EEEI", "go on taking null"),
        ("FLD15", "computed field removed", "EIIE", _KEEP),
        ("FLD16", "unknown fields are refused", "EWWE", "let readers ignore what they do not know"),
        ("FLD17", "words or examples changed", "IIII", _NOTHING),
        ("TYP01", "type changed", "EEEE", _NEW_VERSION),
        ("TYP02", "type widened", "EIIE", _WIDER),
        ("TYP03", "type narrowed", "EEEI", _NARROWER),
        ("TYP04", "meaning of the text changed", "EEEE", _NEW_VERSION),
        ("TYP05", "one value became a list, or a list one value", "EEEE", _NEW_VERSION),
        ("TYP06", "length of a tuple changed", "EEEE", _NEW_VERSION),
        ("TYP08", "encoding changed", "EEEE", _NEW_VERSION),
        ("TYP09", "strictness changed", "WWWW", APPROVE),
        ("TYP10", "validator changed", "WWWW", APPROVE),
        ("ENM01", "value added to a closed list", "EIIE", _WIDER),
        ("ENM02", "value added to an open list", "IIII", _NOTHING),
        ("ENM03", "value removed from a list", "EEEI", "keep the value; stop writing it first"),
        ("ENM04", "value renamed", "EEEE", "keep the old value beside the new one"),
        ("ENM05", "text became a list of values, or a list text", "EEEE", _NEW_VERSION),
        ("ENM06", "open list closed", "EEEE", "keep it open"),
        ("ENM07", "constant changed", "EEEE", _NEW_VERSION),
        ("UNI01", "alternative added", "EIIE", _WIDER),
        ("UNI02", "alternative removed", "EEEI", "go on taking it; stop writing it first"),
        ("UNI03", "mark that tells alternatives apart changed", "EEEE", _NEW_VERSION),
        ("UNI04", "value that tells an alternative changed", "EEEE", _NEW_VERSION),
        ("UNI05", "value became one of several", "EIIE", _WIDER),
        ("UNI06", "order of alternatives changed", "WWWW", APPROVE),
        ("CON01", "bound tightened", "EEEI", _NARROWER),
        ("CON02", "bound loosened", "EIIW", _WIDER),
        ("CON03", "pattern changed", "WWWW", _NEW_VERSION),
        ("CON04", "multiple changed", "WWWW", _NEW_VERSION),
        (
            "UNKNOWN",
            "cannot be judged",
            "EEEE",
            "make the schema simpler, or approve it in contracts/waivers.toml",
        ),
    )
}
