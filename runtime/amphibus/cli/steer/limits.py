"""`amphibus limits`: how much of a type of message may begin, changed while the system runs."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.operator import operator, reasoned
from amphibus.cli.output import (
    CommandError,
    Exit,
    check_module,
    rfc3339,
    show_columns,
    show_json,
    typed,
    unknown,
)
from amphibus.cli.paused import limit_in_words
from amphibus.cli.views import act, look
from amphibus.clock import SystemClock
from amphibus.contract import kind_of
from amphibus.errors import NoStore
from amphibus.messages.contracts.amphibus.limits import LimitedType, ModuleLimits
from amphibus.messages.contracts.amphibus.v1 import ListLimits, SetLimit, UnsetLimit

if TYPE_CHECKING:
    from amphibus.admin.views import Views
    from amphibus.module import Module

Row = dict[str, Any]
_For = Annotated[
    str | None, Parameter(name="--for", help="How long, such as 30s, 10m or 2h; until `unset`.")
]
_AtMost = Annotated[int | None, Parameter(help="So many at once, in all instances together.")]
_Rate = Annotated[
    str | None,
    Parameter(help="So many in a time, in all instances together: 50/s, 10/m, 5/h, 1/d."),
]


def list_limits(
    module: str | None = None,
    *,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List the limits that are in force: of front pages, of the configuration, and those that were set.

    Example: amphibus limits list payments

    Args:
        module: Only this module.
    """
    known = options.project().modules
    if module is not None:
        check_module(module, known)
    names = [name for name in known if module in (None, name)]
    try:
        set_ = look(data_dir, db, partial(_set_in, names))
    except NoStore:
        set_ = {}  # no module has run yet
    rows = [row for name in names for row in _rows(known[name], set_.get(name, ()))]
    if as_json:
        show_json(rows)
    elif rows:
        _show(rows)
    else:
        print("nothing is limited")


def set_limit(
    module: str,
    type_: Annotated[str, Parameter(name="TYPE")],
    /,
    *,
    at_most: _AtMost = None,
    rate: _Rate = None,
    for_: _For = None,
    reason: str = "",
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Limit a type of message to a module, in place of what was set for it before.

    What has begun is finished. The rest waits: with its senders, or among the delayed messages of the module.
    All instances see it within two seconds, and it outlives restarts.
    Example: amphibus limits set payments payments.AuthorizePayment.v1 --at-most 2 --rate 10/s --for 10m

    Args:
        module: The module.
        type_: The type of message, such as payments.AuthorizePayment.v1.
        reason: Why, for those who look.
    """
    seconds = None if for_ is None else options.seconds(for_, "--for")
    wanted = SetLimit(
        type=_kept(module, type_),
        at_most=_most(at_most, module, type_),
        rate=_rate(rate),
        seconds=seconds,
        reason=reasoned(reason),
        by=operator(None),
    )
    if at_most is None and rate is None:
        raise CommandError(
            f"no limit for {type_}",
            "it takes --at-most, --rate or both; to let none begin, pause it",
            f"amphibus limits set {module} {type_} --at-most 2",
            Exit.USAGE,
        )
    _tell(module, type_, act(data_dir, db, module, wanted), as_json=as_json)


def unset_limit(
    module: str,
    type_: Annotated[str, Parameter(name="TYPE")],
    /,
    *,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Take back what was set for a type: its front page and the configuration are in force again.

    Example: amphibus limits unset payments payments.AuthorizePayment.v1

    Args:
        module: The module.
        type_: The type of message.
    """
    wanted = UnsetLimit(type=_kept(module, type_), by=operator(None))
    _tell(module, type_, act(data_dir, db, module, wanted), as_json=as_json)


async def _set_in(names: list[str], views: "Views") -> dict[str, tuple[LimitedType, ...]]:
    asked = ListLimits(now=SystemClock().now())
    return {name: (await views[name].ask(asked)).limits for name in names if name in views}


def _rows(module: "Module", set_: tuple[LimitedType, ...]) -> list[Row]:
    """Returns a row for each type of a module that is limited."""
    from amphibus.policy.words import per_in_words
    from amphibus.routing.policies import Policies

    found, by_type = [], {each.type: each for each in set_}
    for type_, policy in Policies(module, options.settings()).by_type.items():
        now = by_type.get(type_)
        if policy.limited or now is not None:
            found.append(
                {
                    "module": module.name,
                    "type": type_,
                    "at_most": policy.at_most if now is None or not now.at_most else now.at_most,
                    "rate": policy.rate if now is None or not now.rate else now.rate,
                    "per": per_in_words(policy) or None,
                    "declared": {"at_most": policy.at_most, "rate": policy.rate},
                    "since": None if now is None else rfc3339(now.since),
                    "until": None if now is None or now.until is None else rfc3339(now.until),
                    "reason": "" if now is None else now.reason,
                }
            )
    return found


def _show(rows: list[Row]) -> None:
    lines = [
        (
            each["module"],
            each["type"],
            each["at_most"] or "-",
            each["rate"] or "-",
            each["per"] or "-",
            _whose(each),
        )
        for each in rows
    ]
    show_columns(("MODULE", "TYPE", "AT MOST", "RATE", "PER", "FROM"), lines)


def _whose(row: Row) -> str:
    if row["since"] is None:
        return "as declared"
    end = f" until {row['until']}" if row["until"] else ""
    return f"set{end}" + (f": {row['reason']}" if row["reason"] else "")


def _kept(module: str, type_: str) -> str:
    """Returns the type; refuses one that the module does not receive, and a query, which nobody keeps."""
    known = options.project().modules
    check_module(module, known)
    contracts = {each.contract.contract_type: each.contract for each in known[module].routes}
    kept = [name for name, each in contracts.items() if kind_of(each) != "query"]
    if type_ in contracts and type_ not in kept:
        raise CommandError(
            f"{type_} is a query",
            "it is answered at once or not at all; bus.query_concurrency says how many at once",
            "amphibus config show",
            Exit.USAGE,
        )
    if type_ not in kept:
        raise unknown(f"message to {module} of type", type_, kept, f"amphibus modules {module}")
    return type_


def _most(at_most: int | None, module: str, type_: str) -> int | None:
    if at_most is not None and not 1 <= at_most <= 10_000:
        raise CommandError(
            f"--at-most cannot be {at_most}",
            "it takes a number from 1 to 10000; to let none begin, pause the type",
            f"amphibus pause {module} --type {type_}",
            Exit.USAGE,
        )
    return at_most


def _rate(rate: str | None) -> str | None:
    from amphibus.policy.rate import parse_rate

    if rate is None:
        return None
    try:
        parse_rate(rate)
    except ValueError as error:
        raise CommandError(
            f"--rate cannot be '{rate}'", str(error), "--rate 50/s", Exit.USAGE
        ) from error
    return rate


def _tell(module: str, type_: str, limits: ModuleLimits, *, as_json: bool) -> None:
    if as_json:
        rows = _rows(options.project().modules[module], limits.limits)
        show_json(rows)
        return
    for each in limits.limits:
        print(f"{module}  {limit_in_words(each)}")
    if type_ in {each.type for each in limits.limits}:
        print(typed(f"next: amphibus limits unset {module} {type_}"))
    else:
        print(f"{type_} is limited as declared")
