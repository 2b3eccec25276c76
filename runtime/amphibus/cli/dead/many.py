"""`amphibus dead retry` and `discard`: the letters that are named at once, others as an operation, at a rate."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.dead.at_once import act_on_named
from amphibus.cli.dead.beginning import Plan, act_as_operation
from amphibus.cli.dead.narrowed import Narrowed
from amphibus.cli.operator import Reason, Who, operator, reasoned
from amphibus.cli.output import CommandError, Exit
from amphibus.messages.contracts.amphibus.acting import OperationKind

_RATE: Final = re.compile(r"(\d{1,7}(?:\.\d{1,3})?)/([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
Limit = Annotated[int | None, Parameter(name=("--limit", "-n"), help="Not more than so many.")]
Rate = Annotated[
    str | None, Parameter(help="So many in a time, in each module: 50/s, 10/m or 100/h.")
]
Detach = Annotated[
    bool, Parameter(negative="", help="Do not wait for its end; it goes on by itself.")
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """The manner in which it is done, by whom and why."""

    limit: Limit = None
    rate: Rate = None
    detach: Detach = False
    reason: Reason = ""
    who: Who = None
    dry_run: options.DryRun = False
    as_json: options.AsJson = False
    data_dir: options.DataDir = None
    db: options.Db = None


def retry(
    *messages: str,
    narrowed: Narrowed | None = None,
    all_: options.All = False,
    manner: Manner | None = None,
) -> None:
    """Retry dead messages with all their attempts: those named at once, others as an operation.

    A message whose key has moved on is marked late; its handler can see that.
    An operation takes what is dead now; what dies again is not taken twice.
    Example: amphibus dead retry --where 'type=payments.AuthorizePayment.v1 and error~timeout' --rate 50/s

    Args:
        messages: Ids of the messages.
    """
    _act("retry", messages, narrowed or Narrowed(), manner or Manner(), all_=all_)


def discard(
    *messages: str,
    narrowed: Narrowed | None = None,
    all_: options.All = False,
    manner: Manner | None = None,
) -> None:
    """Discard dead messages: they are never handled. Messages that waited behind one go on.

    Example: amphibus dead discard --type notifications.Mail.v1 --until 7d --reason "too old to send"

    Args:
        messages: Ids of the messages.
    """
    _act("discard", messages, narrowed or Narrowed(), manner or Manner(), all_=all_)


def _act(
    kind: OperationKind,
    messages: tuple[str, ...],
    narrowed: Narrowed,
    manner: Manner,
    *,
    all_: bool,
) -> None:
    place: tuple[Path | None, str | None] = (manner.data_dir, manner.db)
    reason, by = reasoned(manner.reason), operator(manner.who)
    rate, limit = per_second(manner.rate), _positive(manner.limit)
    if messages:
        _refuse_both(narrowed, manner)
        act_on_named(
            kind,
            messages,
            narrowed.module,
            (reason, by),
            place,
            dry_run=manner.dry_run,
            as_json=manner.as_json,
        )
        return
    if not (narrowed.given or all_):
        raise CommandError(
            "no message named",
            "name ids, or narrow by --where, --type, --error or the like, or say --all",
            "amphibus dead groups",
            Exit.USAGE,
        )
    plan = Plan(kind, narrowed.module, narrowed.conditions, limit, rate, reason, by)
    act_as_operation(
        plan, place, dry_run=manner.dry_run, detach=manner.detach, as_json=manner.as_json
    )


def _refuse_both(narrowed: Narrowed, manner: Manner) -> None:
    only_module = Narrowed(module=narrowed.module)
    if narrowed != only_module or manner.limit is not None or manner.rate is not None:
        raise CommandError(
            "ids and conditions at once",
            "what is named is done at once, and goes by no rate and no conditions but --module",
            "--where 'error~timeout' --rate 50/s",
            Exit.USAGE,
        )


def per_second(text: str | None) -> float | None:
    """Parses a rate, such as `50/s`.

    Raises:
        CommandError: it is none.
    """
    if text is None:
        return None
    given = _RATE.fullmatch(text)
    found = float(given[1]) / _SECONDS[given[2]] if given else 0.0
    if not 0 < found <= 1_000_000:
        raise CommandError(
            f"--rate cannot be '{text}'",
            "it takes so many in a time: 50/s, 10/m or 100/h",
            "--rate 50/s",
            Exit.USAGE,
            change={"--rate": "50/s"},
        )
    return found


def _positive(limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise CommandError(
            f"--limit {limit} would change nothing",
            "it takes a number of 1 or more",
            "--limit 10",
            Exit.USAGE,
            change={"--limit": "10"},
        )
    return limit
