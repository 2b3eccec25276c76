"""The console on an address of a network, where nobody would ask who comes in."""

from pathlib import Path

import httpx

from tests.distributed.commands import free_ports, running
from tests.pages.stand import write_stand


def test_there_is_none_where_everybody_may_do_everything(tmp_path: Path) -> None:
    port = free_ports(1)
    options = ("--host", "0.0.0.0", "--open", "--port", str(port))
    with running(write_stand(tmp_path / "stand"), *options, environ={}) as command:
        command.until_said("  Try  ")
        answers = [
            httpx.get(f"http://127.0.0.1:{port}{path}", timeout=100)
            for path in ("/console", "/console/failed", "/console/stream")
        ]

        assert [each.status_code for each in answers] == [404] * 3
        assert "Console" not in command.out
