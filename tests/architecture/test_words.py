"""The words of the code and the docs are the field's: the old ones are gone, the glossary leads to the place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, place, python_files

GLOSSARY = ROOT / "docs/glossary.md"
OF_THE_FIELD = (
    *("at-least-once", "backpressure", "dead letter", "delayed retry", "fencing token"),
    *("idempotent receiver", "poison message", "publisher confirm", "rebalance", "saga"),
)
OLD = (
    *("cede", "gathering", "grip", "hears", "lane", "looking_in", "outlet", "parked"),
    *("postponed", "settlement", "surroundings", "telling", "troubles"),
)
PAGES = ("README", "CONTRIBUTING", "BENCHMARKS", "DECISIONS")
SEARCHED = ("runtime", "docs", "config", "modules", "contracts", "demo", "examples")
TEXTS = {".py", ".md", ".toml", ".json", ".ini", ".mako", ".html", ".js"}
# Stores and projects of these versions exist, and have those names in them.
OF_OLD_STORES = {
    "runtime/amphibus/cli/upgrade/words.py",
    "runtime/amphibus/config/correction.py",
    "runtime/amphibus/database/schema/v01.py",
    "runtime/amphibus/database/schema/v02.py",
}
AMPHIBUS = ROOT / "runtime/amphibus"
ROUND_ABOUT = re.compile(r"(How|What|When|Where|Whether|Which|Who|Whose|Why)\b")
ENTRY = re.compile(r"^- \*\*(?P<term>[^*]+)\*\*(?: \((?P<others>[^)]*)\))?: (?P<text>.*)$")


def _entries() -> Iterator[re.Match[str]]:
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        if line.startswith("- "):
            found = ENTRY.match(line)
            assert found is not None, line
            yield found


def _places(entry: re.Match[str]) -> list[str]:
    return re.findall(r"`([a-z_]+/[\w/.-]+)`", entry["text"])


def test_the_glossary_is_in_order_and_has_each_term_once() -> None:
    terms = [entry["term"].casefold() for entry in _entries()]

    assert terms == sorted(set(terms))


def test_every_term_of_the_glossary_names_a_place_that_is_there() -> None:
    lost = [
        f"{entry['term']}: {named or 'no place'}"
        for entry in _entries()
        for named in _places(entry) or [""]
        if not named or not (ROOT / named).exists()
    ]

    assert lost == []


@pytest.mark.parametrize("word", OF_THE_FIELD)
def test_a_word_of_the_field_is_found_where_the_thing_is(word: str) -> None:
    """Whoever searches the code or the glossary for it arrives at the same file."""
    named = [
        named
        for entry in _entries()
        if word in f"{entry['term']}, {entry['others']}".casefold()
        for named in _places(entry)
    ]
    holds = [named for named in named if (ROOT / named).is_file() and word in _text(named)]

    assert holds, f"none of {named} says {word!r}"


def test_none_of_the_old_words_is_left() -> None:
    """Each meant one thing here and another elsewhere, or nothing."""
    pattern = re.compile(rf"\b({'|'.join(OLD)})\b", re.IGNORECASE)
    left = [
        f"{place(path)}:{number}: {line.strip()}"
        for path in _searched()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]

    assert left == []


def test_a_docstring_begins_with_its_subject() -> None:
    """With the noun, or with a verb in the third person: a reader of a list sees what each thing is."""
    round_about = [
        f"{place(path)}: {text.splitlines()[0]}"
        for path in python_files("runtime/amphibus", "contracts", "modules", "demo", "examples")
        for text in _docstrings(ast.parse(path.read_text(encoding="utf-8")))
        if ROUND_ABOUT.match(text)
    ]

    assert round_about == []


def _docstrings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield ast.get_docstring(node) or ""
    for child in ast.iter_child_nodes(node):
        yield from _docstrings(child)


def _searched() -> Iterator[Path]:
    yield from (ROOT / f"{name}.md" for name in PAGES)
    for folder in SEARCHED:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in TEXTS and place(path) not in OF_OLD_STORES:
                yield path


def _text(named: str) -> str:
    """The text of a file on one line, since a comment may break a word's two halves apart."""
    return " ".join((ROOT / named).read_text(encoding="utf-8").casefold().split())
