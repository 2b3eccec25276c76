"""The readers of each event's fields, `contracts/<module>/v<N>.reads.json`: what tests have seen subscribers read.

It is recorded, sorted and committed beside the lock, a fact a line, so that branches can be merged.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from amphibus.evolution.lock import path_of

FORMAT: Final = 1
FOLDER: Final = "AMPHIBUS_TEST_READS"
"""The variable with the folder into which a test run records."""
_MOST_TESTS: Final = 3
EVERYTHING: Final = "**"
"""Stands for all fields of a value that is written or copied as a whole."""
Fields = Mapping[str, Collection[str]]
"""Path of a field -> tests that have seen it read."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Everything that was recorded."""

    found: Mapping[str, Mapping[str, Fields]] = field(default_factory=dict)
    """Type of an event -> module -> the fields that it reads."""
    problems: tuple[str, ...] = ()

    def of(self, type_: str, path: str) -> dict[str, list[str]]:
        """Returns the modules that read a field or what is inside of it, each with tests that show it."""
        return {
            module: tests
            for module, fields in self.found.get(type_, {}).items()
            if (tests := _tests(fields, path)) is not None
        }

    def unknown(self, type_: str, subscribers: Iterable[str]) -> list[str]:
        """Returns the subscribers that no test has seen with such an event."""
        return [each for each in subscribers if each not in self.found.get(type_, {})]


def _tests(fields: Fields, path: str) -> list[str] | None:
    found = [
        test
        for name, tests in fields.items()
        if name == path
        or name.startswith((f"{path}.", f"{path}[]"))
        or (name.endswith(EVERYTHING) and path.startswith(name.removesuffix(EVERYTHING)))
        for test in tests or ("",)
    ]
    return sorted(set(found)) or None


def read_readers(root: Path) -> Readers:
    """Reads what was recorded for a project."""
    found: dict[str, Mapping[str, Fields]] = {}
    problems: list[str] = []
    for path in sorted(root.glob("contracts/*/v*.reads.json")):
        place = path.relative_to(root)
        owner, version = place.parts[1], place.name.split(".")[0]
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                problems.append(f"{place} has the format {data['format']}: upgrade Amphibus")
                continue
            found |= {
                f"{owner}.{name}.{version}": _checked(each) for name, each in data["events"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            again = "amphibus contracts readers --record"
            problems.append(f"{place} cannot be read ({error!r}): git checkout {place}, or {again}")
    return Readers(found, tuple(problems))


def texts_of(rows: Iterable[Mapping[str, Any]]) -> dict[Path, str]:
    """Returns the text of every file, made of the rows that harnesses have written."""
    files: dict[Path, dict[str, dict[str, dict[str, set[str]]]]] = {}
    for row in rows:
        name = row["type"].split(".")[1]
        fields = files.setdefault(_path_of(row["type"]), {}).setdefault(name, {})
        seen = fields.setdefault(row["module"], {})
        for path in row["paths"]:
            seen.setdefault(path, set()).update([row["test"]] if row["test"] else [])
    return {path: _text(events) for path, events in sorted(files.items())}


def _text(events: Mapping[str, Mapping[str, Mapping[str, set[str]]]]) -> str:
    data = {
        "format": FORMAT,
        "events": {
            name: {
                module: {path: sorted(tests)[:_MOST_TESTS] for path, tests in fields.items()}
                for module, fields in modules.items()
            }
            for name, modules in events.items()
        },
    }
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _path_of(type_: str) -> Path:
    lock = path_of(type_)
    return lock.with_name(lock.name.replace(".lock.json", ".reads.json"))


def _checked(modules: Any) -> dict[str, dict[str, list[str]]]:
    return {
        str(module): {str(path): [str(test) for test in tests] for path, tests in fields.items()}
        for module, fields in modules.items()
    }
