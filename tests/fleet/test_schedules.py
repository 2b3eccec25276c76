"""`amphibus schedules`: the same answer from a process and from its store at rest."""

from typing import Any

import pytest

from tests.distributed.commands import free_ports, running, until
from tests.distributed.conftest import Kiosk
from tests.fleet.commands import answers, said

_SCHEDULED = """
schedules=(
    every("0 6 * * 1-5", shelf.Sell, timezone="Europe/London", name="restock", make=cup),
    every("300d", shelf.Sell, name="spring_cleaning", make=cup),
),
"""


def scheduled(kiosk: Kiosk) -> None:
    """Gives the shelf two schedules."""
    page = kiosk.root / "modules/shelf/module.py"
    text = page.read_text().replace("Module, on", "Module, every, on")
    text = text.replace("publishes=(shelf.Sold,)", f"publishes=(shelf.Sold,),{_SCHEDULED}")
    text = text.replace(
        "async def sell",
        'def cup(_: Any) -> shelf.Sell:\n    return shelf.Sell(item="cup")\n\n\nasync def sell',
    )
    page.write_text(text)


def _sold(kiosk: Kiosk) -> int:
    (status,) = answers(kiosk.root, kiosk.environ, "db status")
    return int(next(each["handled"] for each in status if each["module"] == "till"))


@pytest.mark.full
def test_it_says_the_same_while_the_module_runs_and_at_rest(kiosk: Kiosk) -> None:
    scheduled(kiosk)
    look: Any = (kiosk.root, kiosk.environ)
    port = str(free_ports(1))
    ((checked, _, _),) = said(*look, ["check", "--fix"])
    with running(kiosk.root, "--port", port, environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        ran, paused = answers(
            *look,
            "schedules run restock",
            "schedules pause spring_cleaning --reason winter",
        )
        until(lambda: _sold(kiosk) == 1, "it was sent by hand")
        (alive,) = answers(*look, "schedules list")
        page = said(*look, ["schedules", "list"], ["modules", "shelf"])
        assert shop.stop() == 0
    (resting,) = answers(*look, "schedules list shelf")
    again, resumed = answers(*look, "schedules run restock", "schedules resume spring_cleaning")
    (unknown,) = said(*look, ["schedules", "run", "restok"])
    with running(kiosk.root, "--port", port, environ=kiosk.environ) as shop:
        shop.until_said("  Try  ")
        until(lambda: _sold(kiosk) == 2, "what was asked for at rest is sent")
        (at_the_end,) = answers(*look, "schedules list")
        assert shop.stop() == 0

    assert checked == 0
    assert alive == resting
    assert [each["name"] for each in alive] == ["restock", "spring_cleaning"]
    assert ran[0]["module"] == "shelf"
    assert (alive[0]["asked"], alive[0]["last"] is None) == (None, False)
    assert alive[0]["next"] > alive[0]["last"]
    assert (paused[0]["next"], paused[0]["reason"]) == (None, "winter")
    assert "At 06:00 on Monday through Friday, Europe/London" in page[0][1]
    assert "paused since" in page[0][1]
    assert "schedule restock" in page[1][1]
    assert again[0]["asked"] is not None
    assert resumed[0]["paused"] is None
    assert [each["asked"] for each in at_the_end] == [None, None]
    assert at_the_end[1]["next"] is not None
    assert unknown[0] == 2
    assert "did you mean restock?" in unknown[2]
