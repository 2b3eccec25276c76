"""Commands over HTTP: accepted durably, done once, answered the same."""

import asyncio
from pathlib import Path

import pytest

from tests.gateway.reading_room import Room, loan, problem, reading_room, some_id

pytestmark = pytest.mark.asyncio


async def test_a_stored_command_is_answered_by_its_owner_and_can_be_read_at_once(
    room: Room,
) -> None:
    answer = await room.lend()
    assert answer.status_code == 202
    assert answer.json() == {"loan_id": answer.json()["loan_id"], "status": "accepted"}
    read = await room.get(answer.headers["location"])
    assert read.json()["status"] == "lent"


async def test_a_stored_command_is_accepted_while_its_owner_is_away(lonely: Room) -> None:
    answer = await lonely.lend()
    assert answer.status_code == 202
    assert answer.json()["status"] == "accepted"
    (kept,) = lonely.harness.outgoing()
    assert kept.type == "library.Lend.v1"
    assert kept.id == answer.json()["loan_id"] == answer.headers["x-request-id"]


async def test_what_was_accepted_can_be_read_before_it_has_reached_its_owner(lonely: Room) -> None:
    answer = await lonely.lend()
    read = await lonely.get(answer.headers["location"])
    assert read.status_code == 200
    assert read.json()["status"] == "pending"
    assert read.json()["books"] == [{"title": "Notes", "copies": 1, "deposit": "0"}]
    assert read.json()["member"]["name"] == "Ada"


async def test_what_was_never_accepted_is_not_pending(lonely: Room, room: Room) -> None:
    assert (await lonely.get(f"/v1/loans/{some_id()}")).status_code == 503
    assert (await room.get(f"/v1/loans/{some_id()}")).status_code == 404


async def test_what_was_accepted_and_failed_is_said_to_be_so_at_its_own_location(
    room: Room,
) -> None:
    """A 404 would say that it never was."""
    room.owner.breaks = True
    answer = await room.lend(key="k")
    assert answer.status_code == 202
    room.owner.breaks = False
    read = await room.get(answer.headers["location"])
    assert read.status_code == 503
    assert problem(read)["type"] == "urn:amphibus:problem:accepted-not-done"
    assert answer.headers["x-request-id"] in problem(read)["detail"]


async def test_what_was_refused_was_never_there(room: Room) -> None:
    identity = some_id()
    refused = await room.lend(loan_id=identity, member={"name": "Banned"})
    assert refused.status_code == 403
    assert (await room.get(f"/v1/loans/{identity}")).status_code == 404


async def test_a_path_in_capitals_finds_what_is_pending(lonely: Room) -> None:
    """A UUID has many spellings and one meaning."""
    answer = await lonely.lend(loan_id=some_id().upper())
    identity = answer.json()["loan_id"]
    assert (await lonely.get(f"/v1/loans/{identity.upper()}")).json()["loan_id"] == identity


async def test_the_refusal_of_a_stored_command_is_its_answer(room: Room) -> None:
    answer = await room.lend(member={"name": "Banned"}, key="k")
    assert answer.status_code == 403
    assert problem(answer)["code"] == "banned"
    assert problem(answer)["title"] == "Banned"
    assert problem(answer)["detail"] == "not before May"
    assert "location" not in answer.headers
    again = await room.lend(member={"name": "Banned"}, key="k")
    assert (again.status_code, again.content) == (403, answer.content)
    assert room.owner.handled == ["lend"]


@pytest.mark.parametrize("owner", ["there", "away"])
async def test_the_same_key_and_body_get_the_stored_answer(
    owner: str, room: Room, lonely: Room
) -> None:
    """A client that lost the answer asks again and must not borrow twice."""
    here = room if owner == "there" else lonely
    first = await here.lend(key="k-1")
    again = await here.post(
        "/v1/loans",
        content=b'{ "books":[{"title":"Notes"}],\n "member": {"name": "\\u0041da"} }',
        key="k-1",
    )
    assert again.status_code == first.status_code == 202
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(here.harness.outgoing()) == 1


async def test_the_same_key_with_another_body_is_refused(room: Room) -> None:
    await room.lend(key="k-1")
    other = await room.lend(key="k-1", member={"name": "Grace"})
    assert other.status_code == 422
    assert problem(other)["type"] == "urn:amphibus:problem:key-reused"


async def test_the_same_key_at_another_path_is_another_request(room: Room) -> None:
    one, two = [(await room.lend()).json()["loan_id"] for _ in range(2)]
    first = await room.post(f"/v1/loans/{one}/renewals", {}, key="k")
    second = await room.post(f"/v1/loans/{two}/renewals", {}, key="k")
    assert first.status_code == second.status_code == 202
    assert first.json()["renewal_id"] != second.json()["renewal_id"]


async def test_a_business_id_counts_where_there_is_no_key(room: Room) -> None:
    identity = some_id()
    first = await room.lend(loan_id=identity)
    again = await room.lend(loan_id=identity)
    assert first.json()["loan_id"] == identity
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    other = await room.lend(loan_id=identity, member={"name": "Grace"})
    assert other.status_code == 409
    assert problem(other)["type"] == "urn:amphibus:problem:id-taken"


async def test_a_business_id_is_known_again_after_it_came_with_a_key(room: Room) -> None:
    identity = some_id()
    first = await room.lend(loan_id=identity, key="k")
    again = await room.lend(loan_id=identity)
    assert again.content == first.content
    assert again.headers["x-request-id"] == first.headers["x-request-id"]
    assert room.owner.handled == ["lend"]


async def test_an_id_that_was_given_out_cannot_be_taken(room: Room) -> None:
    identity = (await room.lend()).json()["loan_id"]
    assert (await room.lend(loan_id=identity)).status_code == 409


async def test_without_key_and_id_each_request_is_its_own(room: Room) -> None:
    first, second = await room.lend(), await room.lend()
    assert first.json()["loan_id"] != second.json()["loan_id"]


async def test_a_null_id_counts_as_absent(room: Room) -> None:
    first = await room.lend(loan_id=None, key="k")
    again = await room.lend(key="k")
    assert again.content == first.content


async def test_a_request_that_is_still_running_is_said_to_be(room: Room) -> None:
    room.owner.open.clear()
    first = asyncio.create_task(room.lend(key="k"))
    await room.owner.asked.wait()
    second = await room.lend(key="k")
    assert second.status_code == 409
    assert problem(second)["type"] == "urn:amphibus:problem:running"
    assert second.headers["retry-after"] == "1"
    room.owner.open.set()
    assert (await room.lend(key="k")).status_code in (202, 409)
    assert (await first).status_code == 202
    assert (await room.lend(key="k")).headers["idempotent-replayed"] == "true"


async def test_many_at_once_with_one_key_are_done_once(room: Room) -> None:
    answers = await asyncio.gather(*[room.lend(key="k") for _ in range(20)])
    assert {answer.status_code for answer in answers} <= {202, 409}
    accepted = {answer.content for answer in answers if answer.status_code == 202}
    assert len(accepted) == 1
    assert room.owner.handled == ["lend"]


async def test_a_decided_command_gives_its_owner_s_answer(room: Room) -> None:
    identity = (await room.lend()).json()["loan_id"]
    answer = await room.post(f"/v1/loans/{identity}/renewals", {"weeks": 2})
    assert answer.status_code == 202
    assert answer.json()["loan_id"] == identity
    assert answer.json()["renewal_id"] == answer.headers["x-request-id"]
    assert answer.json()["weeks"] == 2


async def test_a_decided_command_needs_no_body_if_the_path_says_all(room: Room) -> None:
    answer = await room.post(f"/v1/loans/{some_id()}/close", content=b"")
    assert (answer.status_code, answer.json()) == (202, {})


async def test_a_refusal_has_the_status_that_its_contract_declares(room: Room) -> None:
    nowhere = await room.post(f"/v1/loans/{some_id()}/renewals", {})
    assert nowhere.status_code == 404
    assert problem(nowhere)["code"] == "loan_not_found"
    assert problem(nowhere)["title"] == "Loan not found"
    identity = (await room.lend()).json()["loan_id"]
    too_often = await room.post(f"/v1/loans/{identity}/renewals", {"weeks": 4}, key="k")
    assert too_often.status_code == 409
    again = await room.post(f"/v1/loans/{identity}/renewals", {"weeks": 4}, key="k")
    assert again.content == too_often.content
    assert room.owner.handled.count("renew") == 2


async def test_a_decided_command_whose_owner_is_away_is_not_kept(lonely: Room) -> None:
    """It would be decided at a time when nobody expects it any more."""
    path = f"/v1/loans/{some_id()}/renewals"
    for _ in range(2):
        answer = await lonely.post(path, {"weeks": 2}, key="k")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert problem(answer)["detail"] == "who decides this is away; nothing was done; try again"
    assert (await lonely.post(path, {"weeks": 3}, key="k")).status_code == 503
    assert lonely.harness.outgoing() == []


async def test_no_answer_in_time_may_mean_that_it_was_done(tmp_path: Path) -> None:
    """Asked again with the same key, the answer is that of the first time, and it was done once."""
    async with reading_room(tmp_path, request_timeout_seconds=0.05) as room:
        identity = (await room.lend()).json()["loan_id"]
        path = f"/v1/loans/{identity}/renewals"
        room.owner.open.clear()
        late = await room.post(path, {"weeks": 2}, key="k")
        assert late.status_code == 504
        assert "may have been done" in problem(late)["detail"]
        assert "the same Idempotency-Key" in problem(late)["detail"]
        unknown = await room.post(path, {"weeks": 2})
        assert "read before you repeat it" in problem(unknown)["detail"]
        room.owner.open.set()
        await room.harness.settle()
        again = await room.post(path, {"weeks": 2}, key="k")
        assert again.status_code == 202
        assert room.owner.handled.count("renew") == 2


async def test_an_owner_that_fails_has_changed_nothing(room: Room) -> None:
    room.owner.breaks = True
    answer = await room.post(f"/v1/loans/{some_id()}/close", key="k")
    assert answer.status_code == 502
    assert answer.headers["x-request-id"] in problem(answer)["detail"]
    assert "roof" not in answer.text
    room.owner.breaks = False
    assert (await room.post(f"/v1/loans/{some_id()}/close", key="k")).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "tab\there"])
async def test_a_key_that_cannot_be_told_from_others_is_refused(room: Room, key: str) -> None:
    answer = await room.lend(key=key)
    assert answer.status_code == 400
    assert "1 to 255 visible" in problem(answer)["detail"]


@pytest.mark.parametrize("key", ["x", "x" * 255, '"quoted"', "!~"])
async def test_any_visible_key_will_do(room: Room, key: str) -> None:
    assert (await room.lend(key=key)).status_code == 202


async def test_two_keys_are_none(room: Room) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await room.client.post("/v1/loans", json=loan(), headers=headers)
    assert answer.status_code == 400


async def test_what_was_answered_is_answered_after_a_restart(tmp_path: Path) -> None:
    async with reading_room(tmp_path) as room:
        first = await room.lend(key="k")
        refused = await room.lend(key="r", member={"name": "Banned"})
    async with reading_room(tmp_path) as room:
        again = await room.lend(key="k")
        assert (again.status_code, again.content) == (202, first.content)
        again = await room.lend(key="r", member={"name": "Banned"})
        assert (again.status_code, again.content) == (403, refused.content)
        assert room.owner.handled == []
