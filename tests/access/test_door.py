"""The door lets in whom the contract of a route lets in, and nobody else."""

from typing import Any, Final

import pytest

from amphibus.access.principal import DEVELOPER, Principal
from amphibus.access.refusals import CannotTell, NotShown
from amphibus.access.roles import Roles
from amphibus.contract import PUBLIC, Message
from amphibus.gateway.door import Door, TrustedProxy, known_as
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import Problem

pytestmark = pytest.mark.asyncio
HERE: Final = "127.0.0.1"
ELSEWHERE: Final = "10.0.0.9"


class _Read(Message, requires="orders:read"):
    """Needs a right."""


class _Open(Message, requires=PUBLIC):
    """Needs none."""


class _Silent(Message):
    """Declares nothing."""


class _Bearer:
    """Knows two credentials."""

    async def principal(self, text: str) -> Principal:
        if text == "away":
            raise CannotTell("the keys of the issuer cannot be read")
        known = {"reader": "orders:read", "all": "orders:*", "writer": "orders:place"}
        if text not in known:
            raise NotShown("there is no such key")
        return Principal(text, "user", scopes=frozenset({known[text]}))


async def _nothing() -> Any:
    raise AssertionError


def _asked(*headers: tuple[str, str], peer: str = ELSEWHERE, version: str = "1.1") -> HttpExchange:
    scope = {
        "http_version": version,
        "method": "GET",
        "query_string": b"",
        "client": (peer, 4711),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in headers],
    }
    return HttpExchange(scope, _nothing, {})


async def _status(door: Door, exchange: HttpExchange, contract: type[Message] = _Read) -> int:
    try:
        await door.let_in(exchange, contract)
    except Problem as problem:
        told = dict(problem.headers).get(b"www-authenticate", b"")
        return problem.status if problem.status != 401 or told.startswith(b"Bearer") else 0
    return 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("Bearer reader", 200),
        ("bearer all", 200),
        ("Bearer writer", 403),
        ("Bearer stranger", 401),
        ("Bearer ", 401),
        ("Basic cmVhZGVyOg==", 401),
        ("reader", 401),
        ("Bearer réader", 401),
        ("Bearer away", 503),
    ],
)
async def test_a_credential_is_good_or_nobody_comes_in(sent: str, status: int) -> None:
    """A bad one is refused even where nobody is asked, and on this machine."""
    for unnamed in ("nobody", "developer", "everybody"):
        door = Door((("", _Bearer()),), unnamed=unnamed)
        for peer in (HERE, ELSEWHERE):
            exchange = _asked(("authorization", sent), peer=peer)
            assert await _status(door, exchange) == status
            public = await _status(door, exchange, _Open)
            assert public == (200 if status == 403 else status)


async def test_two_credentials_are_none() -> None:
    exchange = _asked(("authorization", "Bearer reader"), ("authorization", "Bearer all"))

    assert await _status(Door((("", _Bearer()),)), exchange) == 401


async def test_whoever_says_nothing_gets_what_is_public() -> None:
    door = Door((("", _Bearer()),))

    assert await _status(door, _asked()) == 401
    assert await _status(door, _asked(peer=HERE)) == 401
    assert await _status(door, _asked(), _Open) == 200


async def test_a_route_that_declares_no_right_lets_in_nobody() -> None:
    for unnamed in ("developer", "everybody"):
        assert await _status(Door(unnamed=unnamed), _asked(peer=HERE), _Silent) == 403


@pytest.mark.parametrize(
    ("headers", "peer", "status"),
    [
        ((("host", "localhost:8000"),), HERE, 200),
        ((("host", "127.0.0.1:8000"),), "::1", 200),
        ((("host", "[::1]:8000"),), "::ffff:127.0.0.1", 200),
        ((("host", "localhost"), ("origin", "http://localhost:3000")), HERE, 200),
        ((("host", "localhost:8000"),), ELSEWHERE, 401),
        ((("host", "rebound.example:8000"),), HERE, 401),
        ((("host", "localhost.evil.example"),), HERE, 401),
        ((("host", "localhost"), ("origin", "https://evil.example")), HERE, 401),
        ((("host", "localhost"), ("origin", "null")), HERE, 401),
        ((("host", "localhost"), ("x-forwarded-for", "10.0.0.9")), HERE, 401),
        ((("host", "localhost"), ("forwarded", "for=10.0.0.9")), HERE, 401),
        ((("host", "localhost"), ("x-forwarded-proto", "https")), HERE, 401),
        ((("host", "localhost"), ("x-real-ip", "10.0.0.9")), HERE, 401),
        ((("host", "localhost"), ("cf-connecting-ip", "10.0.0.9")), HERE, 401),
        ((("host", "localhost"), ("via", "1.1 edge")), HERE, 401),
    ],
)
async def test_the_developer_is_a_program_on_this_machine(
    headers: tuple[tuple[str, str], ...], peer: str, status: int
) -> None:
    """And not a page of elsewhere in a browser here, nor somebody behind a proxy here."""
    exchange = _asked(*headers, peer=peer)

    assert await _status(Door(unnamed="developer"), exchange) == status
    assert (exchange.principal == DEVELOPER) is (status == 200)


async def test_a_proxy_that_says_nothing_of_itself_is_known_by_its_http() -> None:
    """As nginx does where it is told nothing but `proxy_pass`: everybody outside would be the developer."""
    exchange = _asked(("host", "localhost:8000"), peer=HERE, version="1.0")

    assert await _status(Door(unnamed="developer"), exchange) == 401


async def test_a_token_counts_more_than_where_one_works() -> None:
    door = Door((("", _Bearer()),), unnamed="developer")
    exchange = _asked(("authorization", "Bearer writer"), ("host", "localhost"), peer=HERE)

    assert await _status(door, exchange) == 403


@pytest.mark.parametrize(
    ("peer", "user", "roles", "status"),
    [
        (ELSEWHERE, "ada", "viewer", 200),
        (ELSEWHERE, "ada", "customer, viewer", 200),
        (ELSEWHERE, "ada", "emperor", 403),
        (ELSEWHERE, "", "viewer", 401),
        ("10.0.0.10", "ada", "viewer", 401),
        (HERE, "ada", "viewer", 401),
    ],
)
async def test_only_the_proxy_says_who_asks(peer: str, user: str, roles: str, status: int) -> None:
    scopes = Roles({"viewer": frozenset({"orders:read:any"}), "customer": frozenset()})
    door = Door(roles=scopes, proxy=TrustedProxy(ELSEWHERE))
    exchange = _asked(("x-remote-user", user), ("x-remote-roles", roles), peer=peer)

    assert await _status(door, exchange) == status
    if status == 200:
        assert exchange.principal.actor == f"service:{ELSEWHERE}"
        assert exchange.principal.name == "user:ada"


async def test_idempotency_keys_of_two_are_not_one() -> None:
    ada, bob = Principal("ada", "user"), Principal("bob", "user")
    elsewhere = Principal("ada", "user", tenant="acme")

    names = {known_as(each) for each in (ada, bob, elsewhere, DEVELOPER)}
    assert len(names) == 4
