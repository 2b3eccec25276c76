"""A token is believed only if all of it holds: the corpus of attacks on it."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amphibus.access import key_set
from amphibus.access.key_set import KeySet, keys_in
from amphibus.access.principal import Principal
from amphibus.access.refusals import CannotTell, NotShown
from amphibus.access.roles import Roles
from tests.access.issuing import Issuer, claims, sign

pytestmark = pytest.mark.asyncio
NOW = int(time.time())
"""When the tests were collected; one may run hours later."""
_DAY = 86_400


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.mark.parametrize("key", ["ed", "ec", "rsa"])
async def test_a_good_token_says_who_asks(issuer: Issuer, key: str) -> None:
    roles = Roles({"viewer": frozenset({"orders:read:any"})})
    token = issuer.token(
        key=key,
        scope="orders:place",
        roles=["viewer", "emperor"],
        tenant="acme",
        act={"sub": "app"},
    )

    assert await issuer.tokens(roles).principal(token) == Principal(
        "ada",
        "user",
        "acme",
        frozenset({"orders:place", "orders:read:any"}),
        "service:app",
    )


SPOILT: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - 60, "nbf": NOW - 600},
    "not good yet": {"nbf": NOW + _DAY, "exp": NOW + _DAY + 300},
    "for another audience": {"aud": "shop.prod"},
    "of another issuer": {"iss": "https://id.example.org"},
    "good for a year": {"exp": NOW + 31_536_000},
    "without iss": {"iss": None},
    "without aud": {"aud": None},
    "without exp": {"exp": None},
    "without nbf": {"nbf": None},
    "without sub": {"sub": None},
    "of nobody": {"sub": ""},
    "of two lines": {"sub": "ada\nroot"},
    "of a tenant that is no name": {"tenant": ["acme"]},
    "of a tenant whose end is not seen": {"tenant": "acme/eu"},
    "with scopes without end": {"scope": " ".join(f"s:{n}" for n in range(1000))},
}


async def test_nobody_without_a_tenant_owns_what_is_somebodys_of_one() -> None:
    bob, stranger = Principal("bob", "user", "acme"), Principal("acme/bob", "user")

    assert bob.owner == "acme/bob"
    assert stranger.owner != bob.owner
    assert stranger.name != bob.name


@pytest.mark.parametrize("said", SPOILT.values(), ids=SPOILT)
async def test_a_token_that_is_spoilt_is_nobodys(issuer: Issuer, said: dict[str, Any]) -> None:
    with pytest.raises(NotShown):
        await issuer.tokens().principal(issuer.token(**said))


@pytest.mark.parametrize("said", [7, True, 0.5, [7], [["viewer"]]])
async def test_rights_that_are_no_texts_are_none(issuer: Issuer, said: Any) -> None:
    roles = Roles({"viewer": frozenset({"orders:read:any"})})
    token = issuer.token(scope=said, roles=said)

    assert await issuer.tokens(roles).principal(token) == Principal("ada", "user")


def _unsigned(_: Issuer) -> str:
    return sign(claims("ada"), None, "none", kid="ed")


def _unsigned_with_capitals(_: Issuer) -> str:
    head = {"alg": "nOnE", "kid": "ed", "typ": "JWT"}
    return ".".join((_part(head), _part(claims("ada")), ""))


def _public_key_as_secret(issuer: Issuer) -> str:
    """Signs with the public key as a shared secret (CVE-2015-9235)."""
    pem = (
        issuer.keys["rsa"][1]
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    said = ".".join((_part({"alg": "HS256", "kid": "rsa"}), _part(claims("ada"))))
    signature = hmac.digest(pem, said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _another_key(_: Issuer) -> str:
    return sign(claims("ada"), Ed25519PrivateKey.generate(), "EdDSA", kid="ed")


def _unknown_key(issuer: Issuer) -> str:
    return sign(claims("ada"), issuer.keys["ed"][1], "EdDSA", kid="strange")


def _no_key(issuer: Issuer) -> str:
    return sign(claims("ada"), issuer.keys["ed"][1], "EdDSA")


def _key_of_another_algorithm(issuer: Issuer) -> str:
    return sign(claims("ada"), issuer.keys["ec"][1], "ES256", kid="rsa")


def _key_in_its_own_head(_: Issuer) -> str:
    """Brings the key along with which it is to be checked (CVE-2018-0114)."""
    mine = Ed25519PrivateKey.generate()
    own: Any = jwt.get_algorithm_by_name("EdDSA").to_jwk(mine.public_key(), as_dict=True)
    return sign(claims("ada"), mine, "EdDSA", kid="ed", jwk=own, jku="https://evil.example/jwks")


def _what_must_be_understood(issuer: Issuer) -> str:
    return sign(claims("ada"), issuer.keys["ed"][1], "EdDSA", kid="ed", crit=["b64"], b64=True)


def _changed_after_it_was_signed(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return ".".join((head, _part(claims("root")), signature))


def _cut_off(issuer: Issuer) -> str:
    return issuer.token()[:-10]


def _too_long(issuer: Issuer) -> str:
    return issuer.token(more="x" * 10_000)


def _no_token(_: Issuer) -> str:
    return "a.b.c"


ATTACKS: tuple[Callable[[Issuer], str], ...] = (
    _unsigned,
    _unsigned_with_capitals,
    _public_key_as_secret,
    _another_key,
    _unknown_key,
    _no_key,
    _key_of_another_algorithm,
    _key_in_its_own_head,
    _what_must_be_understood,
    _changed_after_it_was_signed,
    _cut_off,
    _too_long,
    _no_token,
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__.strip("_"))
async def test_a_forged_token_is_nobodys(issuer: Issuer, attack: Callable[[Issuer], str]) -> None:
    with pytest.raises(NotShown):
        await issuer.tokens().principal(attack(issuer))


async def test_algorithms_and_keys_count_only_if_they_are_listed(issuer: Issuer) -> None:
    narrow = issuer.tokens(algorithms=("RS256",), key_ids=frozenset({"rsa"}))

    assert (await narrow.principal(issuer.token(key="rsa"))).subject == "ada"
    for key in ("ed", "ec"):
        with pytest.raises(NotShown):
            await narrow.principal(issuer.token(key=key))
    with pytest.raises(NotShown):
        await issuer.tokens(key_ids=frozenset({"ec"})).principal(issuer.token(key="ed"))


async def test_a_new_key_counts_and_one_that_was_withdrawn_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_set, "_AGAIN_SECONDS", -1.0)
    issuer = Issuer(tmp_path)
    keys = KeySet(str(issuer.file), 10.0)
    assert await keys.key("ed") is not None
    issuer.keys["next"] = ("EdDSA", Ed25519PrivateKey.generate())
    del issuer.keys["ed"]
    issuer.publish()

    assert await keys.key("next") is not None
    assert await keys.key("ed") is None


async def test_keys_that_cannot_be_read_let_nobody_in(tmp_path: Path) -> None:
    """Not even by mistake: the error is another one than of a bad token."""
    for place in (str(tmp_path / "missing.json"), "http://127.0.0.1:1/jwks"):
        with pytest.raises(CannotTell):
            await KeySet(place, 600.0).key("ed")


async def test_a_key_set_gives_no_secret_and_no_weak_key(issuer: Issuer) -> None:
    listed = json.loads(issuer.file.read_bytes())["keys"]
    good = keys_in(issuer.file.read_bytes())
    secret = {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}
    sealing = {**listed[0], "kid": "sealing", "use": "enc"}
    swapped = {**listed[0], "kid": "swapped", "alg": "HS256"}
    weak = {**listed[2], "kid": "weak", "n": listed[2]["n"][:170]}
    nameless = {name: each for name, each in listed[0].items() if name != "kid"}

    torn = {**listed[0], "kid": "torn", "x": "AA"}
    odd = {**listed[2], "kid": "odd", "e": {"of": "no use"}}

    bad = [secret, sealing, swapped, weak, nameless, 7, torn, odd]
    assert sorted(good) == ["ec", "ed", "rsa"]
    assert keys_in(json.dumps({"keys": bad}).encode()) == {}
    assert sorted(keys_in(json.dumps({"keys": [*bad, *listed]}).encode())) == sorted(good)
    with pytest.raises(ValueError, match="Key Set"):
        keys_in(b'{"keys": 1}')


def _part(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
