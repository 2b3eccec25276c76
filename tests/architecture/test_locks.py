"""What is installed is pinned: for uv in uv.lock, for pip in requirements.lock."""

import re
import tomllib

from tests.architecture.tree import ROOT

REMEDY = "uv export --frozen --no-emit-workspace --no-annotate --output-file requirements.lock"


def test_uv_lock_names_the_default_hosts_and_no_other() -> None:
    """A lock made where another index is configured names that, and others may not reach it."""
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))

    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_requirements_lock_names_no_host() -> None:
    """pip takes the index from whoever runs it; the hashes say whether it was the right file."""
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_requirements_lock_agrees_with_uv_lock() -> None:
    """Otherwise a machine without uv runs something else than a machine with it."""
    assert _pinned_for_pip() == _pinned_for_uv(), f"type: {REMEDY}"


def _pinned_for_uv() -> dict[str, set[str]]:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {
        f"{package['name']}=={package['version']}": {
            file["hash"] for file in [*package.get("wheels", []), package.get("sdist")] if file
        }
        for package in packages
        if "registry" in package["source"]
    }


def _pinned_for_pip() -> dict[str, set[str]]:
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {re.split(r"[ ;]", line)[0]: set(re.findall(r"--hash=(\S+)", line)) for line in lines}
