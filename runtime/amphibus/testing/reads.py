"""The fields that handlers really read, recorded while tests run: the contracts of the consumers.

Set AMPHIBUS_TEST_READS to a folder, as `amphibus contracts readers --record` does, and each `Harness` writes what the
modules in it have read of others' events.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from amphibus.contract import Message, Value, kind_of
from amphibus.evolution.readers import EVERYTHING, FOLDER
from amphibus.host.host import Host
from amphibus.messages.ids import new_id
from amphibus.routing.topology import GATEWAY

_LIBRARY: Final = ("pydantic.", "copy.", "json.")
_NOT_A_HANDLER: Final = ("amphibus.telemetry.", "amphibus.testing.")
_lock: Final = threading.Lock()
_open: Final[list["Reads"]] = []


class Reads:
    """The record of one harness. What it watches lives as long as it does, so that no identity is used twice."""

    def __init__(self) -> None:
        self._watched: dict[int, tuple[Value, str, str, str]] = {}
        self.found: dict[tuple[str, str], set[str]] = {}
        """Type of an event and module -> paths of the fields that it has read; none where it read nothing."""

    def observer(self, module: str) -> Callable[[Message], Message]:
        """Returns what takes each message before its handler, and hands on one of the module's own."""

        def handed(message: Message) -> Message:
            if kind_of(type(message)) != "event":
                return message
            own = message.model_copy(deep=True)
            type_, key = type(message).contract_type, type(message).contract_key
            # The runtime itself reads the key, whatever the handler does.
            self.found.setdefault((type_, module), set()).update([key] if key else [])
            self._watch(own, type_, module, "")
            return own

        return handed

    def note(self, value: Value, name: str, result: object, frame: FrameType) -> None:
        """Notes the reading of an attribute: of a field, or of all of them at once."""
        watched = self._watched.get(id(value))
        if watched is None:
            return
        _, type_, module, prefix = watched
        if name == "__dict__":
            if not _reader(frame).startswith(_NOT_A_HANDLER):
                self.found[type_, module].add(f"{prefix}{EVERYTHING}")
        elif name in type(value).model_fields:
            path = f"{prefix}{type(value).model_fields[name].serialization_alias or name}"
            self._inside(result, type_, module, path)
            if not _reader(frame).startswith("amphibus."):
                self.found[type_, module].add(path)

    def _watch(self, value: Value, type_: str, module: str, prefix: str) -> None:
        self._watched[id(value)] = (value, type_, module, prefix)

    def _inside(self, found: object, type_: str, module: str, path: str) -> None:
        """Watches the values in a field, too."""
        if isinstance(found, Value):
            self._watch(found, type_, module, f"{path}.")
        elif isinstance(found, tuple | list):
            for each in found:
                self._inside(each, type_, module, f"{path}[]")
        elif isinstance(found, Mapping):
            for each in found.values():
                self._inside(each, type_, module, f"{path}.*")

    def write(self, folder: Path) -> None:
        """Writes what was read, with the test that is running, into a file of its own."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0].partition("[")[0]
        rows = [
            {"type": type_, "module": module, "paths": sorted(paths), "test": test}
            for (type_, module), paths in sorted(self.found.items())
        ]
        if rows:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{new_id()}.json").write_text(json.dumps(rows), encoding="utf-8")


@contextmanager
def recorded(host: Host) -> Iterator[None]:
    """Records what the modules of a host read, if a folder for it is given."""
    folder = os.environ.get(FOLDER)
    if not folder:
        yield
        return
    reads = Reads()
    for name, hosted in host.modules.items():
        if name != GATEWAY:
            hosted.receiver.observe(reads.observer(name))
    with _lock:
        _open.append(reads)
        Value.__getattribute__ = _noted  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        with _lock:
            _open.remove(reads)
            if not _open:
                del Value.__getattribute__
        reads.write(Path(folder))


def _noted(self: Value, name: str) -> Any:
    found = object.__getattribute__(self, name)
    for each in _open:
        each.note(self, name, found, sys._getframe(1))  # noqa: SLF001 - who reads is known by nothing else
    return found


def _reader(frame: FrameType | None) -> str:
    """The module of the code that reads, behind the libraries that do so for it."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not f"{name}.".startswith(_LIBRARY):
            return f"{name}."
        frame = frame.f_back
    return ""
