"""The system contracts: what processes ask each other, and operators ask processes, on behalf of the runtime.

They are contracts as those of modules are: frozen, versioned, locked in `v1.lock.json`. Every module answers each of
them from its own store, on every way of delivery. Times are microseconds since the epoch.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Base64Bytes, Field

from amphibus.contract import Command, Query
from amphibus.messages.cloudevents import LONGEST_ID
from amphibus.messages.contracts.amphibus.acting import (
    AuditPage,
    Condition,
    DeadGroups,
    LetterEdited,
    LetterName,
    LettersDiscarded,
    LettersRetried,
    OperationFacts,
    OperationKind,
    OperationPage,
    Operator,
    PayloadRevealed,
    ProcessCancelled,
    SendingNoted,
)
from amphibus.messages.contracts.amphibus.answers import (
    DeadLetterContent,
    DeadLetterPage,
    DeadlinesExpired,
    FlowFound,
    FlowInModule,
    FlowsInModule,
    HappenedPage,
    LogLines,
    MessagesLeft,
    ModulePauses,
    NotArrived,
    ProcessDescription,
    ProcessesByState,
    ProcessPage,
    StepPage,
    StoreCounts,
    StoreWaits,
)
from amphibus.messages.contracts.amphibus.fitting import ContractForms, ProcessContracts
from amphibus.messages.contracts.amphibus.flow_answers import FlowOutcomes
from amphibus.messages.contracts.amphibus.handled_answers import HandledTypes
from amphibus.messages.contracts.amphibus.limits import ModuleLimits
from amphibus.messages.contracts.amphibus.passing import MessagesPassed, PassedRevealed
from amphibus.messages.contracts.amphibus.persons import (
    PersonErased,
    PersonForgotten,
    PersonText,
    PersonTraces,
)
from amphibus.messages.contracts.amphibus.schedule_answers import ModuleSchedules
from amphibus.messages.contracts.amphibus.settings import SettingsChecked, SettingsInForce

MOST_ROWS = 500
"""The rows of one page, and the ids of one question."""

MOST_UNDER_WAY = 10_000
"""The flows and keys of one person that may be under way at once."""

MOST_FORMS = 50
"""The forms of one answer."""

Right = Literal["peer", "sends", "look", "registry", "act"]
"""The right of the asking module: it is any of the system (`peer`), it sends to the module asked, or is that module
itself. The gateway has `registry` of every module. Operators ask with a module's own key, as whoever may write its
store."""

_Name = Annotated[str, Field(max_length=255)]
_Id = Annotated[str, Field(max_length=LONGEST_ID)]
_Ids = Annotated[tuple[_Id, ...], Field(max_length=MOST_ROWS)]
_Names = Annotated[tuple[_Name, ...], Field(max_length=100)]
_Settings = Annotated[str, Field(max_length=1_000_000)]
"""By dotted key, as JSON."""
_Limit = Annotated[int, Field(ge=1, le=MOST_ROWS)]
_Where = Annotated[tuple[Condition, ...], Field(max_length=20)]
_Letters = Annotated[tuple[LetterName, ...], Field(min_length=1, max_length=MOST_ROWS)]
_Reason = Annotated[str, Field(max_length=200)]
_Flows = Annotated[tuple[tuple[_Id, str], ...], Field(max_length=MOST_ROWS)]
"""Flows, each with the key of what is meant in it; empty where it has none."""
_Values = Annotated[tuple[str, ...], Field(max_length=MOST_ROWS)]
_PerSecond = Annotated[float, Field(gt=0, le=1_000_000)]


class Arrived(Query[NotArrived]):
    """Asks which of the asking module's messages have not arrived; nobody learns of another's messages."""

    requires: ClassVar[Right] = "sends"
    ids: _Ids


class CheckArrived(Query[NotArrived]):
    """Asks which messages of a sender have not arrived."""

    requires: ClassVar[Right] = "look"
    sender: _Name
    ids: _Ids


class FollowFlows(Query[FlowOutcomes]):
    """Asks which flows have ended with one of some events, and to be told of the others when they do.

    The word comes as a reply to the follower, a message id, at its address; it may be lost.
    """

    requires: ClassVar[Right] = "sends"
    flows: Annotated[tuple[_Name, ...], Field(max_length=MOST_ROWS)]
    types: _Names
    follower: _Id
    address: _Name


class DescribeProcess(Query[ProcessDescription]):
    """Asks a process what it is and how it is."""

    requires: ClassVar[Right] = "registry"
    contracts: bool = False
    """With the fingerprints of its contracts."""


class CountHandled(Query[HandledTypes]):
    """Asks a process how many messages of each type it has handled since it began, and how long that took."""

    requires: ClassVar[Right] = "registry"


class TellContracts(Query[ProcessContracts]):
    """Asks a process which contracts it has, and who reads and writes them there: the first half of a handshake."""

    requires: ClassVar[Right] = "peer"
    known: _Name = ""
    """The digest of the asking process: who has the same says nothing more."""


class ShowForms(Query[ContractForms]):
    """Asks a process for the forms of some contracts, as a lock holds them: the second half of a handshake."""

    requires: ClassVar[Right] = "peer"
    types: Annotated[tuple[_Name, ...], Field(max_length=MOST_FORMS)]


class CountStore(Query[StoreCounts]):
    """Asks how much there is in a module's store."""

    requires: ClassVar[Right] = "look"


class CountWaits(Query[StoreWaits]):
    """Asks what waits in a module's store, by sender and by receiver."""

    requires: ClassVar[Right] = "look"


class ListMessagesLeft(Query[MessagesLeft]):
    """Asks which messages of some types, with numbers beyond one, do not wait for a receiver any more."""

    requires: ClassVar[Right] = "look"
    receiver: _Name
    types: Annotated[tuple[_Name, ...], Field(min_length=1, max_length=MOST_ROWS)]
    beyond: int
    known_since: int
    limit: _Limit


class TellFlow(Query[FlowInModule]):
    """Asks for a module's part of the story of a flow."""

    requires: ClassVar[Right] = "look"
    correlation: _Name
    since: int = 0


class FindFlow(Query[FlowFound]):
    """Asks for the flow that a message belongs to, or that began with a business key."""

    requires: ClassVar[Right] = "look"
    key: _Name | None = None
    message: _Id | None = None
    since: int = 0
    anywhere: bool = False
    """Wherever they are mentioned. It reads whole tables: the last resort."""


class ListHappened(Query[HappenedPage]):
    """Asks what was sent or handled before a place in that log, newest first."""

    requires: ClassVar[Right] = "look"
    log: Literal["outbox", "inbox"]
    at: int
    seq: int
    limit: _Limit


class SummarizeFlows(Query[FlowsInModule]):
    """Asks when something happened last in some flows, and for their messages where these are wanted."""

    requires: ClassVar[Right] = "look"
    correlations: Annotated[tuple[_Name, ...], Field(max_length=MOST_ROWS)]
    with_messages: bool = False


class ListDead(Query[DeadLetterPage]):
    """Asks for dead letters after a place: all, or those of some ids or one type."""

    requires: ClassVar[Right] = "look"
    ids: _Ids = ()
    type: _Name | None = None
    after_died: int = -1
    after_id: _Id = ""
    limit: _Limit
    where: _Where = ()


class GroupDead(Query[DeadGroups]):
    """Asks for the groups of dead letters that died of one cause, the largest first."""

    requires: ClassVar[Right] = "look"
    where: _Where = ()
    limit: _Limit = MOST_ROWS
    total_only: bool = False
    """How many letters there are, and no groups."""


class ShowDead(Query[DeadLetterContent]):
    """Asks for the traceback and the payload of a dead letter, whose personal data is left out."""

    requires: ClassVar[Right] = "look"
    seq: int
    id: _Id


class ListPauses(Query[ModulePauses]):
    """Asks what a module does not handle for now."""

    requires: ClassVar[Right] = "look"
    now: int


class PauseModule(Command[ModulePauses]):
    """Lets a module handle nothing of one type, or of all if that is empty, for some seconds or until it is resumed."""

    requires: ClassVar[Right] = "act"
    type: _Name = ""
    seconds: Annotated[float, Field(gt=0, le=31_622_400)] | None = None
    reason: Annotated[str, Field(max_length=200)] = ""
    by: Operator = Operator()


class ResumeModule(Command[ModulePauses]):
    """Lets a module go on with one type, or with all if that is empty."""

    requires: ClassVar[Right] = "act"
    type: _Name = ""
    by: Operator = Operator()


class ListLimits(Query[ModuleLimits]):
    """Asks for the limits that operators set for a module."""

    requires: ClassVar[Right] = "look"
    now: int


class SetLimit(Command[ModuleLimits]):
    """Limits a type of message to a module, for some seconds or until it is unset; in place of what was set before."""

    requires: ClassVar[Right] = "act"
    type: Annotated[str, Field(min_length=1, max_length=255)]
    at_most: Annotated[int, Field(ge=1, le=10_000)] | None = None
    rate: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}/[smhd]$")] | None = None
    seconds: Annotated[float, Field(gt=0, le=31_622_400)] | None = None
    reason: Annotated[str, Field(max_length=200)] = ""
    by: Operator = Operator()


class UnsetLimit(Command[ModuleLimits]):
    """Takes back what was set for a type: what the front page and the configuration say is in force again."""

    requires: ClassVar[Right] = "act"
    type: _Name
    by: Operator = Operator()


class TellSettings(Query[SettingsInForce]):
    """Asks for the settings that were set while the system ran, as a process uses them."""

    requires: ClassVar[Right] = "look"


class CheckSettings(Query[SettingsChecked]):
    """Asks a process what stands against using these, all that are set while the system runs; nothing changes."""

    requires: ClassVar[Right] = "look"
    settings: _Settings


class TakeSettings(Command[SettingsInForce]):
    """Makes a process look at once for settings that were changed, instead of a little later."""

    requires: ClassVar[Right] = "act"


class ListSchedules(Query[ModuleSchedules]):
    """Asks where the schedules of a module stand."""

    requires: ClassVar[Right] = "look"


class PauseSchedule(Command[ModuleSchedules]):
    """Lets a schedule send nothing until it is resumed."""

    requires: ClassVar[Right] = "act"
    schedule: _Name
    reason: Annotated[str, Field(max_length=200)] = ""
    by: Operator = Operator()


class ResumeSchedule(Command[ModuleSchedules]):
    """Lets a schedule go on, with the first time from now on."""

    requires: ClassVar[Right] = "act"
    schedule: _Name
    by: Operator = Operator()


class RunSchedule(Command[ModuleSchedules]):
    """Lets a schedule send a command now, beside those of its times."""

    requires: ClassVar[Right] = "act"
    schedule: _Name
    reason: Annotated[str, Field(max_length=200)] = ""
    by: Operator = Operator()


class ListProcesses(Query[ProcessPage]):
    """Asks for the processes that have not ended, behind a place; with those of the named deadlines that are armed."""

    requires: ClassVar[Right] = "look"
    process: _Name | None = None
    states: _Names = ()
    key: _Name | None = None
    before: int | None = None
    """They have been in their states since then or longer."""
    deadlines: _Names = ()
    after_since: int = -1
    after_process: _Name = ""
    after_key: _Name = ""
    limit: _Limit


class ListLines(Query[LogLines]):
    """Asks a process for the log lines behind a number that it remembers, oldest first, as far as they are wanted."""

    requires: ClassVar[Right] = "look"
    after: int = 0
    limit: _Limit
    least: Annotated[str, Field(max_length=20)] = "debug"
    """The least level."""
    modules: _Names = ()
    """Of these alone; lines of the process as a whole have none."""
    correlation: _Name | None = None
    text: _Name = ""
    """A part of the line, in whatever case."""


class TapMessages(Query[MessagesPassed]):
    """Asks for the messages that an instance of a module was done with, behind a number that it remembers.

    It remembers the newest of them only while somebody asks: for ten seconds after each question.
    """

    requires: ClassVar[Right] = "look"
    after: int = 0
    limit: _Limit
    pattern: _Name = ""
    """Of types, as in a shell; a text without wildcards is looked for anywhere in them."""
    key: _Name | None = None
    correlation: _Name | None = None
    bodies: bool = False
    """With the payloads, whose personal data is left out."""


class CountProcesses(Query[ProcessesByState]):
    """Asks how many processes stand in each state that is not final."""

    requires: ClassVar[Right] = "look"


class ListSteps(Query[StepPage]):
    """Asks what was handled before a place in the inbox, newest first, with the keys."""

    requires: ClassVar[Right] = "look"
    at: int
    seq: int
    limit: _Limit


class ExpireProcess(Command[DeadlinesExpired]):
    """Makes the named deadlines of a process due now, as far as they are armed."""

    requires: ClassVar[Right] = "act"
    process: _Name
    key: _Name
    deadlines: _Names
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    by: Operator = Operator()


class CancelProcess(Command[ProcessCancelled]):
    """Cancels a process by the command that its module declares for that, where it runs."""

    requires: ClassVar[Right] = "act"
    process: _Name
    key: _Name
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    by: Operator = Operator()


class RevealDead(Command[PayloadRevealed]):
    """Asks for the payload of a dead letter with its personal data, which is audited."""

    requires: ClassVar[Right] = "act"
    letter: LetterName
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    by: Operator = Operator()


class RevealPassed(Command[PassedRevealed]):
    """Asks for payloads of messages that passed, with their personal data, which is audited."""

    requires: ClassVar[Right] = "act"
    ids: Annotated[tuple[_Id, ...], Field(min_length=1, max_length=MOST_ROWS)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    by: Operator = Operator()


class NoteSending(Command[SendingNoted]):
    """Notes in the audit that an operator sends a message, or asks a query, before it leaves."""

    requires: ClassVar[Right] = "act"
    type: _Name
    message: _Id
    reason: _Reason = ""
    by: Operator = Operator()


class RetryDead(Command[LettersRetried]):
    """Has some dead letters tried again, with all their attempts."""

    requires: ClassVar[Right] = "act"
    letters: _Letters
    reason: _Reason = ""
    by: Operator = Operator()


class DiscardDead(Command[LettersDiscarded]):
    """Gives some dead letters up: they are never handled. What waited behind one goes on."""

    requires: ClassVar[Right] = "act"
    letters: _Letters
    reason: _Reason = ""
    by: Operator = Operator()


class EditDead(Command[LetterEdited]):
    """Replaces the payload of a dead letter."""

    requires: ClassVar[Right] = "act"
    letter: LetterName
    body: Base64Bytes
    reason: _Reason = ""
    by: Operator = Operator()


class StartOperation(Command[OperationFacts]):
    """Has all dead letters that meet the conditions now tried again or given up, one after the other."""

    requires: ClassVar[Right] = "act"
    id: _Id
    kind: OperationKind
    where: _Where = ()
    limit: Annotated[int, Field(ge=1)] | None = None
    per_second: _PerSecond | None = None
    reason: _Reason = ""
    by: Operator = Operator()


class StopOperation(Command[OperationFacts]):
    """Lets an operation do nothing more until it is resumed."""

    requires: ClassVar[Right] = "act"
    id: _Id
    reason: _Reason = ""
    by: Operator = Operator()


class ResumeOperation(Command[OperationFacts]):
    """Lets an operation go on with what is left of it, at another rate if one is given."""

    requires: ClassVar[Right] = "act"
    id: _Id
    per_second: _PerSecond | None = None
    reason: _Reason = ""
    by: Operator = Operator()


class ListOperations(Query[OperationPage]):
    """Asks for the newest operations, or for one; `outcomes` counts what became of their letters."""

    requires: ClassVar[Right] = "look"
    id: _Id | None = None
    outcomes: bool = False
    limit: _Limit = 50


class ListAudit(Query[AuditPage]):
    """Asks for entries of the audit beyond a number, or for the newest before one, newest first."""

    requires: ClassVar[Right] = "look"
    beyond: int = 0
    before: int | None = None
    limit: _Limit


class TracePerson(Command[PersonTraces]):
    """Asks for a page of what a module keeps of a person; with `flows`, also of what they concern without a name.

    It is a command since it is noted: whoever asks sees personal data.
    """

    requires: ClassVar[Right] = "act"
    subject: PersonText
    flows: _Flows = ()
    place: str = ""
    """The table to go on in, and the number of a row there; empty at the beginning, which alone is noted."""
    beyond: int = 0
    reason: _Reason = ""
    by: Operator = Operator()


class ErasePerson(Command[PersonErased]):
    """Replaces what is personal in a page of what a module keeps of a person.

    First where the person is not named, as the names lead to it, in all modules; then where it is.
    """

    requires: ClassVar[Right] = "act"
    subject: PersonText
    replacement: PersonText
    values: _Values = ()
    """The texts that tell the person beside the subject."""
    flows: _Flows = ()
    named: bool
    under_way: Annotated[tuple[str, ...], Field(max_length=MOST_UNDER_WAY)] = ()
    """Flows and keys of which nothing is erased yet."""
    place: str = ""
    beyond: int = 0
    reason: _Reason = ""
    by: Operator = Operator()


class ForgetPerson(Command[PersonForgotten]):
    """Has a module delete what it keeps of a person outside of its database."""

    requires: ClassVar[Right] = "act"
    subject: PersonText
    replacement: PersonText
    values: _Values = ()
    reason: _Reason = ""
    by: Operator = Operator()
