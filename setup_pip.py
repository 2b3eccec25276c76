"""Puts pip into the environment that runs this, where Python has come without it.

`python setup_pip.py`: what `python -m ensurepip` does, which Debian keeps in a package of its own.
It needs Python alone, and takes the version of pip that requirements.lock names.
"""

import hashlib
import html
import os
import re
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen

LOCK = Path(__file__).with_name("requirements.lock")
INDEX = "https://pypi.org/simple"
SECONDS = 60.0


def main() -> None:
    """Fetches it, compares the hash and lets it install itself.

    Raises:
        OSError: the index cannot be reached.
        SystemExit: it has no such file, or another one under that name.
    """
    version, hashes = pinned(LOCK.read_text(encoding="utf-8"))
    name = f"pip-{version}-py3-none-any.whl"
    index = os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/") + "/pip/"
    address, page = fetched(index)
    link = re.search(rf'href="([^"#]*{re.escape(name)})["#]', page.decode())
    if link is None:
        sys.exit(f"{index} has no {name}")
    _, wheel = fetched(urljoin(address, html.unescape(link[1])))
    if hashlib.sha256(wheel).hexdigest() not in hashes:
        sys.exit(f"{name} of {index} is not the file that {LOCK.name} names")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(wheel)
        install = ("install", "--quiet", "--no-index", "--disable-pip-version-check", str(path))
        subprocess.run([sys.executable, path / "pip", *install], check=True)


def pinned(lock: str) -> tuple[str, set[str]]:
    """The version of pip in a lock, and the hashes of its files."""
    entry = re.search(r"^pip==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", lock, re.MULTILINE)
    if entry is None:
        sys.exit(f"{LOCK.name} does not pin pip")
    return entry[1], set(re.findall(r"[0-9a-f]{64}", entry[2]))


def fetched(url: str) -> tuple[str, bytes]:
    """Where something was found in the end, and what it is."""
    # A bare system has no certificates to check the server by. The hash says whether what came is
    # the right file, whoever sent it.
    anyone = ssl.create_default_context()
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    with urlopen(url, timeout=SECONDS, context=anyone) as answer:  # noqa: S310 - who runs it names it
        return answer.url, answer.read()


if __name__ == "__main__":
    main()
