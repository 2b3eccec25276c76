"""Every operation of the shop's OpenAPI document, as schemathesis tries it on a shop that runs."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from amphibus.admin.inspection import in_file
from tests.distributed.commands import free_ports, running
from tests.modules.shop import ROOT

_LEFT_OUT: Final = {
    "ignored_auth": "a program on this machine is the developer; tests/access/test_matrix.py asks as everybody",
    "positive_data_acceptance": "the shop refuses an article that nobody sells, which no schema can say",
}
_STREAM: Final = "/events$"
"""Its document says what the whole stream is, a text; schemathesis takes that for each event."""


@pytest.mark.full
@pytest.mark.timeout(900)
def test_every_operation_answers_as_its_document_says(tmp_path: Path) -> None:
    """No fault of ours, no answer that is not declared, and nothing is taken that the document forbids."""
    port, folder = free_ports(3), tmp_path / "var"
    options = ("--data-dir", str(folder), "--port", str(port))
    with running(ROOT, *options, environ={}, said=tmp_path) as shop:
        shop.until_said("  Try  ", 300)
        ended = subprocess.run(
            [
                *(Path(sys.executable).with_name("schemathesis"), "run"),
                *(f"http://127.0.0.1:{port}/openapi.json", "--seed", "1", "--max-examples", "20"),
                *("--phases", "examples,coverage,fuzzing", "--exclude-path-regex", _STREAM),
                *("--exclude-checks", ",".join(_LEFT_OUT), "--request-timeout", "60"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        assert "http.failed" not in shop.err
        for module in ("catalog", "orders", "inventory", "payments", "notifications", "reporting"):
            assert in_file(folder / f"{module}.db", "SELECT id FROM amphibus_dead") == []
