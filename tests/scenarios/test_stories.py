"""Every story has one transcript, whatever carries its messages."""

from pathlib import Path

import pytest

from tests.modules.shop import Shop
from tests.scenarios.stories import STORIES
from tests.scenarios.transcript import transcript

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("transport", ["memory", "memory+wire"])
@pytest.mark.asyncio
async def test_a_story_is_the_same_on_every_transport(
    story: str, transport: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """After a change that was meant, `pytest tests/scenarios --rewrite` writes them anew."""
    async with Shop.opened(tmp_path, transport=transport) as shop:
        await shop.receive(LANTERN=10, BULB=100)
        await STORIES[story](shop)
        await shop.harness.settle()
        assert shop.nothing_failed()
    told = transcript(tmp_path)

    path = FOLDER / f"{story}.txt"
    if pytestconfig.getoption("rewrite"):
        path.write_text(told)
    assert told == path.read_text()


def test_every_transcript_belongs_to_a_story() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(STORIES)
