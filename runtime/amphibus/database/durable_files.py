"""Files that outlive a loss of power."""

import os
from pathlib import Path


def sync_file(path: Path) -> None:
    """Makes a file, or the names in a folder, outlive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
