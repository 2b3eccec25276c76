"""`amphibus replay`: sends the events of a module's log again to one module that subscribes to them."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amphibus.admin.replay import plan
from amphibus.admin.replay import replay as put_in_line
from amphibus.cli import options
from amphibus.cli.operator import Reason, Who, operator, reasoned
from amphibus.cli.output import (
    CommandError,
    Exit,
    advanced,
    check_module,
    moment,
    plural,
    rfc3339,
    show_json,
)
from amphibus.nearest import nearest

if TYPE_CHECKING:
    from amphibus.routing.topology import Topology


def replay(
    module: str,
    *,
    to: str,
    since: str,
    type_: Annotated[tuple[str, ...], Parameter(name="--type", negative="")] = (),
    reason: Reason = "",
    who: Who = None,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Send a module's events again to one subscriber, which ignores those that it has handled.

    Example: amphibus replay orders --to reporting --since 2h

    Args:
        module: The module whose events are sent.
        to: The module that gets them: a new one, or one whose database was rebuilt.
        since: Time of the oldest event: 2025-01-31, 2025-01-31T12:00:00Z, or 30m, 2h, 7d ago.
        type_: Only this contract; repeatable.
    """
    types = _types(options.project().topology(), module, to, type_)
    stores = options.stores(data_dir, db)
    log = options.store_of(module, stores)
    found = asyncio.run(plan(log, stores.get(to), types=types, since=options.instant(since)))
    if not dry_run:
        by, why = operator(who), reasoned(reason)
        batches = put_in_line(log, to, found, by, why)
        asyncio.run(advanced(batches, len(found.events), f"{module} to {to}"))
    if as_json:
        facts = {
            "events": len(found.events),
            "known": found.handled,
            "first": found.first and rfc3339(found.first),
        }
        show_json({"dry_run": dry_run, "types": types} | facts)
        return
    verb = "would be sent" if dry_run else "in line"
    print(f"{plural(len(found.events), 'event')} of {module} {verb} to {to}: {', '.join(types)}")
    if found.events:
        print(f"the first was sent {moment(found.first)}")
    if found.handled:
        print(f"{to} has handled {found.handled:,} of them before; those change nothing")


def _types(topology: "Topology", module: str, to: str, chosen: tuple[str, ...]) -> list[str]:
    for name in (module, to):
        check_module(name, topology.modules)
    heard = sorted(
        name
        for name, subscribers in topology.subscribers.items()
        if to in subscribers and topology.contracts[name].contract_owner == module
    )
    wrong = [name for name in chosen if name not in heard]
    if wrong or not heard:
        raise CommandError(
            f"{to} does not subscribe to {', '.join(wrong) or f'anything of {module}'}",
            f"of {module} it subscribes to {', '.join(heard) or 'nothing'}",
            f"amphibus modules {to}",
            Exit.USAGE,
            change={name: near for name in wrong if (near := nearest(name, heard))},
        )
    return list(chosen) or heard
