"""What every answer tells browsers, and what a request must say of itself."""

import pytest

from tests.gateway.reading_room import Room

pytestmark = pytest.mark.asyncio
_EVERYWHERE = ("/v1/books", "/nowhere", "/livez", "/metrics", "/openapi.json", "/docs")


@pytest.mark.parametrize("path", _EVERYWHERE)
async def test_every_answer_protects_the_people_whose_browser_shows_it(
    room: Room, path: str
) -> None:
    answer = await room.client.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers


async def test_a_browser_that_came_by_tls_is_told_to_come_by_it_again(room: Room) -> None:
    by_tls = await room.client.get("/livez", headers={"X-Forwarded-Proto": "https"})

    assert by_tls.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "strict-transport-security" not in (await room.client.get("/livez")).headers


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_that_is_not_said_to_be_json_is_refused(room: Room, kind: str | None) -> None:
    """Those a page of elsewhere may send in the name of whoever looks at it."""
    request = room.client.build_request("POST", "/v1/loans", content=b"{}")
    if kind is not None:
        request.headers["Content-Type"] = kind

    assert (await room.client.send(request)).status_code == 415
