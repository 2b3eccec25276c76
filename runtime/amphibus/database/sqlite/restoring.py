"""Tells databases that a restore was replacing when it was killed: some are of before, and some of the backup."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphibus.database.durable_files import sync_file
from amphibus.errors import StoreError

_NAME: Final = "restore.unfinished"


@contextmanager
def half_restored(data_dir: Path, source: Path) -> Iterator[None]:
    """Says in the folder of databases, until the end of the block, that a restore has replaced only some of them.

    If the block fails, or its process is killed, it stays said.
    """
    mark = data_dir / _NAME
    try:
        mark.write_text(f"{source.absolute()}\n")
        sync_file(mark)
        sync_file(data_dir)
    except BaseException:
        mark.unlink(missing_ok=True)
        raise
    yield
    mark.unlink()
    sync_file(data_dir)


def refuse_half_restored(data_dir: Path) -> None:
    """Refuses databases of two moments; another restore brings them to one.

    Raises:
        StoreError: a restore was broken off between them.
    """
    try:
        source = (data_dir / _NAME).read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return
    raise StoreError(
        f"the databases in {data_dir} are of two moments",
        "a restore was broken off when it had replaced some of them; what was there before is kept beside them",
        f"amphibus db restore --from {shlex.quote(source or 'FOLDER')}",
    )
