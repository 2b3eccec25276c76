"""Tokens: what a JSON Web Token (RFC 7519) must have before anything in it is believed."""

import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jwt

from amphibus.access.principal import (
    LONGEST_SCOPES,
    Principal,
    scopes_in,
    wrong_in_subject,
    wrong_in_tenant,
)
from amphibus.access.refusals import NotShown
from amphibus.access.roles import Roles

ALGORITHMS: Final = ("EdDSA", "ES256", "RS256")
LONGEST_TOKEN: Final = 8_192
_CLAIMS: Final = ("iss", "aud", "exp", "nbf", "sub")
_LEEWAY_SECONDS: Final = 10
_KEPT_SECONDS: Final = 5.0
"""A token that was good a moment ago is not looked at again."""
_MOST_KEPT: Final = 1_024


class Keys(Protocol):
    """The public keys of an issuer."""

    def key(self, identity: str) -> Awaitable[tuple[str, Any] | None]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TokenRules:
    """The claims that a token must have."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ALGORITHMS
    key_ids: frozenset[str] = frozenset()
    """Ids of keys that count; empty for all that the issuer publishes."""
    longest_seconds: float = 3_600.0
    roles_claim: str = "roles"
    tenant_claim: str = "tenant"


class Tokens:
    """Finds out whom a token is for."""

    def __init__(self, rules: TokenRules, keys: Keys, roles: Roles) -> None:
        self._rules = rules
        self._keys = keys
        self._roles = roles
        self._kept: dict[str, tuple[Principal, float]] = {}

    async def principal(self, token: str) -> Principal:
        """Returns whom a token is for.

        Raises:
            NotShown: it is not good.
            CannotTell: the keys of its issuer cannot be read.
        """
        kept = self._kept.get(token)
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        claims = await self._claims(token)
        found = self._principal(claims)
        self._keep(token, found, float(claims["exp"]) - time.time() + _LEEWAY_SECONDS)
        return found

    def _keep(self, token: str, principal: Principal, left: float) -> None:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[token] = (principal, time.monotonic() + min(_KEPT_SECONDS, left))

    async def _claims(self, token: str) -> Mapping[str, Any]:
        identity, algorithm = self._head(token)
        found = await self._keys.key(identity)
        if found is None or found[0] != algorithm:
            raise NotShown("the token is not signed with a key of its issuer")
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                found[1],
                algorithms=[algorithm],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_CLAIMS)},
            )
        except jwt.PyJWTError as error:
            raise NotShown(_reason(error)) from None
        if float(claims["exp"]) - float(claims["nbf"]) > self._rules.longest_seconds:
            raise NotShown(f"the token is good for longer than {self._rules.longest_seconds:g} s")
        return claims

    def _head(self, token: str) -> tuple[str, str]:
        """The key and the algorithm that a token names, before anything of it is believed."""
        if len(token) > LONGEST_TOKEN:
            raise NotShown("the token is too long")
        try:
            head = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise NotShown("it is no token") from None
        identity, algorithm = head.get("kid"), head.get("alg")
        if algorithm not in self._rules.algorithms or "crit" in head:
            raise NotShown("the token is signed in a way that is not allowed")
        if not isinstance(identity, str) or not self._counts(identity):
            raise NotShown("the token does not name a key that is allowed")
        return identity, algorithm

    def _counts(self, identity: str) -> bool:
        return not self._rules.key_ids or identity in self._rules.key_ids

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        subject, tenant = claims["sub"], claims.get(self._rules.tenant_claim) or ""
        roles = claims.get(self._rules.roles_claim) or ()
        scopes = scopes_in(_texts(claims.get("scope"))) | self._roles.scopes_of(_texts(roles))
        acting = claims.get("act")
        actor = acting.get("sub") if isinstance(acting, dict) else ""
        names = [str(subject), *filter(None, (tenant, actor))]
        known = all(isinstance(each, str) and wrong_in_subject(each) is None for each in names)
        if not known or (tenant and wrong_in_tenant(tenant) is not None):
            raise NotShown("the token names somebody by what is no name")
        if sum(map(len, scopes)) + len(scopes) > LONGEST_SCOPES:
            raise NotShown(f"the token has scopes of more than {LONGEST_SCOPES} characters")
        return Principal(
            str(subject), "user", str(tenant), scopes, f"service:{actor}" if actor else ""
        )


def _texts(said: Any) -> list[str]:
    if isinstance(said, str):
        return said.split()
    listed = said if isinstance(said, (list, dict)) else ()
    return [each for each in listed if isinstance(each, str) and " " not in each]


def _reason(error: jwt.PyJWTError) -> str:
    reasons: dict[type[jwt.PyJWTError], str] = {
        jwt.ExpiredSignatureError: "the token has expired",
        jwt.ImmatureSignatureError: "the token is not good yet",
        jwt.InvalidAudienceError: "the token is for another audience",
        jwt.InvalidIssuerError: "the token is of another issuer",
        jwt.MissingRequiredClaimError: f"the token lacks one of {', '.join(_CLAIMS)}",
    }
    return reasons.get(type(error), "the token is not what its issuer signed")
