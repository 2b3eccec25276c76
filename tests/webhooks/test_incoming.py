"""What another system posts, signed, becomes a command: stored before the answer, and once however often it comes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from standardwebhooks import Webhook

from amphibus import Context, Module, on
from amphibus.config.settings import load_settings
from amphibus.config.webhooks import IncomingSettings
from amphibus.errors import ConfigError
from amphibus.gateway.incoming.mapping import problems_of_incoming
from amphibus.host.serve import gateway_of
from amphibus.routing.project import Project
from amphibus.testing import Harness
from tests.webhooks.parcels.v1 import Arrived, NoteDelivery, NoteReturn, Peek
from tests.webhooks.receiving import OLD, SECRET, secret_of

PARCEL: Final = "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"


class Parcels:
    """The owner: what it was told, and by whom."""

    def __init__(self) -> None:
        self.noted: list[NoteDelivery] = []
        self.returned: list[NoteReturn] = []
        self.by: set[str] = set()

    async def note(self, message: NoteDelivery, context: Context[Any]) -> None:
        self.noted.append(message)
        self.by.add(context.principal.name)

    async def take_back(self, message: NoteReturn, _context: Context[Any]) -> None:
        self.returned.append(message)

    def project(self, root: Path) -> Project:
        handles = (on(NoteDelivery, self.note), on(NoteReturn, self.take_back))
        module = Module(name="parcels", handles=handles)
        return Project.declared(root, contracts=[NoteDelivery, NoteReturn], modules=[module])


class Carrier:
    """The system that posts."""

    def __init__(self, harness: Harness, app: Any) -> None:
        self.harness = harness
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
        )

    async def post(
        self,
        body: bytes | dict[str, Any] | None = None,
        *,
        secret: str = SECRET,
        given: str = "msg_1",
        off: float = 0,
        **headers: str,
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body or event()).encode()
        at = self.harness.clock.now() / 1e6 + off
        then = datetime.fromtimestamp(at, UTC)
        sent = {
            "content-type": "application/json",
            "webhook-id": given,
            "webhook-timestamp": str(int(at)),
            "webhook-signature": Webhook(secret).sign(given, then, content.decode()),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self._client.post("/v1/webhooks/carrier", content=content, headers=sent)


def event(**changed: Any) -> dict[str, Any]:
    data = {"parcel_id": PARCEL, "place": "at the door", "of_no_use": {"to": "us"}, **changed}
    return {"type": "parcel.delivered", "timestamp": "2026-11-30T02:00:00Z", "data": data}


@asynccontextmanager
async def posting(folder: Path, **settings: Any) -> AsyncIterator[tuple[Carrier, Parcels]]:
    owner = Parcels()
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/amphibus.toml").touch()
    given = {"command": "parcels.NoteDelivery.v1", "secret": SECRET, **settings}
    flags = {f"incoming_webhooks.carrier.{name}": value for name, value in given.items()}
    project = owner.project(folder)
    async with Harness.of(project, data_dir=folder / "var", settings=flags) as harness:
        yield Carrier(harness, gateway_of(harness.host, project)), owner


@pytest.mark.asyncio
async def test_a_signed_post_becomes_a_command_of_the_webhook(tmp_path: Path) -> None:
    async with posting(tmp_path) as (carrier, owner):
        answer = await carrier.post()
        await carrier.harness.settle()

        assert (answer.status_code, answer.json()) == (202, {})
        (noted,) = owner.noted
        assert (str(noted.parcel_id), noted.place, noted.tries) == (PARCEL, "at the door", 1)
        assert owner.by == {"service:webhook_carrier"}


@pytest.mark.asyncio
async def test_a_webhook_acts_on_what_belongs_to_others(tmp_path: Path) -> None:
    """Its owner would refuse what was stored and answered, and nobody would be told."""
    async with posting(tmp_path, command="parcels.NoteReturn.v1") as (carrier, owner):
        answer = await carrier.post(event(receiver="ada"))
        await carrier.harness.settle()

        assert answer.status_code == 202
        assert [each.receiver for each in owner.returned] == ["ada"]


@pytest.mark.asyncio
async def test_the_same_post_five_times_has_one_effect_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with posting(tmp_path) as (carrier, owner):
        for _ in range(4):
            assert (await carrier.post()).status_code == 202
        await carrier.harness.settle()
        assert len(owner.noted) == 1
        assert (await carrier.post(given="msg_2")).status_code == 202
        await carrier.harness.settle()
        assert len(owner.noted) == 2
    async with posting(tmp_path) as (carrier, owner):
        assert (await carrier.post()).status_code == 202
        await carrier.harness.settle()
        assert owner.noted == []


@pytest.mark.asyncio
@pytest.mark.parametrize("odd", [["parcel.delivered"], {"a": 1}, None, 7])
async def test_a_type_that_is_no_text_is_none_of_those_that_are_taken(
    tmp_path: Path, odd: Any
) -> None:
    async with posting(tmp_path, types=["parcel.delivered"]) as (carrier, owner):
        answer = await carrier.post({**event(), "type": odd})
        await carrier.harness.settle()

        assert (answer.status_code, owner.noted) == (204, [])


@pytest.mark.asyncio
async def test_an_id_that_comes_with_another_content_changes_nothing(tmp_path: Path) -> None:
    async with posting(tmp_path) as (carrier, owner):
        await carrier.post()
        answer = await carrier.post(event(place="in the garden"))
        await carrier.harness.settle()

        assert (answer.status_code, [each.place for each in owner.noted]) == (422, ["at the door"])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secret": secret_of("x")}, "no webhook-signature"),
        ({"off": -301}, "off our clock"),
        ({"off": 301}, "off our clock"),
        ({"webhook_signature": ""}, "no webhook-signature"),
        ({"webhook_signature": "v1,"}, "no webhook-signature"),
        ({"webhook_signature": "v1,é"}, "no webhook-signature"),
        ({"webhook_signature": " ".join(["v1,x"] * 17)}, "no webhook-signature"),
        ({"webhook_timestamp": "soon"}, "webhook-timestamp must be sent once"),
        ({"webhook_timestamp": "-1"}, "webhook-timestamp must be sent once"),
        ({"webhook_id": ""}, "webhook-id must be sent once"),
        ({"webhook_id": "x" * 256}, "webhook-id must be sent once"),
        ({"webhook_id": "another"}, "no webhook-signature"),
    ],
)
async def test_whoever_does_not_sign_what_he_posts_now_is_nobody(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    async with posting(tmp_path) as (carrier, _):
        wrong = {key: _latin(value) for key, value in wrong.items()}
        answer = await carrier.post(**wrong)

        assert answer.status_code == 401
        assert said in answer.json()["detail"]
        assert answer.headers["www-authenticate"] == "StandardWebhooks"
        assert carrier.harness.outgoing() == []


@pytest.mark.asyncio
@pytest.mark.parametrize("secret", [SECRET, OLD])
async def test_while_a_secret_is_exchanged_either_is_taken(tmp_path: Path, secret: str) -> None:
    async with posting(tmp_path, old_secret=OLD) as (carrier, _):
        assert (await carrier.post(secret=secret)).status_code == 202


@pytest.mark.asyncio
async def test_without_a_secret_the_sender_tries_again(tmp_path: Path) -> None:
    async with posting(tmp_path, secret=None) as (carrier, _):
        assert (await carrier.post()).status_code == 503


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"type": "a", "type": "b"}', 400),
        ({"data": {"parcel_id": "none"}}, 422),
        ({"data": 7}, 422),
        (event(place="x" * 101), 422),
        (event(place="x" * 3_000), 413),
    ],
)
async def test_what_the_contract_does_not_let_in_is_refused_at_the_door(
    tmp_path: Path, body: Any, status: int
) -> None:
    async with posting(tmp_path) as (carrier, _):
        assert (await carrier.post(body)).status_code == status
        assert carrier.harness.outgoing() == []


@pytest.mark.asyncio
async def test_events_that_nobody_asked_for_are_answered_and_left(tmp_path: Path) -> None:
    async with posting(tmp_path, types=["parcel.lost"]) as (carrier, owner):
        assert (await carrier.post()).status_code == 204
        assert (await carrier.post(event() | {"type": "parcel.lost"})).status_code == 202
        await carrier.harness.settle()
        assert len(owner.noted) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("odd", [["parcel.lost"], {"parcel.lost": 1}, None, 7])
async def test_an_event_whose_type_is_no_text_is_none_that_anybody_asked_for(
    tmp_path: Path, odd: Any
) -> None:
    async with posting(tmp_path, types=["parcel.lost"]) as (carrier, _):
        assert (await carrier.post(event() | {"type": odd})).status_code == 204
        assert carrier.harness.outgoing() == []


@pytest.mark.asyncio
async def test_fields_are_taken_from_where_the_mapping_says(tmp_path: Path) -> None:
    fields = ["parcel_id = object.parcel.id", "place=webhook-id"]
    async with posting(tmp_path, fields=fields) as (carrier, owner):
        answer = await carrier.post({"object": {"parcel": {"id": PARCEL}}})
        await carrier.harness.settle()

        assert answer.status_code == 202
        assert (str(owner.noted[0].parcel_id), owner.noted[0].place) == (PARCEL, "msg_1")


@pytest.mark.asyncio
async def test_a_command_that_is_not_done_yet_waits_for_its_owner(tmp_path: Path) -> None:
    async with posting(tmp_path) as (carrier, owner):
        await carrier.post()
        await carrier.harness.advance(hours=1)
        assert len(owner.noted) == 1
        assert timedelta(seconds=IncomingSettings().tolerance_seconds) == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"command": "parcels.NoteDeliveri.v1"}, "did you mean parcels.NoteDelivery.v1?"),
        ({"command": "parcels.Arrived.v1"}, "is no command"),
        ({"command": "parcels.Peek.v1"}, "declare http=Post(..., stored=True)"),
        ({"fields": ["plase = a"]}, "did you mean place?"),
    ],
)
def test_a_mapping_that_does_not_fit_is_told_with_what_to_write(
    settings: dict[str, Any], said: str
) -> None:
    given = IncomingSettings.model_validate({"command": "parcels.NoteDelivery.v1", **settings})
    contracts = {each.contract_type: each for each in (NoteDelivery, Peek, Arrived)}

    (problem,) = problems_of_incoming({"carrier": given}, contracts)
    assert problem.startswith("[incoming_webhooks.carrier] ")
    assert said in problem


def test_a_field_without_a_place_is_no_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fields"):
        load_settings(tmp_path, flags={"incoming_webhooks.carrier.fields": ["place"]})


def _latin(value: Any) -> Any:
    return value.encode("latin-1") if isinstance(value, str) and not value.isascii() else value
