"""A release: one version everywhere, a changelog that can be read, and the same bytes whoever builds it."""

import os
import re
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest

from amphibus import __version__
from tests.architecture.tree import ROOT, python_files

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
_RELEASED = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", re.MULTILINE)
_HEADINGS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Contracts"}
_DEPRECATED = re.compile(r"@deprecated\(\s*f?\"([^\"]*)\"")
_WELL_SAID = re.compile(r".+ is deprecated since \d+\.\d+ and goes with (\d+)\.0; use .+")


def test_the_version_is_the_same_wherever_it_stands() -> None:
    declared = tomllib.loads((ROOT / "runtime/pyproject.toml").read_text())["project"]["version"]

    assert declared == __version__


def test_the_changelog_has_the_form_that_programs_read() -> None:
    versions = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    released = [
        re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", each) for each in versions[1:]
    ]

    assert versions[0] == "[Unreleased]"
    assert None not in released
    numbers = [tuple(map(int, each.groups())) for each in released if each is not None]
    assert numbers == sorted(set(numbers), reverse=True)
    assert {*re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)} <= _HEADINGS


def test_a_commit_with_a_tag_is_the_release_that_its_tag_names() -> None:
    """Nothing to check between releases, and where there is no Git, as in an sdist."""
    said = [_problems_of_release(tag, __version__, CHANGELOG) for tag in _tags_here()]

    assert [each for problems in said for each in problems] == []


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "said"),
    [
        ("v0.2.0", "0.2.0", "## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n- New.\n", []),
        (
            "v0.2.0",
            "0.1.0",
            "## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n",
            ["the tag is v0.2.0, and the version 0.1.0"],
        ),
        (
            "v0.2.0",
            "0.2.0",
            "## [Unreleased]\n\n- New.\n\n## [0.1.0] - 2026-11-01\n",
            ["the changelog ends with 0.1.0", "something is left under Unreleased"],
        ),
        (
            "v0.2.0",
            "0.2.0",
            "## [Unreleased]\n\n- New.\n",
            ["the changelog ends with nothing", "something is left under Unreleased"],
        ),
    ],
)
def test_a_tag_the_version_and_the_changelog_say_the_same(
    tag: str, version: str, changelog: str, said: list[str]
) -> None:
    assert _problems_of_release(tag, version, changelog) == said


def test_what_is_deprecated_says_since_when_until_when_and_what_to_use() -> None:
    said = [
        (path.name, text)
        for path in python_files("runtime/amphibus")
        for text in _DEPRECATED.findall(path.read_text(encoding="utf-8"))
    ]
    wrong = [each for each in said if not _is_to_come(each[1])]

    assert wrong == []


def test_that_rule_sees_a_text_that_says_too_little_and_one_that_is_overdue() -> None:
    assert _is_to_come(
        "Harness.of(old=...) is deprecated since 1.2 and goes with 99.0; use new=..."
    )
    assert not _is_to_come(
        "Harness.of(old=...) is deprecated since 0.1 and goes with 0.0; use new=..."
    )
    assert not _is_to_come("do not use this")


@pytest.mark.full
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_two_builds_of_one_commit_are_the_same_bytes(kind: str, tmp_path: Path) -> None:
    """At other times, in other places, with other rights of new files."""
    built = {_built(kind, tmp_path / name, mask) for name, mask in (("one", 0o022), ("two", 0o077))}

    assert len(built) == 1


def _built(kind: str, folder: Path, mask: int) -> tuple[str, str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(
        command,
        cwd=ROOT / "runtime",
        env=os.environ | {"SOURCE_DATE_EPOCH": "1764374400"},
        umask=mask,
        check=True,
        capture_output=True,
    )
    (made,) = folder.iterdir()
    return made.name, sha256(made.read_bytes()).hexdigest()


def _is_to_come(text: str) -> bool:
    """Returns whether a text of a deprecation is whole, and its version of removal is still to come."""
    said = _WELL_SAID.fullmatch(text)
    return said is not None and int(said[1]) > int(__version__.partition(".")[0])


def _tags_here() -> list[str]:
    """The tags of versions at the commit that is checked out."""
    command = ["git", "tag", "--points-at", "HEAD", "--list", "v[0-9]*"]
    try:
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return ended.stdout.split()


def _problems_of_release(tag: str, version: str, changelog: str) -> list[str]:
    """What a tag, the version of the package and the changelog do not say alike."""
    found = []
    if tag != f"v{version}":
        found.append(f"the tag is {tag}, and the version {version}")
    released = _RELEASED.findall(changelog)
    newest = released[0] if released else "nothing"
    if newest != tag.removeprefix("v"):
        found.append(f"the changelog ends with {newest}")
    unreleased = changelog.partition("## [Unreleased]")[2].partition("\n## ")[0]
    if unreleased.strip():
        found.append("something is left under Unreleased")
    return found
