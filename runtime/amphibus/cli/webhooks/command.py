"""`amphibus webhooks replay`: posts events to an endpoint again that it has had, under the ids that they had."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amphibus.admin.posted_again import Again, again, post_again
from amphibus.cli import options
from amphibus.cli.operator import Reason, operator, reasoned
from amphibus.cli.output import CommandError, Exit, advanced, plural, show_json, unknown
from amphibus.config.webhooks import MODULE_PREFIX
from amphibus.nearest import nearest

if TYPE_CHECKING:
    from amphibus.routing.topology import Topology


def replay(
    name: str,
    *,
    since: str,
    until: str | None = None,
    type_: Annotated[tuple[str, ...], Parameter(name="--type", negative="")] = (),
    reason: Reason = "",
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Post the events of a time to a webhook's endpoint again, also those that it has had.

    For an endpoint that lost what it had taken. Each event keeps its id, so an endpoint that knows it may leave it;
    each key keeps its order. What waits for the endpoint already is not posted twice, and what is dead stays so.
    Example: amphibus webhooks replay acme --since 2h --dry-run

    Args:
        name: The webhook, as in [webhooks.acme].
        since: Time of the oldest event: 2025-01-31, 2025-01-31T12:00:00Z, or 30m, 2h, 7d ago.
        until: Time of the newest event; by default now.
        type_: Only this contract; repeatable.
    """
    module = MODULE_PREFIX + name
    types = _types(options.project().topology(), name, type_)
    stores = options.stores(data_dir, db)
    inbox = options.store_of(module, stores)
    first, last = options.instant(since), None if until is None else options.instant(until)
    found = {
        owner: asyncio.run(
            again(options.store_of(owner, stores), inbox, types=named, since=first, until=last)
        )
        for owner, named in types.items()
    }
    if not dry_run:
        by, why = operator(None), reasoned(reason)
        for owner, planned in found.items():
            batches = post_again(stores[owner], inbox, module, planned, by, why)
            asyncio.run(advanced(batches, len(planned.events), module))
    _tell(name, found, dry=dry_run, as_json=as_json)


def _tell(name: str, found: dict[str, Again], *, dry: bool, as_json: bool) -> None:
    had = sum(each.had for each in found.values())
    new = sum(len(each.events) - each.had for each in found.values())
    held = sum(each.held for each in found.values())
    if as_json:
        show_json({"dry_run": dry, "webhook": name, "again": had, "new": new, "held": held})
        return
    verb = "would be posted" if dry else "in line"
    print(f"{plural(had + new, 'event')} {verb} to {name}: {had:,} that it has had, {new:,} new")
    if held:
        print(
            f"{held:,} wait for a retry or are dead: amphibus dead list --module {MODULE_PREFIX}{name}"
        )


def _types(topology: "Topology", name: str, chosen: tuple[str, ...]) -> dict[str, list[str]]:
    """The events of a webhook, by the module that publishes them."""
    module = MODULE_PREFIX + name
    known = [
        each.removeprefix(MODULE_PREFIX)
        for each in topology.modules
        if each.startswith(MODULE_PREFIX)
    ]
    if module not in topology.modules:
        raise unknown("webhook", name, known, "${EDITOR:-vi} config/amphibus.toml")
    heard = sorted(type_ for type_, takers in topology.subscribers.items() if module in takers)
    wrong = [each for each in chosen if each not in heard]
    if wrong:
        raise CommandError(
            f"webhook {name} does not subscribe to {', '.join(wrong)}",
            f"it subscribes to {', '.join(heard) or 'nothing'}",
            f"amphibus modules {module}",
            Exit.USAGE,
            change={each: near for each in wrong if (near := nearest(each, heard))},
        )
    found: dict[str, list[str]] = {}
    for type_ in chosen or heard:
        found.setdefault(topology.contracts[type_].contract_owner, []).append(type_)
    return found
