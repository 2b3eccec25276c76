"""The wheel that this Amphibus was installed from: it travels with a project that no index could give it to."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit


def own_wheel() -> Path | None:
    """Returns the wheel, if it was a file of this machine and is there still."""
    try:
        noted = distribution("amphibus").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    url = urlsplit(str(json.loads(noted)["url"])) if noted else None
    if url is None or url.scheme != "file":
        return None
    path = Path(unquote(url.path))
    return path if path.suffix == ".whl" and path.is_file() else None
