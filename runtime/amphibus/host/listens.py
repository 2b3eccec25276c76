"""The note of where a process listens, for health checks that read it without starting Python."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from amphibus.config.addresses import local_url


def note_listening(data_dir: Path, modules: Iterable[str], url: str) -> None:
    """Notes the address of this process for each of its modules; a folder that cannot be written takes none."""
    at = urlsplit(url)
    local = urlsplit(local_url(at.hostname or "", at.port or 0))
    with contextlib.suppress(OSError):
        folder = data_dir / "run"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for module in modules:
            draft = folder / f".{module}.listens"
            draft.write_text(f"{local.hostname} {local.port}\n", encoding="utf-8")
            draft.replace(folder / f"{module}.listens")
