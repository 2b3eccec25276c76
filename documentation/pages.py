"""The pages of the site, staged from those that people read in the repository: only links and fences change."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROJECT: Final = (
    *("ARCHITECTURE.md", "BENCHMARKS.md", "CHANGELOG.md", "CONTRIBUTING.md", "DECISIONS.md"),
    *("SECURITY.md", "runtime/README.md"),
)
SECTIONS: Final = {
    "Begin": ("tutorial", "start", "testing", "questions"),
    "Build": ("contracts", "processes", "repositories", "clients", "http", "integrations", "webhooks", "wire-format"),
    "Run": ("modes", "commands", "configuration", "operations", "fleet", "console", "security", "threat-model"),
    "Understand": ("guarantees", "fallback", "direct", "transport", "speed", "alternatives"),
    "Look up": ("glossary", "stability", *(f"reference/{each}" for each in (
        "commands", "settings", "messages", "problems", "errors", "logs", "metrics", "names"
    ))),
    "The project": tuple(f"project/{Path(each).stem.lower()}" for each in PROJECT),
}  # fmt: skip
"""The contents of the site, in the order in which they are read."""
_LINK: Final = r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)"
_CODE_OR_LINK: Final = re.compile(
    rf"(?P<code>^```.*?^```$|`[^`\n]+`)|{_LINK}", re.MULTILINE | re.DOTALL
)
"""What looks like a link inside code is none; code may be the text of one."""


def staged(root: Path) -> Iterator[tuple[str, str]]:
    """Yields path and text of each page of the repository, as the site has it."""
    for page in ("README.md", *PROJECT):
        yield _place(page), _moved(root, page)
    for each in sorted((root / "docs").glob("*.md")):
        yield each.name, _moved(root, f"docs/{each.name}")


def contents() -> str:
    """Returns the tables of contents, for the end of the front page."""
    trees = []
    for caption, pages in SECTIONS.items():
        lines = "\n".join(pages)
        trees.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n")
    return "\n".join(trees)


def _place(page: str) -> str:
    """Where a page of the repository is on the site."""
    if page == "README.md":
        return "index.md"
    if page in PROJECT:
        return "project/" + Path(page).stem.lower() + ".md"
    return page.removeprefix("docs/")


def _moved(root: Path, page: str) -> str:
    text = (root / page).read_text(encoding="utf-8")
    text = re.sub(r"^```mermaid$", "```text", text, flags=re.MULTILINE)
    text = re.sub(r"^```(\w+) [^\n]+$", r"```\1", text, flags=re.MULTILINE)
    text = re.sub(r"^```(console|shell)$", "```text", text, flags=re.MULTILINE)
    return _CODE_OR_LINK.sub(lambda it: it[0] if it["code"] else _link(root, page, it), text)


def _link(root: Path, page: str, link: re.Match[str]) -> str:
    """Returns a link as it leads on the site; a file that is no page is named, and not led to."""
    image, text, target = link["image"], link["text"], link["target"]
    if re.match(r"[a-z]+:|#", target):
        return link[0]
    path, hash_, anchor = target.partition("#")
    meant = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    if not (root / meant).exists():
        return f"{image}[{text}](missing:{meant})"
    if image:
        return f"![{text}]({posixpath.relpath(meant.removeprefix('docs/'), posixpath.dirname(_place(page)) or '.')})"
    if not meant.endswith(".md"):
        return text
    there = posixpath.relpath(_place(meant), posixpath.dirname(_place(page)) or ".")
    return f"[{text}]({there}{hash_}{anchor})"
