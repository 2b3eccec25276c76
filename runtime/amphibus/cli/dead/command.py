"""`amphibus dead`: the dead letters, which are messages that used up their retries."""

import base64
import sys
from functools import partial
from typing import Annotated, Final

from cyclopts import Parameter

from amphibus.admin import dead as letters
from amphibus.admin.dead import DeadCursor, DeadLetter
from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.dead.edit import edited_body
from amphibus.cli.dead.letter import facts_of, readable, show_letter
from amphibus.cli.dead.named import find_dead, named_dead, no_reason
from amphibus.cli.dead.narrowed import Narrowed
from amphibus.cli.operator import Reason, Who, operator, reasoned
from amphibus.cli.output import (
    CommandError,
    Exit,
    microseconds,
    moment,
    plural,
    printable,
    rfc3339,
    show_columns,
    show_json,
    typed,
    with_instants,
)
from amphibus.cli.views import Acts, act, look, look_and_act
from amphibus.messages.contracts.amphibus.acting import LetterEdited, Operator
from amphibus.messages.contracts.amphibus.answers import DeadLetterContent
from amphibus.messages.contracts.amphibus.v1 import EditDead, RevealDead

_LONGEST_ERROR: Final = 80
_PAGE: Final = 100


def list_dead(
    *,
    narrowed: Narrowed | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = None,
    after: str | None = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List messages that used up their retries, oldest first, a page at a time.

    Example: amphibus dead list --error timeout --since 2h

    Args:
        limit: How many to list; 100 without it.
        after: Where the page before ended, as DIED/MODULE/MESSAGE in the words of --json.
    """
    narrowed = narrowed or Narrowed()
    cursor = None if after is None else _cursor(after)
    most = _positive(_PAGE if limit is None else limit)
    work = partial(
        find_dead, module=narrowed.module, where=narrowed.conditions, after=cursor, limit=most
    )
    found = look(data_dir, db, work)
    if not found:
        narrowed.check_type()
    more = _more(found[-1], most, narrowed) if len(found) == most else ""
    if as_json:
        show_json(with_instants([facts_of(each) for each in found]))
        if more and limit is None:
            print(typed(more), file=sys.stderr)  # who gave a limit knows
        return
    if not found:
        print("no dead messages")
        return
    rows = [
        (each.id, each.module, each.type, each.key or "-", moment(each.died), _short(each.error))
        for each in found
    ]
    show_columns(("MESSAGE", "MODULE", "TYPE", "KEY", "DIED", "ERROR"), rows)
    count = plural(len(rows), "dead message")
    print(typed(f"\n{count}; amphibus dead show MESSAGE shows one"))
    if more:
        print(typed(more))


def show(
    message: str,
    *,
    module: str | None = None,
    reveal: Annotated[bool, Parameter(negative="", help="With personal data; audited.")] = False,
    reason: Reason = "",
    who: Who = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show a dead message with its reason, traceback and payload, without personal data.

    Example: amphibus dead show 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --reveal --reason "ticket 4711"

    Args:
        message: Id of the message.
        module: The module where it died, if it died in several.
    """
    if reveal and not reason.strip():
        raise no_reason("dead show MESSAGE --reveal")
    signed = (reasoned(reason), operator(who)) if reveal else None
    for each, content in look_and_act(data_dir, db, partial(_whole, message, module, signed)):
        if as_json:
            more = {"traceback": content.traceback or "", "body": readable(content.body)}
            show_json(with_instants(facts_of(each)) | more | {"masked": content.masked})
        else:
            show_letter(each, content)


def edit(
    message: str,
    *,
    data: str | None = None,
    module: str | None = None,
    reveal: Annotated[bool, Parameter(negative="", help="With personal data; audited.")] = False,
    reason: Reason = "",
    who: Who = None,
    dry_run: options.DryRun = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Correct the payload of a dead message; it must fit its contract. Then retry it.

    Example: amphibus dead edit 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --reveal --reason "wrong postcode"

    Args:
        message: Id of the message.
        data: The payload as JSON; without it $EDITOR opens the present one.
        module: The module where it died, if it died in several.
    """
    if reveal and not reason.strip():
        raise no_reason("dead edit MESSAGE --reveal")
    by, why = operator(who), reasoned(reason)
    signed = (why, by) if reveal and data is None else None
    found = look_and_act(data_dir, db, partial(_whole, message, module, signed))
    if len(found) > 1:
        raise CommandError(
            f"{message} died in {', '.join(each.module for each, _ in found)}",
            "each has a payload of its own",
            f"amphibus dead edit {message} --module {found[0][0].module}",
            Exit.USAGE,
        )
    letter, content = found[0]
    if content.masked and data is None:
        raise CommandError(
            f"the payload of {message} has personal data, which is not shown",
            "--reveal opens it, with a --reason that is audited; --data replaces it unseen",
            f'amphibus dead edit {message} --reveal --reason "wrong postcode"',
            Exit.USAGE,
        )
    body = edited_body(options.project(), letter, content.body, data)
    wanted = EditDead(
        letter=letters.name_of(letter), body=base64.b64encode(body), reason=why, by=by
    )
    changed = dry_run or _changed(act(data_dir, db, letter.module, wanted), message)
    if not changed or (body == content.body and not content.masked):
        print("nothing changed")
        return
    verb = "would be changed" if dry_run else "changed"
    print(printable(f"{message}  {letter.module}  {letter.type}  {verb}"))
    print(typed(f"next: amphibus dead retry {message} --module {letter.module}"))


def _changed(said: LetterEdited, message: str) -> bool:
    if not said.found:
        raise CommandError(
            f"{message} is not dead any more",
            "it was retried or discarded meanwhile",
            "amphibus dead list",
        )
    return said.changed


async def _whole(
    message: str, module: str | None, signed: tuple[str, Operator] | None, views: Views, acts: Acts
) -> list[tuple[DeadLetter, DeadLetterContent]]:
    """Dead letters with their payloads; those of somebody who gave a reason with personal data."""
    found = []
    for each in await named_dead((message,), module, views):
        content = await letters.content(views, each)
        if signed is not None and content.masked:
            reason, by = signed
            wanted = RevealDead(letter=letters.name_of(each), reason=reason, by=by)
            revealed = (await acts.do(each.module, wanted)).body
            body = base64.b64encode(revealed)
            content = DeadLetterContent(traceback=content.traceback, body=body)
        found.append((each, content))
    return found


def _cursor(text: str) -> DeadCursor:
    died, _, rest = text.partition("/")
    module, _, identity = rest.partition("/")
    try:
        at = int(died) if died.isdecimal() else microseconds(died)
    except ValueError:
        at = None
    if at is None or not module or not identity:
        raise CommandError(
            f"--after cannot be '{text}'",
            "it takes DIED/MODULE/MESSAGE: the end of the page before",
            "amphibus dead list --limit 20",
            Exit.USAGE,
        )
    return DeadCursor(at, module, identity)


def _positive(limit: int) -> int:
    if limit < 1:
        raise CommandError(
            f"--limit {limit} would list nothing",
            "it takes a number of 1 or more",
            "amphibus dead list --limit 20",
            Exit.USAGE,
        )
    return limit


def _more(last: DeadLetter, limit: int, narrowed: Narrowed) -> str:
    place = f"{rfc3339(last.died)}/{last.module}/{last.id}"
    return f"more: amphibus dead list {narrowed.typed}--limit {limit} --after {place}"


def _short(error: str) -> str:
    return error if len(error) <= _LONGEST_ERROR else f"{error[: _LONGEST_ERROR - 1]}…"
