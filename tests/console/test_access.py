"""Tokens for development, API keys, and the refusal to serve a network where nobody is asked."""

import asyncio

import pytest

from amphibus.access.api_keys import KeyRing
from amphibus.access.embedded import ISSUER, EmbeddedIssuer
from amphibus.access.refusals import NotShown
from amphibus.access.roles import Roles
from amphibus.access.tokens import TokenRules, Tokens
from amphibus.admin.stores import FileStore
from amphibus.database.steering.api_keys import api_key
from tests.console.conftest import Console


def test_a_token_is_whose_it_says_with_a_key_that_is_the_users_alone(console: Console) -> None:
    ended = console("token", "--as", "ada", "--scopes", "shelf:read shelf:sell")
    key = console.data_dir / "issuer-key.pem"
    rules = TokenRules(issuer=ISSUER, audience="kiosk.dev", algorithms=("EdDSA",))
    tokens = Tokens(rules, EmbeddedIssuer(console.data_dir), Roles())
    found = asyncio.run(tokens.principal(ended.out.strip()))

    assert (found.name, found.scopes) == ("user:ada", frozenset({"shelf:read", "shelf:sell"}))
    assert key.stat().st_mode & 0o077 == 0
    elsewhere = Tokens(rules, EmbeddedIssuer(console.root), Roles())
    with pytest.raises(NotShown):
        asyncio.run(elsewhere.principal(ended.out.strip()))


def test_a_token_that_nobody_would_take_is_not_made(console: Console) -> None:
    for wrong in (("--as", ""), ("--as", "ada", "--scopes", "all"), ("--as", "ada", "--for", "2h")):
        assert console("token", *wrong).code == 2
    unknown = console("token", "--as", "ada", "--role", "emperor")
    assert "no role emperor" in unknown.err


def test_a_key_is_shown_once_kept_as_a_hash_and_revoked(console: Console) -> None:
    made = console("keys", "create", "till", "--scopes", "shelf:sell", "--json").json
    listed = console("keys", "list", "--json").json
    store = FileStore(console.data_dir / "gateway.db", 8)

    async def whose(now: int) -> str:
        async with store.reading() as sql:

            async def lookup(identity: str) -> object:
                return await api_key(sql, identity)

            return (await KeyRing(lookup, lambda: now).principal(made["key"])).name  # type: ignore[arg-type]

    assert asyncio.run(whose(0)) == "service:till"
    secret = made["key"].split("_", 2)[2].encode()
    assert secret not in (console.data_dir / "gateway.db").read_bytes()
    assert listed == [{name: each for name, each in made.items() if name != "key"}]
    with pytest.raises(NotShown):
        asyncio.run(whose(2**62))

    assert console("keys", "revoke", made["id"]).code == 0
    with pytest.raises(NotShown):
        asyncio.run(whose(0))
    assert console("keys", "revoke", made["id"]).code == 1


def test_a_network_is_served_only_where_somebody_is_asked(console: Console) -> None:
    """Three lines: what, why, and what to type."""
    for address in ("0.0.0.0", "::", "192.0.2.1"):
        refused = console("run", "--host", address, "--port", "0")
        assert refused.code == 2
        assert "--open lets everybody in" in refused.err
        assert len(refused.err.strip().splitlines()) == 3
    all_ = console("run", "--all", "--host", "0.0.0.0")
    assert "--open lets everybody in" in all_.err


def test_a_route_without_a_right_is_refused_with_what_to_type(console: Console) -> None:
    console("check", "--fix")
    page = console.root / "contracts/shelf/v1.py"
    page.write_text(page.read_text().replace(', requires="shelf:read"', ""))
    (problem,) = [each for each in console("check", "--json").json["problems"] if "right" in each]

    assert "GET /v1/shelves/{name}" in problem
    assert 'requires="shelf:read"' in problem
    assert "requires=PUBLIC" in problem


def test_who_reaches_what_is_in_a_lock_that_is_reviewed(console: Console) -> None:
    (console.root / "config/access.toml").write_text('[roles]\nseller = ["shelf:sell"]\n')
    assert any("access.lock.json" in each for each in console("check", "--json").json["problems"])
    console("check", "--fix")
    lock = (console.root / "config/access.lock.json").read_text()

    assert '"seller"' in lock
    (console.root / "config/access.toml").write_text('[roles]\nseller = ["shelf"]\n')
    assert "is no scope" in console("check").err
