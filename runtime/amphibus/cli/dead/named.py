"""Finds dead letters by their ids or by conditions, for the commands that work on them."""

from amphibus.admin import dead as letters
from amphibus.admin.dead import DeadCursor, DeadLetter
from amphibus.admin.views import Views
from amphibus.cli.output import CommandError, Exit, unknown
from amphibus.messages.contracts.amphibus.acting import Condition


async def find_dead(
    views: Views,
    messages: tuple[str, ...] = (),
    *,
    module: str | None = None,
    where: tuple[Condition, ...] = (),
    after: DeadCursor | None = None,
    limit: int | None = None,
) -> list[DeadLetter]:
    """Returns the dead letters that match all of what is given, oldest first.

    Raises:
        CommandError: there is no such module.
    """
    if module is not None and module not in views:
        raise unknown("database of module", module, views, "amphibus db status")
    return await letters.find(
        views, ids=messages, module=module, where=where, after=after, limit=limit
    )


async def named_dead(
    messages: tuple[str, ...], module: str | None, views: Views
) -> list[DeadLetter]:
    """Returns the dead letters of these ids.

    Raises:
        CommandError: one of them is none.
    """
    found = await find_dead(views, messages, module=module)
    missing = sorted(set(messages) - {each.id for each in found})
    if missing:
        raise CommandError(
            f"no dead letter {', '.join(missing)}",
            "it was retried or discarded, or never died" + (f" in {module}" if module else ""),
            "amphibus dead list",
        )
    return found


def no_reason(command: str) -> CommandError:
    """The error of who wants to see personal data and does not say why."""
    return CommandError(
        "--reveal needs a reason",
        "who saw personal data, and why, stands in the audit",
        f'amphibus {command} --reason "ticket 4711"',
        Exit.USAGE,
    )
