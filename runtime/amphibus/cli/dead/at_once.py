"""Retries or discards the dead letters that are named, at once."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from amphibus.admin.dead import BATCH, DeadLetter, in_order, names_of
from amphibus.admin.views import Views
from amphibus.cli.dead.named import named_dead
from amphibus.cli.output import plural, printable, show_json
from amphibus.cli.views import Acts, look_and_act
from amphibus.messages.contracts.amphibus.acting import OperationKind, Operator
from amphibus.messages.contracts.amphibus.v1 import DiscardDead, RetryDead

Signed = tuple[str, Operator]
"""A reason, and who gave it."""
_WHAT = {"retry": "will be tried again", "discard": "will never be handled"}
_DONE = {"retry": "retried", "discard": "discarded"}


class Done(NamedTuple):
    """A letter that was acted on."""

    letter: DeadLetter
    late: bool


def act_on_named(
    kind: OperationKind,
    messages: tuple[str, ...],
    module: str | None,
    signed: Signed,
    place: tuple[Path | None, str | None],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Acts on the letters of some ids, and shows what was done."""
    work = partial(_acted, kind, messages, module, signed, dry_run)
    done = look_and_act(*place, work)
    if as_json:
        show_json({"dry_run": dry_run, _DONE[kind]: [_facts(kind, each) for each in done]})
        return
    for each in done:
        note = "  late: later messages of its key went before it" if each.late else ""
        print(printable(f"{each.letter.id}  {each.letter.module}  {each.letter.type}") + note)
    print(outcome(len(done), _WHAT[kind], dry_run=dry_run))


def outcome(count: int, what: str, *, dry_run: bool) -> str:
    """Returns what was done to so many messages, in words."""
    text = f"{plural(count, 'message')} {what}"
    return f"{text} (dry run: nothing was changed)" if dry_run else text


async def _acted(
    kind: OperationKind,
    messages: tuple[str, ...],
    module: str | None,
    signed: Signed,
    dry_run: bool,
    views: Views,
    acts: Acts,
) -> list[Done]:
    found = in_order(await named_dead(messages, module, views))
    if dry_run:
        return [Done(each, late=False) for each in found]
    done: list[Done] = []
    for name in sorted({each.module for each in found}):
        mine = [each for each in found if each.module == name]
        for start in range(0, len(mine), BATCH):
            done += await _batch(kind, name, mine[start : start + BATCH], signed, acts)
    return done


async def _batch(
    kind: OperationKind, module: str, letters: list[DeadLetter], signed: Signed, acts: Acts
) -> list[Done]:
    reason, by = signed
    named = {each.seq: each for each in letters}
    if kind == "discard":
        wanted = DiscardDead(letters=names_of(letters), reason=reason, by=by)
        seqs = (await acts.do(module, wanted)).seqs
        return [Done(named[seq], late=False) for seq in seqs]
    again = RetryDead(letters=names_of(letters), reason=reason, by=by)
    said = (await acts.do(module, again)).letters
    return [Done(named[each.seq], each.late) for each in said]


def _facts(kind: OperationKind, done: Done) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": done.letter.id, "module": done.letter.module}
    return facts | ({"late": done.late} if kind == "retry" else {})
