"""Whatever is sent, the answer is an answer: never a fault of ours."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.gateway.reading_room import Room, loan, problem, reading_room

pytestmark = pytest.mark.asyncio
relaxed = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
text = st.text(max_size=60)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | text
anything = st.recursive(
    leaves,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(text, each, max_size=4),
    max_leaves=12,
)
field = st.sampled_from(["loan_id", "member", "books", "weeks", "name", "title", "copies"])
nearly = st.recursive(
    leaves | st.just("3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(field | text, each, max_size=5),
    max_leaves=15,
)


@pytest_asyncio.fixture(scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    folder: Path = tmp_path_factory.mktemp("anything")
    async with reading_room(folder, accept_within_seconds=0.05) as open_room:
        yield open_room


def is_an_answer(response: Any) -> None:
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        problem(response)
    else:
        response.json()


@relaxed
@given(st.binary(max_size=300))
async def test_any_bytes_may_be_a_body(room: Room, content: bytes) -> None:
    is_an_answer(await room.post("/v1/loans", content=content))


@relaxed
@given(
    anything | nearly,
    st.sampled_from(["loans", "loans/3fa85f64-5717-4562-b3fc-2c963f66afa6/renewals"]),
)
async def test_any_json_may_be_a_body(room: Room, body: Any, path: str) -> None:
    content = json.dumps(body).encode()
    is_an_answer(await room.post(f"/v1/{path}", content=content))


@relaxed
@given(nearly, nearly)
async def test_any_part_may_be_wrong(room: Room, member: Any, book: Any) -> None:
    body = loan(member={"name": "Ada", "since": member}, books=[{"title": book}, book])
    is_an_answer(await room.post("/v1/loans", content=json.dumps(body).encode()))


@relaxed
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
async def test_any_text_may_stand_in_a_path(room: Room, mark: str) -> None:
    assume(mark not in {".", ".."})  # a client takes these out of a path: RFC 3986, 5.2.4
    answer = await room.get(f"/v1/rooms/1/shelves/{quote(mark, safe='')}")
    is_an_answer(answer)
    if 1 <= len(mark) <= 40:
        assert answer.json()["mark"] == mark


@relaxed
@given(
    st.lists(st.tuples(st.sampled_from(["status", "limit", "from"]) | text, text), max_size=5),
)
async def test_any_query_may_be_asked(room: Room, pairs: list[tuple[str, str]]) -> None:
    query = "&".join(
        f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in pairs
    )
    is_an_answer(await room.get(f"/v1/loans?{query}"))


@relaxed
@given(
    st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=300)
)
async def test_any_key_is_taken_or_refused(room: Room, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await room.client.post("/v1/loans", json=loan(), headers=headers)
    is_an_answer(answer)
    visible = 1 <= len(key) <= 255 and all("!" <= each <= "~" for each in key)
    assert (answer.status_code == 202) is visible
