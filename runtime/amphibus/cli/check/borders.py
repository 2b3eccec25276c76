"""The borders of modules: who imports what he must not, and the baseline of what is so already, which only shrinks.

Whoever splits an application into modules has such imports from the first day; new ones are refused all the same.
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from amphibus.cli.output import plural
from amphibus.errors import ConfigError

BASELINE: Final = Path("config/borders.lock.json")
_OF_THE_SYSTEM: Final = frozenset({"amphibus", "contracts", "modules"})
_ASIDE: Final = frozenset({"runtime", "tests"})
_MADE: Final = frozenset({"build", "dist", "node_modules", "var", "__pycache__"})


@dataclass(frozen=True, slots=True, order=True)
class Crossing:
    """An import over a border."""

    path: str
    line: int
    imported: str
    why: str

    @property
    def known_as(self) -> tuple[str, str]:
        """The crossing without its line, which changes with every edit above it."""
        return self.path, self.imported


def problems_of_borders(root: Path) -> list[str]:
    """Returns the crossings that the baseline does not hold, and what it holds that is gone.

    Raises:
        ConfigError: the baseline cannot be read.
    """
    found, known = crossings(root), read_baseline(root)
    new = [
        f"{each.path}:{each.line} imports {each.imported}: {each.why}"
        for each in found
        if each.known_as not in known
    ]
    gone = known - {each.known_as for each in found}
    if gone:
        new.append(
            f"{BASELINE} lists {plural(len(gone), 'import')} too many: --fix takes out what is gone"
        )
    return new


def shrink_baseline(root: Path) -> bool:
    """Takes out of the baseline what is gone; returns whether there was anything.

    Raises:
        ConfigError: it cannot be read.
    """
    known = read_baseline(root)
    left = known & {each.known_as for each in crossings(root)}
    if left == known:
        return False
    if left:
        _write(root, left)
    else:
        (root / BASELINE).unlink()
    return True


def begin_baseline(root: Path) -> bool:
    """Notes all crossings there are, where there is no baseline yet; one that is there only shrinks.

    Raises:
        ConfigError: it cannot be read.
    """
    if (root / BASELINE).exists():
        return shrink_baseline(root)
    found = {each.known_as for each in crossings(root)}
    if found:
        _write(root, found)
    return bool(found)


def read_baseline(root: Path) -> set[tuple[str, str]]:
    """Returns the crossings that are known; none without a baseline.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        held: Any = json.loads((root / BASELINE).read_text(encoding="utf-8"))
        return {(path, name) for path, names in held["imports"].items() for name in names}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{BASELINE} cannot be read", str(error), f"git checkout {BASELINE}"
        ) from None


def crossings(root: Path) -> list[Crossing]:
    """Returns every import over a border, by file and line."""
    own = _own_packages(root)
    found = [each for path in _files(root) for each in _of_file(root, path, own)]
    return sorted(found)


def _write(root: Path, held: set[tuple[str, str]]) -> None:
    imports: dict[str, list[str]] = {}
    for path, name in sorted(held):
        imports.setdefault(path, []).append(name)
    text = json.dumps({"imports": imports}, indent=2) + "\n"
    (root / BASELINE).write_text(text, encoding="utf-8")


def _own_packages(root: Path) -> frozenset[str]:
    """The packages of the project beside its contracts and modules: of an application that it grows out of."""
    names = {
        each.stem
        for each in root.iterdir()
        if each.suffix == ".py" or (each.is_dir() and any(each.glob("*.py")))
    }
    return frozenset(names - _OF_THE_SYSTEM)


def _files(root: Path) -> Iterator[Path]:
    for each in sorted(root.iterdir()):
        if each.suffix == ".py" and each.is_file():
            yield each
        elif each.is_dir() and not _is_aside(each):
            yield from sorted(each.rglob("*.py"))


def is_made(folder: Path) -> bool:
    """Returns whether a folder of a project holds what programs have made, such as an environment, and no source."""
    return folder.name in _MADE or (folder / "pyvenv.cfg").exists()


def _is_aside(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _ASIDE or is_made(folder)


def _of_file(root: Path, path: Path, own: frozenset[str]) -> Iterator[Crossing]:
    place = path.relative_to(root)
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for line, name in _imports(tree, place):
        why = _wrong(place.parts, tuple(name.split(".")), own)
        if why is not None:
            yield Crossing(str(place), line, name, why)


def _wrong(here: tuple[str, ...], there: tuple[str, ...], own: frozenset[str]) -> str | None:
    """The reason why a file must not import something; None if it may."""
    folder, module = here[0], here[1:2]
    if there[0] == "modules" and len(there) > 1:
        if folder == "modules" and there[1:2] != module:
            return "modules send each other messages, and import nothing of each other"
        if folder == "contracts":
            return "contracts know no module: they are what others import"
        if folder != "modules":
            return f"what lies outside sends {there[1]} a message, and does not reach into it"
    if there[0] == "contracts" and folder == "contracts" and there[1:2] not in ((), module):
        return "the contracts of a module stand alone, so that each has its own versions"
    if folder in ("modules", "contracts") and there[0] in own:
        return "a module stands on its own: move what it needs into it, or ask for it by a message"
    return None


def _imports(tree: ast.AST, place: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, place)
            short = base in ("modules", "contracts")
            names = [f"{base}.{each.name}" for each in node.names] if short else [base]
            yield from ((node.lineno, name) for name in names)
        elif isinstance(node, ast.Call) and (named := _imported_by_name(node)):
            yield node.lineno, named


def _base(node: ast.ImportFrom, place: Path) -> str:
    """The package that an import names, also where it counts from its own."""
    above = place.parts[: -node.level] if node.level else ()
    return ".".join((*above, *([node.module] if node.module else [])))


def _imported_by_name(node: ast.Call) -> str:
    """The module that `import_module("...")` names by a text; empty for any other call."""
    called = (
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    )
    if called not in ("import_module", "__import__") or not node.args:
        return ""
    first = node.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
