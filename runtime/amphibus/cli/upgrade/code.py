"""Renames in Python: found in the syntax tree, so that a text or a comment is not taken for a name."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from amphibus.cli.upgrade.found import Found
from amphibus.cli.upgrade.words import BY_HAND, HARNESS, IMPORTS
from amphibus.config.correction import opened

_HINTS: Final = tuple(
    word.encode()
    for word in (*HARNESS, *BY_HAND, "TimeoutError", *(name.rpartition(".")[2] for name in IMPORTS))
)


class _Edit(NamedTuple):
    """Bytes of one line that become others; lines count from 1, columns from 0."""

    line: int
    begin: int
    old: bytes
    new: bytes


def renamed_code(path: Path, data: bytes, found: Found) -> bytes:
    """Returns a Python file with the names of now, and notes each change. What is no Python stays as it is."""
    if not any(hint in data for hint in _HINTS):
        return data
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return data
    lines = data.splitlines(keepends=True)
    edits = sorted({*_imports(tree, lines), *_methods(tree, lines)}, reverse=True)
    for edit in edits:
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.begin] + edit.new + line[edit.begin + len(edit.old) :]
    for edit in reversed(edits):
        found.change(path, edit.line, edit.old.decode(), edit.new.decode())
    _leave(path, tree, found)
    return b"".join(lines)


def _imports(tree: ast.AST, lines: list[bytes]) -> Iterator[_Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from _imported_from(node, lines)
        elif isinstance(node, ast.Import):
            for each in node.names:
                if each.name in IMPORTS:
                    yield from _edit(lines, each.lineno, each.col_offset, each.name, IMPORTS)
        elif isinstance(node, ast.Attribute) and (name := _dotted(node)) in IMPORTS:
            yield from _edit(lines, node.lineno, node.col_offset, name, IMPORTS)


def _imported_from(node: ast.ImportFrom, lines: list[bytes]) -> Iterator[_Edit]:
    module = node.module or ""
    if module in IMPORTS:
        yield from _edit(lines, node.lineno, node.col_offset, module, IMPORTS)
    for each in node.names:
        whole = f"{module}.{each.name}"
        if whole in IMPORTS:
            new = IMPORTS[whole].rpartition(".")[2]
            new = new if each.asname else f"{new} as {each.name}"
            yield from _edit(lines, each.lineno, each.col_offset, each.name, {each.name: new})


def _methods(tree: ast.AST, lines: list[bytes]) -> Iterator[_Edit]:
    if not _tests_modules(tree):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in HARNESS and node.end_lineno:
            end = (node.end_col_offset or 0) - len(node.attr.encode())
            yield from _edit(lines, node.end_lineno, end, node.attr, HARNESS)


def _edit(
    lines: list[bytes], line: int, begin: int, old: str, names: dict[str, str]
) -> Iterator[_Edit]:
    """The edit of a name that stands in a line at a column or behind it."""
    at = lines[line - 1].find(old.encode(), begin)
    if at >= 0:
        yield _Edit(line, at, old.encode(), names[old].encode())


def _dotted(node: ast.Attribute) -> str:
    return f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""


def _tests_modules(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and (node.module or "").startswith("amphibus.testing")
        for node in ast.walk(tree)
    )


def _leave(path: Path, tree: ast.AST, found: Found) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in BY_HAND:
            found.leave(
                path, node.lineno, f"{node.attr} is gone: {BY_HAND[node.attr]}", opened(str(path))
            )
    if not _tests_modules(tree):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem) and "TimeoutError" in ast.unparse(node.context_expr):
            what = "Harness.settle raises amphibus.testing.NotSeen, and no longer TimeoutError"
            found.leave(path, node.context_expr.lineno, what, opened(str(path)))
