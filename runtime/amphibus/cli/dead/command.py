"""`amphibus dead`: the dead letters, which are messages that used up their retries."""

import asyncio
from functools import partial
from typing import Annotated

from cyclopts import Parameter

from amphibus.admin import dead as letters
from amphibus.admin.dead import DeadCursor, DeadLetter
from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.dead.edit import edited_body
from amphibus.cli.dead.letter import facts_of, readable, show_letter
from amphibus.cli.output import (
    CommandError,
    Exit,
    microseconds,
    moment,
    plural,
    rfc3339,
    show_columns,
    show_json,
    typed,
    unknown,
    with_instants,
)
from amphibus.cli.views import look
from amphibus.messages.contracts.amphibus.answers import DeadLetterContent


def list_dead(
    *,
    module: str | None = None,
    type_: options.Contract = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = None,
    after: str | None = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List messages that used up their retries, oldest first.

    Args:
        module: Of this module only.
        limit: How many to list; all without it.
        after: Where the page before ended, as DIED/MODULE/MESSAGE in the words of --json.
    """
    cursor = None if after is None else _cursor(after)
    found = look(
        data_dir,
        db,
        partial(_find, module=module, contract=type_, after=cursor, limit=_positive(limit)),
    )
    if as_json:
        show_json(with_instants([facts_of(each) for each in found]))
        return
    if not found:
        print("no dead messages")
        return
    rows = [(each.id, each.module, each.type, moment(each.died), each.reason) for each in found]
    show_columns(("MESSAGE", "MODULE", "TYPE", "DIED", "REASON"), rows)
    count = plural(len(rows), "dead message")
    print(typed(f"\n{count}; amphibus dead show MESSAGE shows one"))
    if len(found) == limit:
        last = found[-1]
        place = f"{rfc3339(last.died)}/{last.module}/{last.id}"
        print(typed(f"more: amphibus dead list --limit {limit} --after {place}"))


def show(
    message: str,
    *,
    module: str | None = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show a dead message with its reason, traceback and payload.

    Args:
        message: Id of the message.
        module: The module where it died, if it died in several.
    """
    for each, content in look(data_dir, db, partial(_whole, (message,), module)):
        if as_json:
            more = {"traceback": content.traceback or "", "body": readable(content.body)}
            show_json(with_instants(facts_of(each)) | more)
        else:
            show_letter(each, content)


def retry(
    *messages: str,
    module: str | None = None,
    type_: options.Contract = None,
    all_: options.All = False,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Retry dead messages with all their attempts; the module takes them up within a second.

    A message whose key has moved on is marked late; its handler can see that.

    Args:
        messages: Ids of the messages.
        module: Only this module.
    """
    chosen = look(data_dir, db, partial(_chosen, messages, module, type_, all_))
    stores = options.stores(data_dir, db)
    work = letters.retry_preview if dry_run else letters.retry
    done = asyncio.run(work(stores, chosen))
    if as_json:
        show_json(
            {
                "dry_run": dry_run,
                "retried": [
                    {"id": each.letter.id, "module": each.letter.module, "late": each.late}
                    for each in done
                ],
            }
        )
        return
    for each in done:
        note = "  late: later messages of its key went before it" if each.late else ""
        print(f"{each.letter.id}  {each.letter.module}  {each.letter.type}{note}")
    print(_outcome(len(done), "will be tried again", dry_run=dry_run))


def discard(
    *messages: str,
    module: str | None = None,
    type_: options.Contract = None,
    all_: options.All = False,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Discard dead messages: they are never handled. Messages that waited behind one go on.

    Args:
        messages: Ids of the messages.
        module: Only this module.
    """
    chosen = look(data_dir, db, partial(_chosen, messages, module, type_, all_))
    stores = options.stores(data_dir, db)
    done = chosen if dry_run else asyncio.run(letters.discard(stores, chosen))
    if as_json:
        gone = [{"id": each.id, "module": each.module} for each in done]
        show_json({"dry_run": dry_run, "discarded": gone})
        return
    for each in done:
        print(f"{each.id}  {each.module}  {each.type}")
    print(_outcome(len(done), "will never be handled", dry_run=dry_run))


def edit(
    message: str,
    *,
    data: str | None = None,
    module: str | None = None,
    dry_run: options.DryRun = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Correct the payload of a dead message; it must fit its contract. Then retry it.

    Args:
        message: Id of the message.
        data: The payload as JSON; without it $EDITOR opens the present one.
        module: The module where it died, if it died in several.
    """
    found = look(data_dir, db, partial(_whole, (message,), module))
    if len(found) > 1:
        raise CommandError(
            f"{message} died in {', '.join(each.module for each, _ in found)}",
            "each has a payload of its own",
            f"amphibus dead edit {message} --module {found[0][0].module}",
            Exit.USAGE,
        )
    letter, content = found[0]
    body = edited_body(options.project(), letter, content.body, data)
    if body == content.body:
        print("nothing changed")
        return
    stores = options.stores(data_dir, db)
    if not dry_run and not asyncio.run(letters.edit(stores, letter, body)):
        raise CommandError(
            f"{message} is not dead any more",
            "it was retried or discarded meanwhile",
            "amphibus dead list",
        )
    changed = "would be changed" if dry_run else "changed"
    print(f"{message}  {letter.module}  {letter.type}  {changed}")
    print(typed(f"next: amphibus dead retry {message} --module {letter.module}"))


async def _chosen(
    messages: tuple[str, ...], module: str | None, contract: str | None, all_: bool, views: Views
) -> list[DeadLetter]:
    if messages:
        return await _named(messages, module, views)
    if module is None and contract is None and not all_:
        raise CommandError(
            "no message named",
            "name ids, or narrow by --module or --type, or say --all",
            "amphibus dead list",
            Exit.USAGE,
        )
    return await _find(views, module=module, contract=contract)


async def _whole(
    messages: tuple[str, ...], module: str | None, views: Views
) -> list[tuple[DeadLetter, DeadLetterContent]]:
    """Dead letters with their payloads."""
    found = await _named(messages, module, views)
    return [(each, await letters.content(views, each)) for each in found]


async def _named(messages: tuple[str, ...], module: str | None, views: Views) -> list[DeadLetter]:
    found = await _find(views, messages, module=module)
    missing = sorted(set(messages) - {each.id for each in found})
    if missing:
        raise CommandError(
            f"no dead letter {', '.join(missing)}",
            "it was retried or discarded, or never died" + (f" in {module}" if module else ""),
            "amphibus dead list",
        )
    return found


async def _find(
    views: Views,
    messages: tuple[str, ...] = (),
    *,
    module: str | None = None,
    contract: str | None = None,
    after: DeadCursor | None = None,
    limit: int | None = None,
) -> list[DeadLetter]:
    if module is not None and module not in views:
        raise unknown("database of module", module, views, "amphibus db status")
    found = await letters.find(
        views, ids=messages, module=module, contract=contract, after=after, limit=limit
    )
    if contract is not None and not found:
        known = options.project().contracts
        if contract not in known:
            raise unknown("contract", contract, known, "amphibus contracts list")
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


def _positive(limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise CommandError(
            f"--limit {limit} would list nothing",
            "it takes a number of 1 or more",
            "amphibus dead list --limit 20",
            Exit.USAGE,
        )
    return limit


def _outcome(count: int, what: str, *, dry_run: bool) -> str:
    text = f"{plural(count, 'message')} {what}"
    return f"{text} (dry run: nothing was changed)" if dry_run else text
