"""The entrance of the console: who comes without a cookie is counted, and a redirect leads where it was meant to."""

import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from amphibus.access.api_keys import ApiKey, KeyRing, new_key
from amphibus.access.embedded import ISSUER, EmbeddedIssuer
from amphibus.access.principal import Principal
from amphibus.access.roles import Roles
from amphibus.access.tokens import TokenRules, Tokens
from amphibus.clock import SystemClock
from amphibus.config.http import HttpSettings
from amphibus.console.console import Console
from amphibus.console.entrance import COOKIE, Entrance
from amphibus.console.sending import Sending
from amphibus.console.sessions import READ, Sessions
from amphibus.console.visit import NotUnderstood, see
from amphibus.gateway.door import Door
from amphibus.gateway.limits.throttle import Throttle
from amphibus.gateway.problems import Problem

pytestmark = pytest.mark.asyncio
_ADA = Principal("ada", "user", "acme", frozenset((READ,)), actor="service:desk")


class _Place:
    """An entrance at which two may knock, with the keys that were looked up for them."""

    def __init__(self, data: Path) -> None:
        self.looked_up: list[str] = []
        self.keys: dict[str, ApiKey] = {}
        self.away = False
        self.taken = 0
        self.sessions = Sessions(data, "shop.dev")
        self._tokens = Tokens(TokenRules(ISSUER, "shop"), EmbeddedIssuer(data), Roles())
        self.entrance = self.another()

    def another(self) -> Entrance:
        """That of another gateway, which remembers nothing of what this one has seen."""
        throttle = Throttle(HttpSettings(read_rate="2/h", write_rate="2/h"))
        bearers: list[tuple[str, Any]] = [
            ("amk_", KeyRing(self._key, lambda: 0)),
            ("", self._tokens),
        ]
        return Entrance(Door(bearers, throttle=throttle), self.sessions, guarded=True)

    async def _key(self, identity: str) -> ApiKey | None:
        self.looked_up.append(identity)
        if self.away:
            raise sqlite3.OperationalError("disk I/O error")
        return self.keys.get(identity)

    def asking(self, body: bytes = b"", scheme: str = "https", **headers: str) -> Request:
        async def receive() -> Message:
            self.taken += 1
            return {"type": "http.request", "body": body, "more_body": len(body) > 1_000}

        sent = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
        scope = {
            "type": "http",
            "method": "POST" if body else "GET",
            "http_version": "1.1",
            "scheme": scheme,
            "path": "/console",
            "query_string": b"",
            "headers": [(b"host", b"shop.example"), *sent],
            "client": ("192.0.2.1", 1),
        }
        return Request(scope, receive)


@pytest.fixture
def place(tmp_path: Path) -> _Place:
    return _Place(tmp_path)


def _key(number: int) -> str:
    return f"amk_{number:012x}_{'x' * 43}"


async def test_who_shows_nothing_good_is_counted_by_his_address(place: _Place) -> None:
    statuses = []
    for number in range(4):
        with pytest.raises(Problem) as refused:
            await place.entrance.who(place.asking(authorization=f"Bearer {_key(number)}"))
        statuses.append(refused.value.status)

    assert statuses == [401, 401, 429, 429]
    assert len(place.looked_up) == 2
    with_cookie = place.asking(cookie=f"{COOKIE}={place.sessions.cookie(_ADA)}")
    assert [await place.entrance.who(with_cookie) for _ in range(4)] == [_ADA] * 4


async def test_a_form_with_a_credential_is_as_long_as_one_can_be(place: _Place) -> None:
    """What is longer is not read on, and of whoever comes too often nothing is."""
    with pytest.raises(NotUnderstood):
        await place.entrance.by_credential(place.asking(b"credential=" + b"%41" * 5_000))
    assert place.taken < 5
    with pytest.raises(Problem):
        await place.entrance.by_credential(place.asking(f"credential={_key(1)}".encode()))
    before = place.taken
    with pytest.raises(Problem) as refused:
        await place.entrance.by_credential(place.asking(f"credential={_key(2)}".encode()))

    assert (refused.value.status, place.taken) == (429, before)


async def test_a_cookie_says_who_acts_for_whom(place: _Place) -> None:
    session = await place.sessions.session(place.sessions.cookie(_ADA))

    assert session is not None
    assert session.principal == _ADA


async def test_a_session_ends_with_the_key_that_began_it(place: _Place) -> None:
    identity, text, digest = new_key()
    key = ApiKey(identity, "till", "", frozenset((READ,)), digest, 0, 1)
    place.keys[identity] = key
    entered = await place.entrance.by_credential(place.asking(f"credential={text}".encode()))
    cookie = entered.headers["set-cookie"].partition(";")[0]

    found = await place.entrance.who(place.asking(cookie=cookie))
    assert found is not None
    assert found.name == "service:till"
    for ended in (replace(key, revoked=1), replace(key, expires=0)):
        place.keys[identity] = ended
        assert await place.another().who(place.asking(cookie=cookie)) is None


async def test_nobody_is_let_in_while_nobody_can_say_who_asks(place: _Place) -> None:
    nothing: Any = None
    routes = Console(nothing, nothing, place.entrance, SystemClock(), Sending(), nothing).served()
    show = next(page for _, path, page in routes.routes if path == "/console/failed")
    place.away = True

    answer = await show(place.asking(authorization=f"Bearer {_key(1)}"))

    assert answer.status_code == 503
    assert b"disk" not in bytes(answer.body)


async def test_a_session_lasts_no_longer_than_the_token_that_began_it(
    place: _Place, tmp_path: Path
) -> None:
    token = EmbeddedIssuer(tmp_path).token(
        "ada", audience="shop", scopes=READ, roles=[], seconds=600
    )
    entered = await place.entrance.by_credential(place.asking(f"credential={token}".encode()))

    found = re.search(r"Max-Age=([0-9]+)", entered.headers["set-cookie"])
    assert found is not None
    assert 0 < int(found[1]) <= 600


@pytest.mark.parametrize(
    ("scheme", "headers", "secure"),
    [
        ("https", {}, True),
        ("http", {"x_forwarded_proto": "https"}, True),
        ("http", {}, False),
    ],
)
async def test_a_cookie_that_came_by_tls_goes_back_by_it_alone(
    place: _Place, scheme: str, headers: dict[str, str], secure: bool
) -> None:
    """Also where a proxy in front ends TLS."""
    link = place.sessions.link("ada")

    answer = place.entrance.by_link(place.asking(b"", scheme, **headers), link)

    assert answer is not None
    assert ("secure" in answer.headers["set-cookie"].lower()) is secure


async def test_a_link_that_goes_while_another_is_made_hinders_nobody(tmp_path: Path) -> None:
    """Two make links at a time, and each takes the old ones away: a name is listed, and nothing is there any more."""
    sessions = Sessions(tmp_path, "shop.dev")
    assert sessions.link("ada")
    (tmp_path / "console-links" / "gone").symlink_to("nowhere")

    link = sessions.link("bob")

    found = sessions.redeem(link)
    assert found is not None
    assert (found.subject, sessions.redeem(link)) == ("bob", None)


async def test_a_redirect_leads_to_what_others_have_named_whatever_its_signs() -> None:
    answer = see("/console/managers", "orders", "50%/a?b#c")

    assert answer.headers["location"] == "/console/managers/orders/50%25%2Fa%3Fb%23c"
