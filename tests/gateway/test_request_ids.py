"""The id of a repeated request's message: the same wherever it comes again, and told in advance by nobody outside."""

from pathlib import Path
from typing import Any

import pytest

from amphibus.access.request_ids import RequestIds
from amphibus.gateway import accepted_store
from amphibus.messages.ids import derived_id
from tests.gateway.reading_room import Room, reading_room, some_id

pytestmark = pytest.mark.asyncio
SHARED = {"gateway.idempotency_secret": "a secret that all gateways have, of 32 characters or more"}


async def lent(room: Room, **asked: Any) -> str:
    """Borrows a book; returns the id of the message."""
    answer = await room.lend(**asked)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["x-request-id"])


async def forget_requests(room: Room) -> None:
    """Forgets what was accepted, as retention does; the owner's inbox knows it for longer."""
    await room.harness.host.modules["gateway"].store.writer.sql.run("DELETE FROM amphibus_accepted")


@pytest.mark.parametrize("asked", [{"key": "k-1"}, {"loan_id": some_id()}])
async def test_another_system_gives_the_same_request_another_id(
    tmp_path: Path, asked: dict[str, str]
) -> None:
    """Whoever knows who asks, the route and the key cannot tell the id, and take it before."""
    found = set()
    for folder in ("here", "there"):
        async with reading_room(tmp_path / folder) as room:
            found.add(await lent(room, **asked))
    assert len(found) == 2
    assert derived_id("anonymous", "POST /v1/loans", "k-1") not in found


@pytest.mark.parametrize("asked", [{"key": "k-1"}, {"loan_id": some_id()}])
async def test_it_is_the_same_after_a_restart_though_the_request_is_forgotten(
    tmp_path: Path, asked: dict[str, str]
) -> None:
    """So the owner's inbox still recognises it."""
    async with reading_room(tmp_path) as room:
        first = await lent(room, **asked)
        await forget_requests(room)
    async with reading_room(tmp_path) as room:
        assert await lent(room, **asked) == first
        assert room.owner.handled == []


async def test_gateways_without_a_common_database_agree_by_a_secret_in_their_settings(
    tmp_path: Path,
) -> None:
    found = set()
    for folder in ("here", "there"):
        async with reading_room(tmp_path / folder, settings=SHARED) as room:
            found.add(await lent(room, key="k-1"))
    assert len(found) == 1


async def test_a_request_of_an_older_version_is_known_under_its_old_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That version derived ids from who asks, the route and the key alone. Some were answered, some died on it."""
    own = some_id()
    with monkeypatch.context() as older:
        older.setattr(RequestIds, "of", lambda _self, *parts: derived_id(*parts))
        older.setattr(accepted_store, "digests_of", _digests_of_an_older_version)
        async with reading_room(tmp_path) as room:
            answered, named = await room.lend(key="answered"), await room.lend(loan_id=own)
            died = await room.lend(key="died")
            renewed = await room.post(f"{died.headers['location']}/renewals", {}, key="renewed")
            await room.harness.host.modules["gateway"].store.writer.sql.run(
                "UPDATE amphibus_accepted SET status = NULL, answer = NULL WHERE message_id <> ?",
                answered.headers["x-request-id"],
            )
    async with reading_room(tmp_path) as room:
        for first, again in (
            (answered, await room.lend(key="answered")),
            (named, await room.lend(loan_id=own)),
            (died, await room.lend(key="died")),
            (renewed, await room.post(f"{died.headers['location']}/renewals", {}, key="renewed")),
        ):
            for name in ("x-request-id", "location"):
                assert again.headers.get(name) == first.headers.get(name)
            assert (again.status_code, again.content) == (first.status_code, first.content)
        assert room.owner.handled == []


def _digests_of_an_older_version(
    key: str | None, own: str | None, digest: bytes, _whose: str
) -> dict[str, bytes]:
    return {each: digest for each in (key, own) if each}


async def test_parts_count_with_their_lengths_and_every_id_is_a_uuid() -> None:
    ids = RequestIds(lambda: b"s" * 32)
    found = {ids.of(*parts) for parts in (("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"))}

    assert len(found) == 4
    assert {each[14] for each in found} == {"8"}
    assert {each[19] in "89ab" for each in found} == {True}
