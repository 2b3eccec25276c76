"""The parts of system contracts that act on dead letters and are audited, and their answers."""

from typing import Annotated, Literal

from pydantic import Base64Bytes, Field

from amphibus.contract import Value
from amphibus.contract.texts import ONE_LINE
from amphibus.messages.cloudevents import LONGEST_ID

Line = Annotated[str, Field(max_length=255, pattern=ONE_LINE)]
LongLine = Annotated[str, Field(max_length=500, pattern=ONE_LINE)]

LetterField = Literal[
    "type",
    "key",
    "id",
    "source",
    "correlation",
    "reason",
    "error",
    "exception",
    "frame",
    "group",
    "attempts",
    "died",
]
Comparison = Literal["=", "!=", "~", "!~", "<", "<=", ">", ">="]
OperationKind = Literal["retry", "discard"]
OperationState = Literal["running", "stopped", "done"]


class Operator(Value):
    """Somebody who acts: a name as it is known where the command was typed."""

    who: Line = ""
    principal: Line | None = None
    """Somebody who was proved, where that is known."""


class Condition(Value):
    """A condition that a dead letter meets or not. `~` asks for a part of a text, in capitals or not."""

    field: LetterField
    comparison: Comparison
    value: LongLine
    """Times are microseconds since the epoch."""


class LetterName(Value):
    """A dead letter, named so that no later one of the same message is meant."""

    seq: int
    id: Annotated[str, Field(max_length=LONGEST_ID)]


class LetterRetried(Value):
    """A letter that is tried again."""

    seq: int
    late: bool
    """Later messages of its key were handled, or wait before it."""
    waits: bool
    """Another message of its key is delayed: it comes after that."""


class LettersRetried(Value):
    """The letters that are tried again; those that are left out were no dead letters any more."""

    letters: tuple[LetterRetried, ...]


class LettersDiscarded(Value):
    """The numbers of the letters that are given up."""

    seqs: tuple[int, ...]


class LetterEdited(Value):
    """A letter has that payload now, unless it is none any more."""

    found: bool
    changed: bool


class DeadGroup(Value):
    """Dead letters of one type that died of one cause."""

    group: str
    type: str
    exception: str
    frame: str
    count: int
    first: int
    last: int


class DeadGroups(Value):
    """The largest groups of dead letters, and the number of all letters that were asked for."""

    groups: tuple[DeadGroup, ...]
    total: int


class OperationFacts(Value):
    """An operation, and how far it is."""

    id: str
    kind: OperationKind
    state: OperationState
    conditions: tuple[Condition, ...]
    limit: int | None
    per_second: float | None
    who: str
    reason: str
    began: int
    ended: int | None
    collecting: bool
    """Its letters are still being looked for, so that there may be more."""
    total: int
    done: int
    skipped: int
    """They had left the dead letters by other hands."""
    again: int | None
    """Those of `done` that are dead again; None where that was not asked for."""
    waiting: int | None
    """Those of `done` that are not tried yet, or wait for their next try."""


class OperationPage(Value):
    """Operations, newest first."""

    operations: tuple[OperationFacts, ...]


class AuditEntry(Value):
    """An act that changed a store, or looked at personal data."""

    number: int
    at: int
    who: str
    principal: str | None
    what: str
    object: str
    reason: str
    count: int
    hash: str
    """Over this entry and the hash of the one before it."""


class AuditPage(Value):
    """Entries of the audit, and the number and hash of the last that there is."""

    entries: tuple[AuditEntry, ...]
    last: int
    last_hash: str


class PayloadRevealed(Value):
    """The payload of a dead letter with all personal data; empty once it has left the dead letters."""

    body: Base64Bytes


class ProcessCancelled(Value):
    """A process was cancelled, by this type of command."""

    command: str


class SendingNoted(Value):
    """It stands in the audit that a message is sent, with this type."""

    type: str
