"""A route that ends says so, in every answer and in the description."""

import pytest

from tests.gateway.documented import description
from tests.gateway.reading_room import Room

_PATH = "/v1/rooms/{room}/shelves/{mark}"


@pytest.mark.asyncio
async def test_every_answer_of_a_deprecated_route_tells_its_days(room: Room) -> None:
    """As RFC 9745 and RFC 8594 have it; a refusal too."""
    answered = await room.get("/v1/rooms/1/shelves/A")
    wrong = await room.get("/v1/rooms/0/shelves/A")
    other = await room.get("/v1/loans")

    assert (answered.status_code, wrong.status_code, other.status_code) == (200, 422, 200)
    for each in (answered, wrong):
        assert each.headers["deprecation"] == "@1767225600"
        assert each.headers["sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"
    assert not {"deprecation", "sunset"} & set(other.headers)


def test_the_description_says_it_too() -> None:
    operation = description()["paths"][_PATH]["get"]

    assert (operation["deprecated"], operation["x-sunset"]) == (True, "2027-07-01")
    assert (
        "deprecated since 2026-01-01, ends on 2027-07-01; use library.FindShelf.v1"
        in (operation["description"])
    )
    assert "deprecated" not in description()["paths"]["/v1/loans"]["get"]
