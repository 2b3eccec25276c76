"""`amphibus upgrade`: shows what this version of Amphibus asks of a project, and does it when told to."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amphibus import __version__, failpoints
from amphibus.cli import options
from amphibus.cli.output import (
    BOLD,
    GREEN,
    RED,
    YELLOW,
    CommandError,
    Exit,
    paint,
    plural,
    printable,
    show_json,
    typed,
)

if TYPE_CHECKING:
    from amphibus.cli.upgrade.plan import Plan


def upgrade(
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
) -> int:
    """Bring the project to the version of Amphibus that is installed: show what it asks, then do it.

    It renames settings, imports and words, takes the version into the project's bounds, writes the locks anew and,
    once nothing is left to do by hand, upgrades the databases, while nothing runs. All files change or none does,
    also if it is killed: then type it again. What it cannot do it lists, with the place; the exit code is 3 while
    something is left.
    Example: amphibus upgrade --dry-run

    Args:
        yes: Do it without a question.
    """
    from amphibus.cli.upgrade.journal import apply, finish
    from amphibus.cli.upgrade.plan import plan

    root = options.root()
    failpoints.arm()
    if not dry_run and finish(root):
        print(f"{paint('ended', GREEN)}  an upgrade that was cut off")
    planned = plan(root)
    if as_json:
        show_json(_facts(planned, dry=dry_run or not yes))
    else:
        _show(planned)
    if planned.asks and not dry_run and (yes or (not as_json and _agreed())):
        apply(root, planned.before, planned.after)
        done = not planned.found.left and _upgrade_stores(root, planned.stores)
        if not as_json:
            _end(planned, done)
        return Exit.PROBLEMS if planned.found.left else Exit.OK
    return Exit.PROBLEMS if planned.asks or planned.found.left else Exit.OK


def _show(planned: "Plan") -> None:
    for change in sorted(planned.found.changes):
        print(
            f"{paint('rename ', BOLD)}  {printable(f'{change.path}:{change.line}  {change.what}')}"
        )
    for path in planned.generated:
        print(f"{paint('rewrite', BOLD)}  {printable(str(path))}")
    for step in planned.stores:
        print(f"{paint('upgrade', BOLD)}  database {printable(str(step))}")
    for left in planned.found.left:
        print(f"{paint('by hand', YELLOW)}  {printable(f'{left.place}  {left.what}')}")
        print(f"         {paint('fix', BOLD)}  {printable(typed(left.fix))}")
    if not planned.asks and not planned.found.left:
        print(f"{paint('ok', GREEN)}  the project is as Amphibus {__version__} asks; nothing to do")


def _agreed() -> bool:
    """Asks whether to do it; where nobody can answer, says what does it."""
    if not sys.stdin.isatty():
        print(f"\nnothing was changed; to do it: {typed('amphibus upgrade --yes')}")
        return False
    try:
        return input("\nDo it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _upgrade_stores(root: Path, steps: list[str]) -> bool:
    """Upgrades the databases, after the files: a module must know its tables first.

    Raises:
        CommandError: one cannot be upgraded. The files are changed, and stay so.
    """
    from amphibus.cli.upgrade.staging import command

    if not steps:
        return False
    ended = command(root, "db", "upgrade")
    if ended.returncode:
        raise CommandError(
            "the files are upgraded, and not all databases",
            " ".join(ended.stderr.split()),
            "amphibus db upgrade",
        )
    return True


def _end(planned: "Plan", stores: bool) -> None:
    files = plural(len(planned.after), "file")
    print(f"\n{paint('done', GREEN)}  {files}{' and the databases' if stores else ''}")
    if planned.found.left:
        count = len(planned.found.left)
        print(
            f"{paint('left', RED)}  {plural(count, 'thing')} by hand, then: {typed('amphibus upgrade')}"
        )


def _facts(planned: "Plan", *, dry: bool) -> dict[str, object]:
    found = planned.found
    return {
        "dry_run": dry,
        "version": __version__,
        "changes": [
            {"path": str(each.path), "line": each.line, "what": each.what} for each in found.changes
        ],
        "rewritten": [str(each) for each in planned.generated],
        "databases": planned.stores,
        "left": [{"place": each.place, "what": each.what, "fix": each.fix} for each in found.left],
    }
