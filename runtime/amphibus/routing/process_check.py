"""Finds the gaps of a process (saga) before it runs, and draws it."""

from collections.abc import Collection, Iterator, Mapping
from typing import get_type_hints

from amphibus.contract import Command, Message, kind_of
from amphibus.nearest import did_you_mean
from amphibus.process import Effect, Process, State, When
from amphibus.routing.own_answer import fields_beside

Outstanding = frozenset[type[Command]]  # type: ignore[type-arg]


def problems_of_process(process: Process) -> Iterator[str]:
    """Yields in words the messages that a process does not answer, and the states and effects it forgets."""
    names = {state.name for state in process.states}
    for target in _targets(process):
        if target not in names:
            yield (
                f"process {process.name}: '{target}' is not a state; the states are "
                f"{', '.join(sorted(names))}{did_you_mean(target, names)}"
            )
    for kind, taken, known in (
        ("state", process.takes_over, names),
        ("deadline", process.takes_over_deadlines, process.deadlines),
    ):
        if taken and process.version == 1:
            yield f"process {process.name}: takes over {kind}s in its first version; say version=2"
        for problem in _problems_of_taking_over(kind, taken, known):
            yield f"process {process.name}: {problem}"
    yield from _problems_of_cancelling(process)
    if any(target not in names for target in _targets(process)):
        return
    reached = {name for name, _ in _walk(process)}
    for state in process.states:
        if state.name not in reached:
            yield f"process {process.name}: nothing leads to the state '{state.name}'"
        yield from _problems_of_state(process, state)
    yield from _unanswered(process)
    yield from _left_behind(process)


def _problems_of_cancelling(process: Process) -> Iterator[str]:
    """Yields why an operator could not cancel one by the command that is declared for it."""
    contract = process.cancelled_by
    if contract is None:
        return
    if not any(when.contract is contract for state in process.states for when in state.on):
        yield f"process {process.name}: cancelled_by={contract.contract_type}, which no state reacts to"
    needed = [name for name, field in contract.model_fields.items() if field.is_required()]
    if needed != [contract.contract_key]:
        yield (
            f"process {process.name}: cancelled_by={contract.contract_type} needs {', '.join(needed)};"
            " an operator knows the key alone"
        )


def _problems_of_taking_over(
    kind: str, taken: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    """A state that is taken over must be gone, and the one that it becomes must exist: no chains, no circles."""
    for old, new in taken.items():
        if old in known:
            yield f"takes over the {kind} '{old}', which it still has; leave it out"
        if new not in known:
            yield (
                f"takes over the {kind} '{old}' as '{new}', which is none; there are "
                f"{', '.join(sorted(known)) or 'none'}{did_you_mean(new, known)}"
            )


def _unanswered(process: Process) -> Iterator[str]:
    """Yields what cannot be answered, or would be answered with something that nobody asked for."""
    for when in process.begins:
        yield from _problems_of_answer(f"process {process.name}", when)
    for state in process.states:
        where = f"process {process.name}, state '{state.name}'"
        for when in state.on:
            yield from _problems_of_answer(where, when)
        for contract in state.ignores:
            if lacking := _must_say(contract):
                yield (
                    f"{where}: ignores {contract.contract_type}, whose answer needs {lacking}; give it a case with "
                    "`answer`, or a refusal under `refuses`"
                )


def _problems_of_answer(where: str, when: When) -> Iterator[str]:
    name, expected = when.contract.contract_type, when.contract.answer_type()
    if when.answer is None:
        if lacking := _must_say(when.contract):
            yield f"{where}: {name} is never answered; its answer needs {lacking}: make it with `answer`"
        return
    if kind_of(when.contract) != "command":
        yield f"{where}: {name} is an event, which nobody waits for; leave `answer` out"
    elif expected is None:
        yield f"{where}: {name} is a Command[None]; leave `answer` out, or declare what it is answered with"
    elif (returned := _returned(when)) is not None and not issubclass(returned, expected):
        yield f"{where}: {name} is answered with {returned.__name__}, not {expected.__name__}"


def _must_say(contract: type[Message]) -> str:
    """The fields of a command's answer that only its step can know."""
    answer = contract.answer_type()
    return "" if answer is None else ", ".join(fields_beside(contract, answer))


def _returned(when: When) -> type | None:
    """The declared class of what `answer` returns, or None where it is not known; then it is checked when it runs."""
    try:
        found = get_type_hints(when.answer).get("return")
    except (NameError, TypeError):
        return None
    return found if isinstance(found, type) else None


def _problems_of_state(process: Process, state: State) -> Iterator[str]:
    where = f"process {process.name}, state '{state.name}'"
    begins = {each.contract for each in process.begins}
    answered = {each.contract for each in state.on} | set(state.ignores) | set(process.refuses)
    for contract in process.contracts:
        if contract not in answered | begins:
            yield f"{where}: no case for {contract.contract_type}; react to it or list it under `ignores`"
    if not state.final:
        if not state.on and state.deadline is None:
            yield f"{where}: nothing leads out of it; mark it final or add a case"
        if state.deadline is None and not state.waits:
            yield f"{where}: no deadline; add one, or say under `waits` why it may last"


def _left_behind(process: Process) -> Iterator[str]:
    finals = {state.name for state in process.states if state.final}
    seen: set[tuple[str, str]] = set()
    for name, outstanding in _walk(process):
        for command in outstanding if name in finals else ():
            if (name, command.contract_type) not in seen:
                seen.add((name, command.contract_type))
                yield (
                    f"process {process.name}: a path ends in '{name}' with {command.contract_type} neither settled "
                    "nor undone; send its compensation on the way"
                )


def _walk(process: Process) -> Iterator[tuple[str, Outstanding]]:
    """Yields every reachable pair of a state and the effects that are open in it."""
    effects = {each.done_by: each for each in process.effects}
    todo: list[tuple[str, Outstanding]] = []
    for when in process.begins:
        todo += [(to, _after(frozenset(), when, to, effects)) for to in when.targets]
    seen: set[tuple[str, Outstanding]] = set()
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        yield here
        name, outstanding = here
        state = process.state(name)
        for when in state.on:
            todo += [(to, _after(outstanding, when, to, effects)) for to in when.targets]
        for ignored in state.ignores:
            todo.append((name, _ended_by(outstanding, ignored, effects)))
        if state.deadline is not None:
            sent = outstanding | {each for each in state.deadline.sends if each in effects}
            for command in state.deadline.sends:
                sent = _ended_by(sent, command, effects)
            todo.append((state.deadline.to, sent))


def _after(
    outstanding: Outstanding,
    when: When,
    to: str,
    effects: dict[type[Command], Effect],  # type: ignore[type-arg]
) -> Outstanding:
    after = _ended_by(outstanding, when.contract, effects)
    after = after | {each for each in when.targets[to] if each in effects}
    for command in when.targets[to]:
        after = _ended_by(after, command, effects)
    return after


def _ended_by(
    outstanding: Outstanding,
    message: type[Message],
    effects: dict[type[Command], Effect],  # type: ignore[type-arg]
) -> Outstanding:
    def ends(effect: Effect) -> bool:
        return (
            message in effect.failed_by
            or message in effect.settled_by
            or message in effect.undone_by
        )

    return frozenset(each for each in outstanding if not ends(effects[each]))


def _targets(process: Process) -> Iterator[str]:
    for when in process.begins:
        yield from when.targets
    for state in process.states:
        for when in state.on:
            yield from when.targets
        if state.deadline is not None:
            yield state.deadline.to


def mermaid_of_process(process: Process) -> str:
    """Returns the process as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for when in process.begins:
        lines += [f"    [*] --> {to}: {when.contract.contract_name}" for to in when.targets]
    for state in process.states:
        for when in state.on:
            lines += [
                f"    {state.name} --> {to}: {when.contract.contract_name}" for to in when.targets
            ]
        if state.deadline is not None:
            lines.append(f"    {state.name} --> {state.deadline.to}: after {state.deadline.name}")
        if state.final:
            lines.append(f"    {state.name} --> [*]")
    return "\n".join(lines)
