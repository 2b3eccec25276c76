"""The lock of each contract, `contracts/<module>/v<N>.lock.json`: what was released, now and before.

It is generated and committed. Each entry holds the form that the class has now, and the earlier ones that messages
may still have, each under its digest. Sorted and a fact a line, so that branches can be merged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from amphibus.contract.wording import in_words
from amphibus.evolution.forms.form import digest
from amphibus.evolution.forms.shape import FormShape

Json = dict[str, Any]
FORMAT: Final = 4
"""Since the third, forms say how a value is written, and the bounds of days, times and durations; since the fourth,
what names in a mapping and places of a tuple are, how a value is encoded, how alternatives are told apart, and what is
needed once."""
_CONFLICT: Final = ("<<<<<<< ", "=======", ">>>>>>> ")


@dataclass(frozen=True, slots=True)
class Edition:
    """A form that a contract had."""

    form: Json
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Differences from later forms that were approved, each with its reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contract: what it is now, and what it was."""

    now: Json
    before: Mapping[str, Edition] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The contract's name on the wire."""
        return str(self.now["type"])

    def followed_by(self, form: Json, accepted: Mapping[str, Mapping[str, str]]) -> "Entry":
        """The entry after a change, with what was accepted against each edition."""
        before = {
            name: Edition(each.form, {**each.accepted, **accepted.get(name, {})})
            for name, each in self.before.items()
        }
        mark = digest(self.now)
        if mark != digest(form):
            before[mark] = Edition(self.now, accepted.get(mark, {}))
        before.pop(digest(form), None)
        return Entry(form, before)


@dataclass(frozen=True, slots=True)
class Lock:
    """All entries of a project, by the type of the contract."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Files that cannot be read, each with what to type."""
    outdated: tuple[Path, ...] = ()
    """Files that an older version wrote."""


def path_of(type_: str) -> Path:
    """Returns the lock file of a contract, below the project's root."""
    owner, _, version = type_.split(".")
    return Path(f"contracts/{owner}/{version}.lock.json")


def read_lock(root: Path) -> Lock:
    """Reads all lock files of a project."""
    texts = {
        path.relative_to(root): path.read_bytes() for path in root.glob("contracts/*/v*.lock.json")
    }
    return lock_of(texts)


def lock_of(files: Mapping[Path, bytes]) -> Lock:
    """Reads lock files that are given by their paths below the root."""
    entries: dict[str, Entry] = {}
    problems: list[str] = []
    outdated: list[Path] = []
    for path, content in sorted(files.items()):
        try:
            found = _read(path, content)
        except _Damaged as damage:
            problems.append(f"{path} {damage}")
            continue
        if found is None:
            outdated.append(path)
        else:
            entries |= {each.type: each for each in found}
    return Lock(entries, tuple(problems), tuple(outdated))


def texts_of(entries: Iterable[Entry]) -> dict[Path, str]:
    """Returns the text of every lock file."""
    files: dict[Path, Json] = {}
    for entry in entries:
        name = entry.type.split(".")[1]
        files.setdefault(path_of(entry.type), {})[name] = {
            "now": entry.now,
            "before": {
                mark: {"form": each.form, "accepted": dict(each.accepted)}
                for mark, each in entry.before.items()
            },
        }
    return {
        path: json.dumps(
            {"format": FORMAT, "contracts": contracts}, indent=1, sort_keys=True, ensure_ascii=False
        )
        + "\n"
        for path, contracts in sorted(files.items())
    }


def same_file(one: str, content: bytes | None) -> bool:
    """Returns whether a file holds a text."""
    return content is not None and content.decode(errors="replace") == one


class _Damaged(Exception):
    """A lock file that cannot be used; its text says why and what to type."""


def _read(path: Path, content: bytes) -> list[Entry] | None:
    text = content.decode(errors="replace")
    if any(line.startswith(_CONFLICT) for line in text.splitlines()):
        raise _Damaged(
            f"holds the marks of an unfinished merge: git checkout MERGE_HEAD -- {path} && amphibus check --fix"
        )
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Damaged(f"is damaged ({error}): git checkout {path}") from None
    if not isinstance(data, dict):
        raise _Damaged(f"is damaged (it is no object): git checkout {path}")
    version = data.get("format")
    if version is None:
        return None
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise _Damaged(
            f"has the format {version}, and this version of Amphibus knows {FORMAT}: upgrade"
        )
    try:
        return list(_entries(path, data["contracts"], version))
    except ValidationError as error:
        said = error.errors(include_url=False)[0]
        where = ".".join(map(str, said["loc"])) or "a form"
        raise _Damaged(f"is damaged ({where} {in_words(said)}): git checkout {path}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _Damaged(f"is damaged ({error!r}): git checkout {path}") from None


def _entries(path: Path, contracts: Mapping[str, Any], version: int) -> Iterator[Entry]:
    for name, each in contracts.items():
        now = _form(each["now"], version)
        if path_of(now["type"]) != path or now["type"].split(".")[1] != name:
            raise _Damaged(f"holds {now['type']} under another name: git checkout {path}")
        before = {
            mark: Edition(_form(it["form"], version), dict(it["accepted"]))
            for mark, it in each["before"].items()
        }
        edited = [mark for mark, it in before.items() if digest(it.form) != mark]
        if edited:
            raise _Damaged(
                f"was edited where {name} was released before (MSG16): git checkout {path}"
            )
        yield Entry(now, before)


def _form(found: Json, version: int) -> Json:
    """A form of a file; one from an older file goes on saying that it does not hold all facts."""
    FormShape.model_validate(found)
    return found if version == FORMAT else {"facts": version} | found
