"""The folder that --data-dir names, for commands that look into one: a mistyped one is refused, and not made."""

import shlex
from pathlib import Path

from amphibus.cli.output import CommandError, Exit
from amphibus.nearest import nearest


def present(given: Path) -> Path:
    """Returns a folder that is there.

    Raises:
        CommandError: there is none of this name.
    """
    folder = given.absolute()
    if not folder.is_dir():
        raise _no_shop_in(given, "there is no such folder")
    return folder


def with_databases(given: Path) -> Path:
    """Returns a folder in which modules keep their databases.

    Raises:
        CommandError: there is none of this name, or no module has run with it.
    """
    from amphibus.admin.database import databases

    folder = present(given)
    if not databases(folder):
        raise _no_shop_in(given, "no module has run with this data folder yet")
    return folder


def to_begin_in(given: Path) -> Path:
    """Returns a folder with databases, or an empty one, in which a shop will find what waits for it.

    Raises:
        CommandError: there is none of this name, or it holds something else.
    """
    folder = present(given)
    return folder if not any(folder.iterdir()) else with_databases(given)


def _no_shop_in(given: Path, why: str) -> CommandError:
    near = _like(given)
    return CommandError(
        f"no databases in {given.absolute()}",
        f"{why}; did you mean {near}?" if near else why,
        f"amphibus run --data-dir {shlex.quote(str(given))}",
        Exit.USAGE,
        change={"--data-dir": str(near)} if near else {},
    )


def _like(given: Path) -> Path | None:
    """The folder beside it that holds databases and has a name like it."""
    from amphibus.admin.database import databases

    try:
        beside = [each for each in given.absolute().parent.iterdir() if databases(each)]
    except OSError:
        return None
    near = nearest(given.name, [each.name for each in beside if each.name != given.name])
    return None if near is None else given.parent / near
