"""`amphibus generate repositories`: writes what follows from the tables of modules."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import GREEN, CommandError, Exit, paint, unknown

if TYPE_CHECKING:
    from amphibus.routing.project import Project


def repositories(
    *modules: Annotated[str, Parameter(help="Modules; all that have tables if none is named.")],
) -> int:
    """Write a repository for each table of a module, into its repositories.py.

    What is there is written anew from the classes in models.py; a file that was written by hand
    is left alone. `amphibus check` says when a file is not what the tables say.
    Example: amphibus generate repositories orders
    """
    project = options.project()
    known = [path.parent.name for path in sorted(project.root.glob("modules/*/models.py"))]
    for name in modules or known:
        if name not in known:
            raise unknown("module with a models.py", name, known, "amphibus modules")
        _write(project, name)
    return Exit.OK


def stale_repositories(project: "Project", *, fix: bool = False) -> tuple[list[str], list[str]]:
    """The generated files that are not what the tables say, and those that were rewritten for that."""
    stale, rewritten = [], []
    for path in sorted(project.root.glob("modules/*/repositories.py")):
        name = path.parent.name
        if not _is_generated(path) or path.read_text(encoding="utf-8") == (text := _text(name)):
            continue
        shown = path.relative_to(project.root).as_posix()
        if fix:
            path.write_text(text, encoding="utf-8")
            rewritten.append(shown)
        else:
            stale.append(f"{shown} is not what the tables say: --fix writes it anew")
    return stale, rewritten


def _write(project: "Project", name: str) -> None:
    path = project.root / "modules" / name / "repositories.py"
    shown = path.relative_to(project.root).as_posix()
    if path.exists() and not _is_generated(path):
        raise CommandError(
            f"{shown} was written by hand",
            "its first lines do not say that it is generated",
            "rename it; nothing was written",
        )
    path.write_text(_text(name), encoding="utf-8")
    print(f"{paint('wrote', GREEN)}  {shown}")


def _is_generated(path: Path) -> bool:
    from amphibus.cli.generate.source import MARK

    return MARK in path.read_text(encoding="utf-8")


def _text(name: str) -> str:
    """The text of a module's file; the tables alone are imported, as the rest may need what is written here."""
    from amphibus.cli.generate.source import RepositorySource, models_of

    models = models_of(import_module(f"modules.{name}.models"))
    if not models:
        raise CommandError(
            f"module {name} has no table that a repository can write",
            "none is declared, or each has what the ORM alone knows how to write",
            "use context.db",
        )
    return RepositorySource(name, models).text()
