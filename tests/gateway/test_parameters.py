"""Paths, queries, methods and heads: what they must look like, and what is said of others."""

import json
from pathlib import Path

import pytest

from tests.gateway.reading_room import Room, loan, problem, reading_room, some_id, wrong_fields

pytestmark = pytest.mark.asyncio


async def test_the_path_fills_the_field_of_its_name(room: Room) -> None:
    identity = (await room.lend()).json()["loan_id"]
    path = f"/v1/loans/{identity.upper()}/renewals"
    for body in ({}, {"loan_id": None}, {"loan_id": identity}, {"loan_id": identity.upper()}):
        assert (await room.post(path, body)).json()["loan_id"] == identity


async def test_a_body_that_contradicts_the_path_is_refused(room: Room) -> None:
    answer = await room.post(f"/v1/loans/{some_id()}/renewals", {"loan_id": some_id()})
    assert wrong_fields(answer) == {"loan_id": "is not the one in the path"}


async def test_a_wrong_path_parameter_is_named_with_the_other_fields(room: Room) -> None:
    answer = await room.post("/v1/loans/17/renewals", {"weeks": 5})
    assert set(wrong_fields(answer)) == {"loan_id", "weeks"}
    assert set(wrong_fields(await room.get("/v1/loans/17"))) == {"loan_id"}


async def test_path_parameters_are_decoded_one_by_one(room: Room) -> None:
    """A shelf may be marked with anything, a slash and a percent sign too."""
    answer = await room.get("/v1/rooms/12/shelves/A%2F7%20%25%C3%BC%3F")
    assert answer.json() == {"room": 12, "mark": "A/7 %ü?"}
    assert set(wrong_fields(await room.get("/v1/rooms/0/shelves/x"))) == {"room"}
    assert set(wrong_fields(await room.get("/v1/rooms/one/shelves/x"))) == {"room"}
    assert (await room.get("/v1/rooms/1/shelves/")).status_code == 404
    assert (await room.get("/v1/rooms/1/shelves/%FF")).status_code == 400


async def test_query_parameters_are_read_by_their_names_on_the_wire(room: Room) -> None:
    answer = await room.get("/v1/loans?status=lent&limit=7&from=2026-03-01")
    assert json.loads(answer.json()["asked"]) == {
        "status": "lent",
        "limit": 7,
        "from": "2026-03-01",
    }


async def test_a_parameter_without_a_value_counts_as_absent(room: Room) -> None:
    answer = await room.get("/v1/loans?status=&limit=&from=")
    assert json.loads(answer.json()["asked"]) == {"status": None, "limit": None, "from": None}


async def test_every_wrong_parameter_is_named_at_once(room: Room) -> None:
    answer = await room.get("/v1/loans?status=lost&limit=0&limit=7&from_=2026-03-01&page=2")
    assert wrong_fields(answer) == {
        "status": "must be 'pending' or 'lent'",
        "limit": "must be greater than or equal to 1",
        "from_": "is not a parameter; known are status, limit, from; did you mean from?",
        "page": "is not a parameter; known are status, limit, from",
    }
    assert "limit" in [each["field"] for each in problem(answer)["errors"][:1]]


@pytest.mark.parametrize(
    "limit", ["1_0", "%2B7", "+7", "7.0", "07", "%EF%BC%97", "7e0", "0x7", "9" * 5000]
)
async def test_a_number_is_read_as_the_schema_writes_it(room: Room, limit: str) -> None:
    """And not as Python does."""
    assert set(wrong_fields(await room.get(f"/v1/loans?limit={limit}"))) == {"limit"}
    assert (await room.get(f"/v1/rooms/{limit}/shelves/x")).status_code == 422


async def test_a_parameter_given_twice_is_refused(room: Room) -> None:
    answer = await room.get("/v1/loans?limit=5&limit=5")
    assert wrong_fields(answer) == {"limit": "is given more than once"}


async def test_a_parameter_of_the_path_is_none_of_the_query(room: Room) -> None:
    identity = some_id()
    answer = await room.get(f"/v1/loans/{identity}?loan_id={identity}")
    assert wrong_fields(answer) == {"loan_id": "is not a parameter; none is known here"}


async def test_a_page_has_no_more_items_than_the_settings_allow(room: Room) -> None:
    assert (await room.get("/v1/loans?limit=200")).status_code == 200
    answer = await room.get("/v1/loans?limit=201")
    assert wrong_fields(answer) == {"limit": "must be 200 at most"}


@pytest.mark.parametrize("query", ["limit=%FF", "%FF=1", "&".join("a=1" for _ in range(101))])
async def test_a_query_string_that_cannot_be_read_is_refused(room: Room, query: str) -> None:
    assert (await room.get(f"/v1/loans?{query}")).status_code == 400


async def test_no_such_path_says_where_they_are_listed(room: Room) -> None:
    for path in ("/", "/v1", "/v1/loans/", "/v1/loans/a/b", "//", "/v1/%2e%2e/loans"):
        answer = await room.get(path)
        assert answer.status_code == 404
        assert "/docs" in problem(answer)["detail"]


async def test_a_method_that_does_not_fit_is_told_which_do(room: Room) -> None:
    answer = await room.client.delete("/v1/loans")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert problem(answer)["detail"] == "allowed are GET, HEAD, OPTIONS, POST"
    assert (await room.client.get(f"/v1/loans/{some_id()}/close")).headers["allow"] == (
        "OPTIONS, POST"
    )


async def test_options_lists_the_methods(room: Room) -> None:
    answer = await room.client.options("/v1/loans")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_head_is_get_without_the_body(room: Room) -> None:
    for path in ("/v1/loans", "/livez", "/nowhere"):
        got, head = await room.get(path), await room.client.head(path)
        assert head.status_code == got.status_code
        assert head.content == b""
        assert head.headers["content-type"] == got.headers["content-type"]


async def test_a_trace_is_continued(room: Room) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await room.post("/v1/loans", loan(), headers={"traceparent": trace})
    version, trace_id, span, flags = answer.headers["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", "0af7651916cd43dd8448eb211c80319c", "01")
    assert span != "b7ad6b7169203331"
    assert room.owner.traces[0].split("-")[1] == trace_id


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ],
)
async def test_what_is_no_trace_begins_a_new_one(room: Room, sent: str) -> None:
    answer = await room.get("/v1/loans", traceparent=sent)
    assert "0af7651916cd43dd8448eb211c80319c" not in answer.headers["traceparent"]
    assert len(answer.headers["traceparent"]) == 55


async def test_a_trace_of_a_later_version_is_continued_as_far_as_it_is_known(room: Room) -> None:
    sent = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-will-be"
    answer = await room.get("/v1/loans", traceparent=sent)
    assert answer.headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")


async def test_answers_are_neither_stored_nor_guessed_at(room: Room) -> None:
    """They may hold personal data."""
    for answer in (await room.get("/v1/loans"), await room.get("/nowhere"), await room.lend()):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]


async def test_a_query_whose_owner_is_away_may_be_asked_again(lonely: Room) -> None:
    answer = await lonely.get("/v1/loans")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert problem(answer)["type"] == "urn:amphibus:problem:away"


async def test_a_query_that_is_not_answered_in_time_changed_nothing(tmp_path: Path) -> None:
    async with reading_room(tmp_path, request_timeout_seconds=0.02) as room:
        room.owner.open.clear()
        answer = await room.get("/v1/loans")
        assert answer.status_code == 504
        assert "nothing was changed" in problem(answer)["detail"]


async def test_a_query_whose_owner_fails_is_told_so_and_no_more(room: Room) -> None:
    room.owner.breaks = True
    answer = await room.get("/v1/loans")
    assert answer.status_code == 502
    assert "roof" not in problem(answer)["detail"]
