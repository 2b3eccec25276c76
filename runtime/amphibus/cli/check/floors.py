"""The picture of the runtime's own packages, for the repository that has it: floor by floor, drawn from the imports."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = "amphibus"
_GROUND = "errors"


def floors_picture(root: Path) -> str | None:
    """A Mermaid flow chart of the packages on their floors; None where the project does not hold the runtime.

    An arrow says that a package imports another; one that follows from others is left out. The ground has none,
    since everybody stands on it.
    """
    package = root / "runtime" / _PACKAGE
    floors = _floors(root / "pyproject.toml") if package.is_dir() else []
    if not floors:
        return None
    storeys, ground = _above_ground(floors)
    imports = {part: set(_imported_by(package, part)) - set(ground) for part in _names(storeys)}
    lines = ["flowchart TB"]
    for number, names in enumerate(storeys, 1):
        lines.append(f'    subgraph floor{number}[" "]; {" & ".join(names)}; end')
    for part, others in imports.items():
        beyond = {far for near in others for far in _reached(near, imports)}
        if nearest := sorted(others - beyond):
            lines.append(f"    {part} --> {' & '.join(nearest)}")
    lines.append(f'    {" & ".join(storeys[-1])} ~~~ ground["on the ground: {", ".join(ground)}"]')
    return "\n".join(lines)


def _floors(settings: Path) -> list[list[str]]:
    """The floors as the import rules have them, the highest first."""
    tools = tomllib.loads(settings.read_text(encoding="utf-8")).get("tool", {})
    for rule in tools.get("importlinter", {}).get("contracts", []):
        if rule.get("containers") == [_PACKAGE]:
            return [floor.split(" | ") for floor in rule["layers"]]
    return []


def _above_ground(floors: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """The floors above the ground, and what is on the ground: on the floor of the errors, and below."""
    height = next((n for n, names in enumerate(floors) if _GROUND in names), len(floors) - 1)
    return floors[:height], _names(floors[height:])


def _names(floors: list[list[str]]) -> list[str]:
    return [name for names in floors for name in names]


def _imported_by(package: Path, part: str) -> Iterator[str]:
    """The other parts of the runtime that a part imports, anywhere in its files."""
    files = (
        (package / part).rglob("*.py") if (package / part).is_dir() else [package / f"{part}.py"]
    )
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for name in _targets(node):
                top, _, rest = name.partition(".")
                if top == _PACKAGE and rest and (other := rest.split(".")[0]) != part:
                    yield other


def _targets(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom) and node.module == _PACKAGE:
        return [f"{_PACKAGE}.{each.name}" for each in node.names if not each.name.startswith("_")]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def _reached(part: str, imports: dict[str, set[str]]) -> set[str]:
    """All that a part imports, directly or by others."""
    found: set[str] = set()
    waiting = [part]
    while waiting:
        for other in imports.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
