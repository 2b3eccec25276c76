"""An existing Python file that gets something more: all other bytes stay as they are."""

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from amphibus.cli.add.layout import fit
from amphibus.cli.output import CommandError

_OURS: Final = frozenset({"amphibus", "contracts", "demo", "modules", "tests"})
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Page:
    """A file's bytes. Each method returns a page with more in it."""

    path: Path
    data: bytes

    @property
    def tree(self) -> ast.Module:
        """The parsed file.

        Raises:
            CommandError: it is no Python, or in no encoding that can be added to.
        """
        try:
            self.data.decode()
            return ast.parse(self.data)
        except (SyntaxError, ValueError) as error:
            raise CommandError(
                f"{self.path} cannot be read as Python: {error}",
                "what is added must fit in; nothing was written",
                "amphibus check",
            ) from None

    def defined(self) -> set[str]:
        """The names that the file defines or imports at its top level."""
        found: set[str] = set()
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                found |= {each.asname or each.name for each in node.names}
            elif isinstance(node, ast.Assign):
                found |= {each.id for each in node.targets if isinstance(each, ast.Name)}
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
        return found

    def span(self, node: ast.stmt | ast.expr | ast.keyword) -> tuple[int, int]:
        """The place of a node, in bytes."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        starts = self._line_starts()
        return (
            starts[node.lineno - 1] + node.col_offset,
            starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def text_of(self, node: ast.stmt | ast.expr | ast.keyword) -> str:
        """The text of a node, with the ends of lines as Python has them."""
        start, end = self.span(node)
        return self.data[start:end].decode().replace("\r\n", "\n")

    def with_span(self, start: int, end: int, text: str) -> "Page":
        """The page with other text in a place; its ends of lines are those of the file."""
        new = text.replace("\n", self._newline()).encode()
        return replace(self, data=self.data[:start] + new + self.data[end:])

    def with_block(self, block: str) -> "Page":
        """The page with a class or function at its end."""
        gap = "" if not self.data or self.data.endswith((b"\n", b"\r")) else "\n"
        return self.with_span(len(self.data), len(self.data), f"{gap}\n\n{block}")

    def alias(self, module: str) -> tuple["Page", str]:
        """The page with `from contracts.<module> import v1`, and the name that it has there."""
        for node in self._imports():
            if isinstance(node, ast.ImportFrom) and node.module == f"contracts.{module}":
                for each in node.names:
                    if each.name == "v1":
                        return self, each.asname or "v1"
        return self._with_import(f"from contracts.{module} import v1 as {module}"), module

    def with_names(self, module: str, *names: str) -> "Page":
        """The page with `from module import names`."""
        for node in self._imports():
            plain = isinstance(node, ast.ImportFrom) and not any(it.asname for it in node.names)
            if isinstance(node, ast.ImportFrom) and node.module == module and plain:
                missing = set(names) - {each.name for each in node.names}
                return self._with_members(node, missing) if missing else self
        return self._with_import(_import_of(module, names))

    def with_module(self, module: str, alias: str = "") -> "Page":
        """The page with `import module as alias`."""
        wanted = alias or module
        if wanted in self.defined():
            return self
        return self._with_import(f"import {module}" + (f" as {alias}" if alias else ""))

    def _with_members(self, node: ast.ImportFrom, missing: set[str]) -> "Page":
        if node.lineno == node.end_lineno:
            members = {each.name for each in node.names} | missing
            return self.with_span(*self.span(node), _import_of(str(node.module), members))
        page = self
        starts = self._line_starts()
        # From the last line on, so that the places before stay where they are.
        for name in sorted(missing, key=_order, reverse=True):
            later = [each for each in node.names if _order(each.name) > _order(name)]
            at = starts[(later[0].lineno if later else node.end_lineno or 0) - 1]
            page = page.with_span(at, at, f"    {name},\n")
        return page

    def _with_import(self, line: str) -> "Page":
        (new,) = ast.parse(line).body
        assert isinstance(new, ast.Import | ast.ImportFrom)
        nodes = self._imports()
        starts = [*self._line_starts(), len(self.data)]
        before = [each for each in nodes if _rank(each) <= _rank(new)]
        after = [each for each in nodes if _rank(each) > _rank(new)]
        if after and (not before or _rank(after[0])[0] == _rank(new)[0]):
            gap = "" if _rank(after[0])[0] == _rank(new)[0] else "\n"
            return self._on_line(starts[after[0].lineno - 1], f"{line}\n{gap}")
        if before:
            gap = "" if _rank(before[-1])[0] == _rank(new)[0] else "\n"
            return self._on_line(starts[before[-1].end_lineno or 0], f"{gap}{line}\n")
        body = self.tree.body
        docstring = bool(body) and ast.get_docstring(self.tree, clean=False) is not None
        at = starts[body[0].end_lineno or 0] if docstring else 0
        return self._on_line(at, f"\n{line}\n" if docstring else f"{line}\n")

    def _on_line(self, at: int, text: str) -> "Page":
        """Begins a line where the file has ended without one."""
        gap = "\n" if at and not self.data[:at].endswith((b"\n", b"\r")) else ""
        return self.with_span(at, at, gap + text)

    def _imports(self) -> list[ast.Import | ast.ImportFrom]:
        return [each for each in self.tree.body if isinstance(each, ast.Import | ast.ImportFrom)]

    def _line_starts(self) -> list[int]:
        starts = [len(_BOM) if self.data.startswith(_BOM) else 0]
        for line in self.data[starts[0] :].splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def _newline(self) -> str:
        return "\r\n" if b"\r\n" in self.data else "\n"


@dataclass(frozen=True, slots=True)
class FrontPage:
    """A module's `module.py`, and what is added to its `Module(...)`."""

    page: Page

    def with_item(self, keyword: str, item: str) -> "FrontPage":
        """The front page with one more entry in a list of `Module(...)`.

        Raises:
            CommandError: the list is no tuple that is written out.
        """
        call = _call_in(self.page)
        given = next((each for each in call.keywords if each.arg == keyword), None)
        if given is None:
            return self._with_keyword(keyword, _tuple([item]))
        if not isinstance(given.value, ast.Tuple):
            raise CommandError(
                f"{self.page.path} works out {keyword}=...",
                f"only a tuple that is written out can be added to; {item} has to go in by hand",
                f"${{EDITOR:-vi}} +{given.lineno} {self.page.path}",
            )
        return FrontPage(self._exploded()).with_entry(keyword, item)

    def texts_of(self, keyword: str) -> set[str]:
        """The texts in a list of `Module(...)`."""
        given = [each.value for each in _call_in(self.page).keywords if each.arg == keyword]
        found = (inner for each in given for inner in ast.walk(each))
        return {str(each.value) for each in found if isinstance(each, ast.Constant)}

    def with_keyword(self, keyword: str, value: str) -> "FrontPage":
        """The front page with a keyword of `Module(...)`, unless it is there."""
        there = any(each.arg == keyword for each in _call_in(self.page).keywords)
        return self if there else self._with_keyword(keyword, value)

    def with_entry(self, keyword: str, item: str) -> "FrontPage":
        """The front page with an entry in a tuple that is there, each keyword on its own line."""
        value = next(each.value for each in _call_in(self.page).keywords if each.arg == keyword)
        assert isinstance(value, ast.Tuple)
        if len(value.elts) > 1 and value.lineno != value.end_lineno:
            return FrontPage(self._with_last(value, item))
        items = [self.page.text_of(each) for each in value.elts]
        return FrontPage(self.page.with_span(*self.page.span(value), _tuple([*items, item])))

    def _with_last(self, value: ast.Tuple, item: str) -> Page:
        """The page with a last entry in a list of several lines; comments stay with their entries."""
        end, close = self.page.span(value.elts[-1])[1], self.page.span(value)[1] - 1
        data = self.page.data
        line = data.rfind(b"\n", 0, close) + 1
        if data[line:close].strip() or not data[end:close].lstrip().startswith(b","):
            return self.page.with_span(end, end, f",\n        {item}")
        return self.page.with_span(line, line, f"        {item},\n")

    def _with_keyword(self, keyword: str, value: str) -> "FrontPage":
        page = self._exploded()
        call = _call_in(page)
        order = list(_KEYWORDS)
        later = [
            each
            for each in call.keywords
            if each.arg in order and order.index(each.arg) > order.index(keyword)
        ]
        start = page.span(later[0])[0] - later[0].col_offset if later else page.span(call)[1] - 1
        return FrontPage(page.with_span(start, start, f"    {keyword}={value},\n"))

    def _exploded(self) -> Page:
        """The page with each keyword of `Module(...)` on lines of its own."""
        call = _call_in(self.page)
        lines = [call.lineno, *(each.lineno for each in call.keywords)]
        ends = [call.lineno, *(each.value.end_lineno or 0 for each in call.keywords)]
        apart = all(line > end for line, end in zip(lines[1:], ends, strict=False))
        if apart and ends[-1] != call.end_lineno:
            return self.page
        start, end = self.page.span(call)
        said = self.page.data[start:end]
        if b"#" in said:
            raise CommandError(
                f"{self.page.path} has Module(...) on too few lines",
                "an entry is added where each keyword stands on a line of its own",
                "ruff format",
            )
        inside = "".join(f"    {self.page.text_of(each)},\n" for each in call.keywords)
        return self.page.with_span(start, end, f"Module(\n{inside})")


_KEYWORDS: Final = (
    "name", "container", "handles", "subscribes", "publishes", "sends", "asks", "converts", "purposes",
    "ignores", "tables",
)  # fmt: skip


def _call_in(page: Page) -> ast.Call:
    for node in page.tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("Module"):
            return value
    raise CommandError(
        f"{page.path} has no `module = Module(...)`",
        "an entry is added where it is written out",
        f"${{EDITOR:-vi}} {page.path}",
    )


def _tuple(items: list[str]) -> str:
    """A tuple as the formatter leaves it; one with a single entry stays on its line."""
    if len(items) == 1:
        return f"({items[0]},)"
    return "(\n" + "".join(f"        {each},\n" for each in items) + "    )"


def _import_of(module: str, names: Iterable[str]) -> str:
    ordered = sorted(names, key=_order)
    line = f"from {module} import {', '.join(ordered)}"
    return line if len(line) <= 100 else fit(f"from {module} import (", ordered, ")")


def _order(name: str) -> tuple[int, str]:
    """The order of imported names: constants, classes, all others."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name.lower()


def _rank(node: ast.Import | ast.ImportFrom) -> tuple[int, int, str]:
    """The place of an import among others: its section, then plain imports first, then by name."""
    plain = isinstance(node, ast.Import)
    name = node.names[0].name if isinstance(node, ast.Import) else str(node.module)
    top = name.partition(".")[0]
    section = (
        0 if top == "__future__"
        else 1 if top in sys.stdlib_module_names
        else 3 if top in _OURS
        else 2
    )  # fmt: skip
    return section, 0 if plain else 1, name.lower()
