"""Addresses as they may be typed: one that has a password stands in a file."""

from pathlib import Path
from urllib.parse import urlsplit


def addressed(url: str, folder: Path) -> str:
    """Returns an address, or `@FILE` for one with a password."""
    if urlsplit(url).password in (None, "guest"):
        return url
    file = folder / "address"
    file.write_text(url)
    file.chmod(0o600)
    return f"@{file}"
