"""The control store of modules whose databases are files: a file beside them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphibus.clock import SystemClock
from amphibus.database.control.revisions import (
    NOTHING,
    TABLE,
    Revision,
    add_revision,
    revisions,
)
from amphibus.database.sqlite.sql import SqliteSql
from amphibus.errors import StoreError

NAME: Final = "live-settings.db"
"""A name that no module can have."""
_READ_SECONDS: Final = 0.05
"""Whoever reads waits for a writer with its whole process."""
_WRITE_SECONDS: Final = 5.0


class FileControl:
    """Opens the file for each question: it may be put back from a copy at any time."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / NAME

    async def latest(self) -> Revision:
        """Returns the settings as they are meant to be now; none where there is no file.

        Raises:
            sqlite3.Error: it is damaged, or is being written for long.
        """
        return next(iter(await self.revisions(1)), NOTHING)

    async def revisions(self, limit: int) -> list[Revision]:
        """Returns the revisions, newest first."""
        if not self.path.exists():
            return []
        with self._opened("rw", _READ_SECONDS) as raw:
            return await revisions(SqliteSql(raw), "", limit)

    async def make(self) -> None:
        """Makes the file where there is none.

        Raises:
            StoreError: it cannot be made, or is something else.
        """
        with self._explained(), self._opened("rwc", _WRITE_SECONDS) as raw:
            raw.execute("PRAGMA synchronous = FULL")
            raw.execute(TABLE.format(""))

    async def commit(self, wanted: Revision) -> None:
        """Adds a revision, at one stroke.

        Raises:
            Overtaken: another one follows the same; nothing was changed.
            StoreError: it cannot be written.
        """
        with self._explained(), self._opened("rw", _WRITE_SECONDS) as raw:
            raw.execute("PRAGMA synchronous = FULL")
            await add_revision(SqliteSql(raw), "", wanted)

    async def now(self) -> int:
        """Returns the time of this machine."""
        return SystemClock().now()

    @contextmanager
    def _opened(self, mode: str, seconds: float) -> Iterator[sqlite3.Connection]:
        """A connection in which each statement is a transaction; one that was broken off is undone by `rw`."""
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        raw = sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)
        try:
            yield raw
        finally:
            raw.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path} cannot be written", str(error), f"ls -l {self.path}"
            ) from error
