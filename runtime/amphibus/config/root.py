"""The root of a project: the folder that holds `config/amphibus.toml`."""

from pathlib import Path
from typing import Final

from amphibus.errors import NoProject

MARK: Final = Path("config/amphibus.toml")


def project_root(start: Path) -> Path:
    """The project's root: `start` or the nearest folder above it. Nothing of the project is loaded.

    Raises:
        NoProject: none of them holds `config/amphibus.toml`.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / MARK).is_file():
            return folder
    raise NoProject(
        f"no Amphibus project in {start}",
        f"neither it nor a folder above it holds {MARK}: change to one that does, or begin a project",
        "amphibus new NAME",
    )
