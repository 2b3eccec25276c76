"""`amphibus tap`: messages of all modules as they pass, each once its receiver is done with it."""

import asyncio
import contextlib
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.dead.letter import readable
from amphibus.cli.dead.named import no_reason
from amphibus.cli.operator import Reason, Who, operator, reasoned
from amphibus.cli.output import (
    DIM,
    GREEN,
    RED,
    YELLOW,
    CommandError,
    Exit,
    check_module,
    json_text,
    moment,
    paint,
    printable,
    with_instants,
)
from amphibus.cli.places import known_names
from amphibus.cli.views import found_fleet, settings_of
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, TapMessages

if TYPE_CHECKING:
    from amphibus.cli.look.passing import Passing, Seen, Signed
    from amphibus.config.settings import Settings

_EVERY_SECONDS: Final = 0.5
_COLOURS: Final = {"handled": GREEN, "answered": GREEN, "dead": RED, "failed": RED}


def tap(
    pattern: str = "",
    /,
    *,
    module: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    key: str | None = None,
    correlation: str | None = None,
    payload: Annotated[bool, Parameter(negative="")] = False,
    reveal: Annotated[bool, Parameter(negative="", help="With personal data; audited.")] = False,
    reason: Reason = "",
    who: Who = None,
    limit: Annotated[
        int | None, Parameter(name=("--limit", "-n"), validator=options.AS_MANY_ROWS)
    ] = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show messages of all processes as they pass, until Ctrl-C; nothing is taken from anybody.

    A message is shown once its receiver is done with it: handled, refused, delayed, dead or answered.
    Example: amphibus tap 'orders.*' --payload
    Example: amphibus tap PlaceOrder --limit 1 --json

    Args:
        pattern: The types, as 'payments.*' or '*.v1'; a text without wildcards may stand anywhere in them.
        module: Only what this module receives; repeatable.
        key: Only messages with this business key.
        correlation: Only messages of this flow.
        payload: With the payloads, their personal data left out.
        limit: End after so many messages.
    """
    from amphibus.cli.look.passing import Signed

    if reveal and not reason.strip():
        raise no_reason("tap --reveal")
    for each in module:
        check_module(each, known_names(options.root()))
    asked = TapMessages(
        limit=MOST_ROWS,
        pattern=pattern,
        key=key,
        correlation=correlation,
        bodies=payload or reveal or as_json,
    )
    signed = Signed(reasoned(reason), operator(who)) if reveal else None
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            _watch(settings_of(data_dir, db), asked, module, signed, limit, as_json=as_json)
        )


async def _watch(
    settings: "Settings",
    asked: TapMessages,
    modules: tuple[str, ...],
    signed: "Signed | None",
    limit: int | None,
    *,
    as_json: bool,
) -> None:
    """Prints messages as they come.

    Raises:
        CommandError: no process is there.
    """
    from amphibus.cli.look.passing import Passing

    async with found_fleet(settings) as (fleet, addresses):
        if fleet is None or not addresses:
            raise CommandError(
                "no messages can be watched",
                "no process announces itself with this data",
                "amphibus run",
                Exit.UNREACHABLE,
            )
        passing = Passing(fleet, asked, modules, signed)
        left = _show(passing, await passing.news(addresses), limit, as_json=as_json)
        while left is None or left > 0:
            await asyncio.sleep(_EVERY_SECONDS)
            news = await passing.news(await fleet.find())
            left = _show(passing, news, left, as_json=as_json)


def _show(passing: "Passing", news: "list[Seen]", left: int | None, *, as_json: bool) -> int | None:
    """Prints messages; returns how many may follow."""
    shown = news if left is None else news[:left]
    for seen in shown:
        if as_json:
            print(json_text(_facts(seen)))
        else:
            print(_line(seen))
    if passing.missed:
        print(f"note  {passing.missed} more passed than were looked at", file=sys.stderr)
        passing.missed = 0
    sys.stdout.flush()
    return None if left is None else left - len(shown)


def _line(seen: "Seen") -> str:
    message = seen.message
    took = (message.done - message.sent) / 1000
    outcome = paint(message.outcome, _COLOURS.get(message.outcome, YELLOW))
    way = f"{message.source} > {message.type} > {seen.module}"
    more = [
        f"key {message.key}" if message.key is not None else "",
        f"({message.attempts + 1} attempts)" if message.attempts else "",
        f"({message.error})" if message.error else "",
    ]
    line = f"{moment(message.done)[11:]}  {printable(way)}  {outcome} {took:.1f} ms"
    line = "  ".join([line, *(printable(each) for each in more if each)])
    return line + _payload(seen)


def _payload(seen: "Seen") -> str:
    body = seen.message.body
    if body is None:
        return ""
    said = readable(body)
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"\n    {paint(printable(text), DIM)}"


def _facts(seen: "Seen") -> dict[str, Any]:
    """Returns a message as JSON; its numbers are of its process alone."""
    message = seen.message
    facts = message.model_dump(exclude={"number", "body", "sent", "done"})
    times = with_instants({"time": message.sent, "handled": message.done})
    payload = None if message.body is None else readable(message.body)
    return {"module": seen.module, **facts, **times, "payload": payload}
