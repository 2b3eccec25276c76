"""Process managers as data: a saga's states, messages, deadlines and compensations.

The idea is Garcia-Molina and Salem's "Sagas" (1987) with the process manager of Hohpe and Woolf's "Enterprise
Integration Patterns". Since a process is data, `amphibus modules --format mermaid` draws it, and the start checks it
for missing cases: every state answers every message, and every path that ends has settled or undone its effects.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlmodel import SQLModel

from amphibus.context import Context
from amphibus.contract import Command, Message, Value
from amphibus.errors import AmphibusError, Refused
from amphibus.repository.any_table import RowsOfSession, RowsOfTable, rows_of

Sends = tuple[type[Command[Any]], ...]
Begin = Callable[[Any, Any], Awaitable[SQLModel]]
Step = Callable[[Any, Any, Any], Awaitable[str | None]]
Answer = Callable[[Any, Any, Any], Awaitable[Value]]
_SHORTEST: Final = timedelta(seconds=1)
"""Between a deadline and the one that it leads to: with nothing between them they would repeat without end."""


@dataclass(frozen=True, slots=True)
class When:
    """A message that moves a process: `do` runs, then the process is in the state `to`.

    `to` names one state, and `sends` lists the messages that `do` sends on the way. Or `to` maps each possible state
    to the messages sent on the way there; `do` then returns the name of the state that it chose.
    """

    contract: type[Message]
    do: Callable[..., Awaitable[Any]]
    to: str | Mapping[str, Sends]
    sends: Sends = ()
    again: Step | None = None
    """Of a beginning: called as `(message, row, context)` when the process exists already; may refuse."""
    answer: Answer | None = None
    """Called as `(message, row, context)` once the row is in its new state; returns what the command is answered with.

    It only reads: it publishes and sends nothing. Of a beginning, it answers the command for a process that exists too.
    """

    @property
    def targets(self) -> Mapping[str, Sends]:
        """The states that may follow, each with the commands sent on the way."""
        return {self.to: self.sends} if isinstance(self.to, str) else self.to


@dataclass(frozen=True, slots=True)
class Deadline:
    """A durable timer of a state. It keeps running if a message leads to a state with a deadline of the same name.

    If the deadline itself leads to such a state, it is armed anew: a reminder, a second later at the earliest.
    """

    name: str
    after: Callable[[Any], timedelta]
    """Takes the module's container and returns the time until the deadline."""
    do: Step
    to: str
    sends: Sends = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state: the messages it reacts to and ignores, and how long it may last."""

    name: str
    on: tuple[When, ...] = ()
    ignores: tuple[type[Message], ...] = ()
    deadline: Deadline | None = None
    waits: str = ""
    """The reason why a state without a deadline may last for ever."""
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effect of a command elsewhere, and the messages that end it: failed, settled for good, or undone."""

    done_by: type[Command[Any]]
    failed_by: tuple[type[Message], ...] = ()
    settled_by: tuple[type[Command[Any]], ...] = ()
    undone_by: tuple[type[Command[Any]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process manager (saga). Its state is a column of a table of its module, one row a process."""

    name: str
    table: type[SQLModel]
    column: str
    begins: tuple[When, ...]
    states: tuple[State, ...]
    effects: tuple[Effect, ...] = ()
    refuses: Mapping[type[Message], str] = field(default_factory=dict)
    """The refusal of a command in states that have no case for it."""
    missing: Mapping[type[Message], str] = field(default_factory=dict)
    """The refusal of a command for a process that does not exist."""
    version: int = 1
    """Grows when states or deadlines are renamed or removed; code of an older version refuses to start after it."""
    takes_over: Mapping[str, str] = field(default_factory=dict)
    """States that there are no more, each with the one that its rows are in from the next start on."""
    takes_over_deadlines: Mapping[str, str] = field(default_factory=dict)
    """The same for the names of deadlines: one that is armed keeps its time."""

    cancelled_by: type[Command[Any]] | None = None
    """The command by which an operator cancels one; it needs no more than the key."""

    def state(self, name: str) -> State:
        """Returns the state of that name.

        Raises:
            AmphibusError: there is none.
        """
        found = next((each for each in self.states if each.name == name), None)
        if found is None:
            raise AmphibusError(
                f"process {self.name} is in the state '{name}', which its code does not know",
                f"it knows {', '.join(each.name for each in self.states)}",
                "declare it under takes_over, or run the code that knows it",
            )
        return found

    @property
    def deadlines(self) -> frozenset[str]:
        """The names of all deadlines."""
        return frozenset(each.deadline.name for each in self.states if each.deadline is not None)

    async def __call__(self, message: Message, context: Context[Any]) -> Value | None:
        """Handles a message as the handler of `on(contract, process)`; returns the answer of its step.

        None leaves the answer to the command's own fields.

        Raises:
            Refused: the process does not exist, or has no case for a command in its state.
            AmphibusError: an event came before the process exists; the message is tried again.
        """
        contract = type(message)
        rows = rows_of(context.db, self.table)
        row = await self._row(rows, getattr(message, contract.contract_key or ""))
        when = next((each for each in self.begins if each.contract is contract), None)
        if row is None:
            row = await self._begin(when, message, context)
            await rows.insert(row)
        elif when is None:
            when = await self._step(row, message, context)
            await rows.save(row)
        elif when.again is not None:
            await when.again(message, row, context)
            await rows.save(row)
        return await self._answer(when, message, row, context)

    async def expire(self, deadline_name: str, key: str, context: Context[Any]) -> None:
        """Runs a deadline that is due; changes nothing if the deadline no longer applies."""
        rows = rows_of(context.db, self.table)
        row = await self._row(rows, self._key_from_text(key))
        if row is None:
            return
        state = self.state(getattr(row, self.column))
        deadline = state.deadline
        if deadline is None or deadline.name != deadline_name:
            return
        await deadline.do(None, row, context)
        self._declared(f"the deadline {deadline.name}", deadline.to, deadline.sends, context)
        # It has run out: where the next state has one of that name, that is another one.
        self._move(row, key, deadline.to, None, context)
        if deadline.to == state.name:
            del context.moves[self.name, key]  # it stands there as long as before
        for timer, due in context.timers.items():
            context.timers[timer] = due and max(due, context.now + _SHORTEST)
        await rows.save(row)

    async def _row(self, rows: RowsOfTable | RowsOfSession, key: Any) -> SQLModel | None:
        # Locked if several instances share a database: two answers at once must not both see the old state.
        row = await rows.get(key)
        # An instance of the older code may have written it after this one took over.
        if row is not None and (state := getattr(row, self.column)) in self.takes_over:
            setattr(row, self.column, self.takes_over[state])
        return row

    async def _begin(self, when: When | None, message: Message, context: Context[Any]) -> SQLModel:
        contract = type(message)
        if when is None:
            if contract in self.missing:
                raise Refused(self.missing[contract])
            raise AmphibusError(
                f"no {self.name} process {message.key_value()} yet",
                f"{contract.contract_type} came before the message that begins it",
                "nothing: it is tried again; see amphibus dead list if it stays",
            )
        row: SQLModel = await when.do(message, context)
        targets = when.targets
        chosen = next(iter(targets)) if len(targets) == 1 else getattr(row, self.column)
        self._move(
            row, message.key_value() or "", self._checked(when, chosen, context), None, context
        )
        return row

    async def _step(self, row: SQLModel, message: Message, context: Context[Any]) -> When | None:
        contract = type(message)
        state = self.state(getattr(row, self.column))
        when = next((each for each in state.on if each.contract is contract), None)
        if when is None:
            if contract not in state.ignores and contract in self.refuses:
                raise Refused(self.refuses[contract])
            return None
        chosen = await when.do(message, row, context)
        if isinstance(when.to, str):
            chosen = when.to
        self._move(
            row, message.key_value() or "", self._checked(when, chosen, context), state, context
        )
        return when

    async def _answer(
        self, when: When | None, message: Message, row: SQLModel, context: Context[Any]
    ) -> Value | None:
        if when is None or when.answer is None:
            return None
        before = len(context.outgoing), context.later.copy()
        answer = await when.answer(message, row, context)
        if (len(context.outgoing), context.later) != before:
            raise AmphibusError(
                f"process {self.name}: the answer to {when.contract.contract_type} sent something",
                "an answer only reads, or the check of compensations would not see what it sends",
                "send it in `do`",
            )
        return answer

    def _checked(self, when: When, chosen: str | None, context: Context[Any]) -> str:
        targets = when.targets
        if chosen is None or chosen not in targets:
            raise AmphibusError(
                f"process {self.name}: {when.contract.contract_type} led to {chosen!r}",
                f"its declaration allows {', '.join(targets)}",
                "return one of them, or declare the state",
            )
        self._declared(when.contract.contract_type, chosen, targets[chosen], context)
        return chosen

    def _declared(self, what: str, to: str, allowed: Sends, context: Context[Any]) -> None:
        """Checks that a step declares what it sends, else the check of compensations would not see it."""
        leaving = [each for each, _ in context.outgoing]
        leaving += [each.message for each in context.later.values() if each is not None]
        sent = {type(each) for each in leaving if isinstance(each, Command)}
        undeclared = sorted(each.contract_type for each in sent - set(allowed))
        if undeclared:
            raise AmphibusError(
                f"process {self.name}: {what} sent {', '.join(undeclared)}",
                f"on the way to {to} it declares "
                f"{', '.join(each.contract_type for each in allowed) or 'nothing'}",
                "add it to `sends` of that case",
            )

    def _move(
        self, row: SQLModel, key: str, chosen: str, before: State | None, context: Context[Any]
    ) -> None:
        # Not the row's own: a step may have written the new state there already.
        if before is None or before.name != chosen:
            context.moves[self.name, key] = None if self.state(chosen).final else chosen
        setattr(row, self.column, chosen)
        new = self.state(chosen).deadline
        old = before.deadline if before else None
        if old is not None and (new is None or new.name != old.name):
            context.timers[f"{self.name}/{old.name}", key] = None
        if new is not None and (old is None or old.name != new.name):
            due = context.now + new.after(context.container)
            context.timers[f"{self.name}/{new.name}", key] = due

    @property
    def key_column(self) -> str:
        """The column of the table that a process is found by."""
        return str(next(iter(self.table.__table__.primary_key)).name)  # type: ignore[attr-defined]

    def key_text(self, value: Any) -> str:
        """Returns a key as messages and timers have it, from what the database holds."""
        return str(self._key_from_text(str(value)))

    def _key_from_text(self, key: str) -> Any:
        annotation = self.table.model_fields[self.key_column].annotation
        adapter: TypeAdapter[Any] = TypeAdapter(annotation or str)
        return adapter.validate_python(key)

    @property
    def contracts(self) -> tuple[type[Message], ...]:
        """Every message that the process reacts to, in the order of the declaration."""
        found = [each.contract for each in self.begins]
        for state in self.states:
            found += [each.contract for each in state.on] + list(state.ignores)
        return tuple(dict.fromkeys(found))
