"""Builds the site with Sphinx: every page staged in a temporary folder, every warning a problem."""

import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from documentation.pages import contents, staged
from documentation.reference import reference

_OUTSIDE: Final = re.compile(
    rb"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["'](?:https?:)?//[^"']+|@import\s+url\(["']?https?:"""
)
"""What a browser would ask of somebody else while it shows a page."""


def build(root: Path, folder: Path) -> list[str]:
    """Builds the site of a project into a folder; returns what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="amphibus-docs-") as temporary:
        stage = Path(temporary)
        missing = [*_staged(root, stage)]
        said = _sphinx(stage, folder)
    return [*missing, *(line for line in said.splitlines() if line.strip()), *_asking(folder)]


def _staged(root: Path, stage: Path) -> Iterator[str]:
    """Writes all pages; yields the links that lead nowhere."""
    for path, text in (*staged(root), *reference(root)):
        for lost in re.findall(r"\(missing:([^)]+)\)", text):
            yield f"{path}: there is no {lost}"
        page = stage / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    with (stage / "index.md").open("a", encoding="utf-8") as front:
        front.write("\n" + contents())
    for picture in (root / "docs").glob("*/*.*"):
        if picture.suffix in {".png", ".svg"}:
            place = stage / picture.relative_to(root / "docs")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, place)


def _settings(version: str) -> dict[str, Any]:
    return {
        "project": "Amphibus",
        "release": version,
        "html_title": f"Amphibus {version}",
        "html_theme": "furo",
        "html_show_sphinx": False,
        "html_copy_source": False,
        "extensions": ["myst_parser"],
        "exclude_patterns": [],
        "myst_heading_anchors": 4,
        "myst_enable_extensions": ["strikethrough"],
        "suppress_warnings": ["misc.highlighting_failure", "myst.strikethrough", "config.cache"],
        "nitpicky": True,
        "templates_path": [],
    }


def _sphinx(stage: Path, folder: Path) -> str:
    """Runs Sphinx; returns its warnings."""
    from sphinx.application import Sphinx

    from amphibus import __version__

    warnings = io.StringIO()
    with tempfile.TemporaryDirectory() as trees:
        Sphinx(
            stage,
            None,
            folder,
            trees,
            "html",
            confoverrides=_settings(__version__),
            status=None,
            warning=warnings,
            freshenv=True,
        ).build(force_all=True)
    return re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue()).replace(f"{stage}/", "")


def _asking(folder: Path) -> Iterator[str]:
    """Yields what in the built pages asks somebody else."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".html", ".css"}:
            for found in _OUTSIDE.findall(path.read_bytes()):
                yield f"{path.name} asks the outside: {found.decode(errors='replace')[:120]}"
