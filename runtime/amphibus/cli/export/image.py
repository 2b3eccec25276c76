"""`amphibus export image`: the files that the image of one module holds. The Dockerfile has no other source."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import CommandError, check_module, show_json
from amphibus.cli.places import GATEWAY, module_names

_EVERYWHERE: Final = (
    "contracts/**/*.py",
    "config/*.toml",
    "config/topology.lock.json",
    "modules/__init__.py",
)
"""The files that every image holds: modules talk in contracts, and the lock names the modules."""


def image(
    *,
    module: str,
    list_: Annotated[bool, Parameter(name="--list", negative="")] = False,
    to: Path | None = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the files that a module's image holds, or copy them.

    They are its own code, all contracts, the configuration and the topology lock: no other
    module's code, no tests, no data.
    Example: amphibus export image --module orders --to build/orders

    Args:
        module: The module; gateway is one.
        list_: Print the files, one a line; the default without --to.
        to: Copy them into this folder, which must be empty or new.
    """
    root = options.root()
    files = [path.relative_to(root).as_posix() for path in files_of(root, module)]
    if to is not None:
        _copy(root, files, to)
    if as_json:
        show_json(files)
    elif list_ or to is None:
        print("\n".join(files))


def files_of(root: Path, module: str) -> list[Path]:
    """Returns the files of a module's image, sorted. Imports nothing of the project.

    Raises:
        CommandError: there is no such module, or no lock.
    """
    known = module_names(root)
    check_module(module, known)
    if not (root / "config" / "topology.lock.json").is_file():
        raise CommandError(
            "config/topology.lock.json is missing",
            "a module that runs alone reads there who handles its messages",
            "amphibus check --fix",
        )
    return sorted(_found(root, module))


def _found(root: Path, module: str) -> Iterator[Path]:
    for pattern in _EVERYWHERE:
        yield from root.glob(pattern)
    if module != GATEWAY:
        for path in (root / "modules" / module).rglob("*"):
            parts = path.relative_to(root).parts
            hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if path.is_file() and not hidden:
                yield path


def _copy(root: Path, files: list[str], to: Path) -> None:
    import shutil

    if to.exists() and any(to.iterdir()):
        raise CommandError(
            f"{to} is not empty", "an image holds these files and no others", f"rm -r {to}"
        )
    for name in files:
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, target)
