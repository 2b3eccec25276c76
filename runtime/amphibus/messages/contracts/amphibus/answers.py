"""The answers to system contracts, and their parts. Times are microseconds since the epoch."""

from pydantic import Base64Bytes

from amphibus.contract import Value


class NotArrived(Value):
    """Those messages that are neither handled nor delayed nor dead there."""

    ids: tuple[str, ...]
    forgotten_before: int = 0
    """One that was sent before then may have arrived, and be forgotten."""


class PausedType(Value):
    """Something that a module does not handle for now: one type, or all if that is empty."""

    type: str
    since: int
    until: int | None
    """None until it is resumed."""
    reason: str


class ContractInUse(Value):
    """A contract as a process has it."""

    type: str
    fingerprint: str


class ModuleInProcess(Value):
    """A module as one process hosts it."""

    name: str
    partitions: tuple[int, ...]
    in_flight: int
    commits: int
    """Since the process began."""
    unsent: int
    delayed: int
    dead: int
    timers: int
    paused: tuple[PausedType, ...]


class ProcessDescription(Value):
    """A process that hosts modules, as it is now."""

    pid: int
    host: str
    url: str
    version: str
    build: str
    """A digest of the code of its modules and contracts."""
    transport: str
    since: int
    load: float
    """The share of one processor that it used since somebody asked last."""
    state: str
    reasons: dict[str, str]
    """Why it is not ready, or late with its work."""
    modules: tuple[ModuleInProcess, ...]
    contracts: tuple[ContractInUse, ...]
    settings: int = 0
    """The revision of the settings that were set while the system ran, as it uses them."""


class LogLines(Value):
    """Some log lines of a process, each a JSON text."""

    lines: tuple[str, ...]
    last: int
    """The number of the last line that was looked at: the next question begins behind it."""


class StoreCounts(Value):
    """The contents of a module's store."""

    revision: str
    transport: str
    schema_version: int
    size: int
    """Bytes."""
    unsent: int
    handled: int
    delayed: int
    dead: int
    timers: int
    later: int
    awaited: int


class ReceivedFrom(Value):
    """The messages of one sender that a module has and has not handled."""

    sender: str
    delayed: int
    dead: int


class WaitingFor(Value):
    """The messages that have not left for one receiver."""

    receiver: str
    count: int


class StoreWaits(Value):
    """The messages that wait in a module's store, by sender and by receiver."""

    received: tuple[ReceivedFrom, ...]
    unsent: tuple[WaitingFor, ...]
    routes: dict[str, int] | None
    """By type and receiver, with a space between: the number of the last message before it. None where unknown."""


class MessageLeft(Value):
    """A message that has left for a receiver."""

    seq: int
    id: str
    type: str
    key: str | None


class MessagesLeft(Value):
    """A page of messages that have left for a receiver."""

    messages: tuple[MessageLeft, ...]


class MessageFacts(Value):
    """A message without its payload."""

    id: str
    type: str
    source: str
    key: str | None
    time: int
    correlation: str
    causation: str | None


class Sent(Value):
    """A message that a module has sent, and the receivers for which it has not left."""

    message: MessageFacts
    unsent_for: tuple[str, ...]


class Received(Value):
    """A message that a module has received, and how far it is."""

    message: MessageFacts
    state: str
    received: int
    handled: int | None
    attempts: int
    error: str


class FlowInModule(Value):
    """The part of a flow that one module knows."""

    transport: str
    sent: tuple[Sent, ...]
    received: tuple[Received, ...]


class FlowFound(Value):
    """The oldest flow that fits, if there is one."""

    time: int | None
    correlation: str


class Happened(Value):
    """Something that was sent or handled."""

    at: int
    seq: int
    correlation: str


class HappenedPage(Value):
    """A page of a log, newest first."""

    rows: tuple[Happened, ...]


class FlowsInModule(Value):
    """The last times of some flows, and their messages, as one module knows them."""

    last: dict[str, int]
    messages: tuple[MessageFacts, ...]


class DeadLetterFacts(Value):
    """A dead letter without its payload and its traceback."""

    seq: int
    ordering_key: str
    id: str
    type: str
    source: str
    key: str | None
    time: int
    correlation: str
    received: int
    attempts: int
    died: int
    reason: str
    error: str
    blocks: bool
    group: str = ""
    """The letters of its type that died of the same cause have the same."""


class DeadLetterPage(Value):
    """A page of dead letters, in the order in which they died."""

    letters: tuple[DeadLetterFacts, ...]


class DeadLetterContent(Value):
    """The rest of a dead letter, without personal data; None once it has left the dead letters."""

    traceback: str | None
    body: Base64Bytes
    masked: bool = False
    """Something of the payload is left out."""


class ModulePauses(Value):
    """The pauses of a module: what it does not handle for now."""

    paused: tuple[PausedType, ...]


class DeadlineArmed(Value):
    """A deadline of a process, and when it is due; never where its message is delayed or dead."""

    name: str
    due: int


class ProcessStanding(Value):
    """A process that has not ended. It has been in its state since then; 0 where that is not known."""

    process: str
    key: str
    state: str
    since: int
    deadlines: tuple[DeadlineArmed, ...]


class ProcessPage(Value):
    """A page of processes, those first that have stood still longest."""

    processes: tuple[ProcessStanding, ...]


class StateCount(Value):
    """The number of processes in a state."""

    process: str
    state: str
    count: int


class ProcessesByState(Value):
    """The processes that have not ended, by their states."""

    counts: tuple[StateCount, ...]


class HandledStep(Value):
    """A message that was handled."""

    seq: int
    key: str
    type: str
    handled: int


class StepPage(Value):
    """A page of what was handled, newest first."""

    steps: tuple[HandledStep, ...]


class DeadlinesExpired(Value):
    """The deadlines that are due now because of it."""

    names: tuple[str, ...]
