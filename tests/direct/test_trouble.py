"""Where requests cannot go directly, it is said once, and they go over the broker."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.direct.conftest import Street, query

pytestmark = pytest.mark.asyncio


async def test_a_directory_that_cannot_be_used_is_told_of_once(
    street: Street, tmp_path: Path
) -> None:
    """It is tried again, and used once it can be."""
    (tmp_path / "direct").write_text("in the way")
    with capture_logs() as lines:
        desk = await street.process("desk")
        gateway = await street.process("gateway", net=True)
        await gateway.look()
        await gateway.look()
        await gateway.ask(query())
    told = [each for each in lines if each["event"] == "process.warning"]
    assert [each["what"] for each in told] == ["requests go over the broker, and not directly"] * 2
    (tmp_path / "direct").unlink()
    await desk.look()
    await gateway.look()
    await gateway.ask(query())

    assert gateway.ways == ["broker", "direct"]


async def test_a_process_whose_port_is_taken_asks_all_the_same(street: Street) -> None:
    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    await street.process("desk")
    with capture_logs() as lines:
        gateway = await street.process("gateway", direct={"port": port})
    await gateway.ask(query())
    taken.close()

    assert f"port {port} cannot be listened on" in lines[0]["what"]
    assert gateway.ways == ["direct"]


async def test_a_directory_that_is_away_for_a_while_changes_nothing(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known stays known."""
    await street.process("desk", directory=street.board())
    board = street.board()
    gateway = await street.process("gateway", directory=board)

    async def away(_own: object) -> None:
        raise ConnectionError("the server is away")

    monkeypatch.setattr(board, "beat", away)
    await gateway.look()
    await gateway.ask(query())
    assert gateway.ways == ["direct"]
