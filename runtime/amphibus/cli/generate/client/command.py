"""`amphibus generate client`: writes a typed client of the HTTP API, and messages for programs outside."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import GREEN, CommandError, Exit, paint, plural, printable

if TYPE_CHECKING:
    from amphibus.routing.project import Project

Language: TypeAlias = Literal["python", "typescript"]


def client(
    language: Annotated[Language, Parameter(help="python or typescript; the word alone will do.")],
    *,
    to: Path | None = None,
    check: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write a typed client of the HTTP API, with the messages of the programs outside.

    It holds a class or an interface for each contract with a route and for what [producers] send and
    collect, a method for each route, and what makes a command ready for the broker. The Python one
    needs httpx and Pydantic, the TypeScript one nothing. The same contracts give the same files.
    Example: amphibus generate client --language typescript --to=web/src/shop

    Args:
        to: The folder, which holds nothing else; clients/<language>/<app> if not given.
        check: Write nothing, and fail if a file is not what the contracts say.
    """
    project = options.project()
    wanted, title = _files(project, language)
    folder = project.root / "clients" / language / title if to is None else Path.cwd() / to
    there = {path.name: path for path in folder.glob("*") if path.is_file()}
    foreign = [name for name, path in there.items() if not _is_generated(path)]
    if foreign and not check:
        raise CommandError(
            f"{folder} holds {', '.join(sorted(foreign)[:3])}",
            "a file that was written by hand is left alone, and the folder is for generated ones",
            f"amphibus generate client {language} --to=another/folder",
        )
    stale = sorted(
        name
        for name in {*wanted, *there}
        if name not in there or wanted.get(name) != there[name].read_text(encoding="utf-8")
    )
    if check:
        return _told(stale, folder, language, len(wanted))
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        path = folder / name
        if name in wanted:
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
        print(f"{paint('wrote' if name in wanted else 'removed', GREEN)}  {printable(str(path))}")
    if not stale:
        print(f"{paint('ok', GREEN)}  {plural(len(wanted), 'file')} in {folder}")
    return Exit.OK


def _told(stale: list[str], folder: Path, language: Language, count: int) -> int:
    for name in stale:
        print(f"problem  {folder / name} is not what the contracts say")
    if stale:
        print(f"\n{plural(len(stale), 'problem')} found; amphibus generate client {language}")
        return Exit.PROBLEMS
    print(f"{paint('ok', GREEN)}  {plural(count, 'file')}")
    return Exit.OK


def _files(project: "Project", language: Language) -> tuple[dict[str, str], str]:
    """The files of the client by their names, and the name of the system."""
    from amphibus.cli.generate.client.api import pages_of
    from amphibus.cli.generate.client.python import python_files
    from amphibus.cli.generate.client.text import Facts
    from amphibus.cli.generate.client.typescript import typescript_files
    from amphibus.routing.topology import build_topology

    settings = options.settings(mode="distributed")
    topology = build_topology(project.modules.values(), project.contracts)
    outside = settings.producers.values()
    beside = {type_ for each in outside for type_ in (*each.sends, *each.subscribes)}
    prefix = f"{settings.app}.{settings.env}."
    facts = Facts(settings.app, language, prefix, settings.bus.partitions)
    make = python_files if language == "python" else typescript_files
    return make(pages_of(topology, beside), facts), settings.app


def _is_generated(path: Path) -> bool:
    from amphibus.cli.generate.client.text import GENERATED

    return GENERATED in path.read_text(encoding="utf-8", errors="replace")[:1000]
