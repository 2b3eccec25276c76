"""The door: finds out who asks over HTTP, and lets in whom the contract of the route lets in.

A bearer token or an API key says who asks, or a client's certificate, or a proxy that is trusted. Whoever says nothing
is nobody, or, where no issuer is configured, whoever works on this machine.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol

from amphibus.access.api_keys import KeyRing
from amphibus.access.principal import (
    ANYBODY,
    DEVELOPER,
    LONGEST_SCOPES,
    Principal,
    wrong_in_subject,
)
from amphibus.access.refusal_counts import (
    NOT_AUTHENTICATED,
    NOT_AUTHORIZED,
    Refusal,
    RefusalCounts,
)
from amphibus.access.refusals import CannotTell, NotShown
from amphibus.access.roles import Roles
from amphibus.access.scopes import EVERYTHING
from amphibus.connections.origin import origin_of
from amphibus.contract import PUBLIC, Message
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.limits.throttle import Throttle
from amphibus.gateway.problems import AWAY, FORBIDDEN, UNAUTHORIZED, Headers, Problem

_OF_A_PROXY: Final = frozenset(
    (b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip")
)
"""Headers of a proxy, which asks for somebody else; `x-forwarded-` begins many more."""
_SPOKEN_BY_PROXIES: Final = "1.0"
"""The version of HTTP that a proxy without a word about it speaks (nginx), and hardly anybody else."""
_EVERYBODY: Final = Principal(kind="anonymous", scopes=EVERYTHING)
_LOCAL_NAMES: Final = frozenset((b"localhost", b"127.0.0.1", b"[::1]"))
_MORE: Final = b'Bearer error="invalid_token"'


class Bearer(Protocol):
    """Finds out whose a credential is."""

    async def principal(self, text: str) -> Principal: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TrustedProxy:
    """A proxy in front of the gateway that has asked who it is, and says so in headers."""

    address: str
    user_header: bytes = b"x-remote-user"
    roles_header: bytes = b"x-remote-roles"


class Door:
    """Stands before every route of a contract.

    Args:
        bearers: who knows credentials, each with the beginning of those that it knows; the last knows the rest.
        unnamed: whoever says nothing: `nobody`, the `developer` if he is on this machine, or `everybody`.
        roles: the scopes of roles that a proxy names.
        proxy: the proxy that is trusted, if there is one.
        throttle: says who asks too often, if somebody can.
        certificates: the roles of clients, by the names in their certificates.
        refusals: where it is counted who was not let in, for the audit.
    """

    def __init__(
        self,
        bearers: Sequence[tuple[str, Bearer]] = (),
        *,
        unnamed: str = "nobody",
        roles: Roles | None = None,
        proxy: TrustedProxy | None = None,
        throttle: Throttle | None = None,
        certificates: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        refusals: RefusalCounts | None = None,
    ) -> None:
        self._refusals = RefusalCounts() if refusals is None else refusals
        self._certificates = certificates
        self._bearers = tuple(bearers)
        self._unnamed = unnamed
        self._roles = roles or Roles()
        self._proxy = proxy
        self._throttle = throttle

    async def let_in(self, exchange: HttpExchange, contract: type[Message]) -> None:
        """Finds out who asks, and notes it in the exchange.

        Raises:
            Problem: he does not show who he is, has not the right that the contract requires, or asks too often.
        """
        with self._told(exchange, contract.contract_type):
            exchange.principal = principal = await self._counted(exchange)
            _check_right(principal, contract)

    async def _counted(self, exchange: HttpExchange) -> Principal:
        """Returns who asks, and counts that he does: once a request, and not a developer on his own machine."""
        first = self.count(exchange)
        principal = await self._who(exchange)
        if first and self._throttle is not None:
            self._throttle.ask_as(principal, exchange.asked)
        return principal

    def _spares(self, exchange: HttpExchange) -> bool:
        return self._unnamed == "developer" and is_loopback_address(exchange.peer)

    def count(self, exchange: HttpExchange) -> bool:
        """Counts a request by its address, before anything is known of who asks; returns whether it was counted now.

        Raises:
            Problem: it has asked too often.
        """
        if self._throttle is None or exchange.counted or self._spares(exchange):
            return False
        exchange.counted = True
        self._throttle.ask_from(exchange.peer, exchange.asked)
        return True

    def known(self, exchange: HttpExchange, principal: Principal) -> None:
        """Notes who has shown by its body who asks, and counts that it does.

        Raises:
            Problem: it asks too often.
        """
        exchange.principal = principal
        if self._throttle is not None and exchange.counted:
            self._throttle.ask_as(principal, exchange.asked)

    async def who(self, exchange: HttpExchange, wanted: str = "") -> Principal:
        """Returns who asks for what is `wanted`.

        Raises:
            Problem: he does not show who he is.
        """
        with self._told(exchange, wanted):
            return await self._who(exchange)

    @contextmanager
    def _told(self, exchange: HttpExchange, wanted: str) -> Iterator[None]:
        """Counts who is not let in."""
        try:
            yield
        except Problem as problem:
            self.turn_away(exchange, wanted, problem)
            raise

    def turn_away(self, exchange: HttpExchange, wanted: str, problem: Problem) -> None:
        """Counts that somebody was not let in for what he wanted; who asks too often is none of them."""
        if problem.kind in (UNAUTHORIZED, FORBIDDEN):
            principal = exchange.principal
            named = bool(principal.subject) and problem.kind is FORBIDDEN
            what = NOT_AUTHORIZED if named else NOT_AUTHENTICATED
            name = principal.name if named else None
            who = name or f"address {origin_of(exchange.peer)}"
            self._refusals.note(Refusal(what, who, wanted, problem.detail, name))

    async def _who(self, exchange: HttpExchange) -> Principal:
        given = exchange.sent(b"authorization")
        if given:
            return await self._shown(given)
        if exchange.certificate:
            return self._certified(exchange.certificate)
        if self._proxy is not None and exchange.sent(self._proxy.user_header):
            return self._forwarded(self._proxy, exchange)
        if self._unnamed == "developer" and is_from_here(exchange):
            return DEVELOPER
        return _EVERYBODY if self._unnamed == "everybody" else ANYBODY

    def _certified(self, name: str) -> Principal:
        roles = self._certificates.get(name)
        if roles is None or wrong_in_subject(name) is not None:
            raise _unauthorized("the certificate is good, and nobody here knows its name")
        return Principal(name, "service", scopes=self._roles.scopes_of(roles))

    async def whose(self, credential: str, exchange: HttpExchange, wanted: str = "") -> Principal:
        """Returns whose a token or an API key is that somebody shows in another way.

        Raises:
            Problem: it is not good.
        """
        with self._told(exchange, wanted):
            return await self._shown([b"Bearer " + credential.encode("latin-1", "replace")])

    async def holds(self, key: str) -> bool:
        """Returns whether the API key of an id is good now."""
        rings = [each for _, each in self._bearers if isinstance(each, KeyRing)]
        return bool(rings) and await rings[0].holds(key)

    async def _shown(self, given: list[bytes]) -> Principal:
        scheme, _, text = given[0].decode("latin-1").partition(" ")
        if len(given) != 1 or scheme.lower() != "bearer" or not text.isascii():
            raise _unauthorized("send one header: Authorization: Bearer TOKEN", _MORE)
        for begins, bearer in self._bearers:
            if text.startswith(begins):
                return await _asked(bearer, text.strip())
        raise _unauthorized("nobody here knows such a credential", _MORE)

    def _forwarded(self, proxy: TrustedProxy, exchange: HttpExchange) -> Principal:
        users = exchange.sent(proxy.user_header)
        if exchange.peer != proxy.address:
            raise _unauthorized("only the proxy says who asks, and this does not come from it")
        name = users[0].decode("latin-1")
        if len(users) != 1 or wrong_in_subject(name) is not None:
            raise _unauthorized("the proxy names somebody by what is no name")
        roles = b" ".join(exchange.sent(proxy.roles_header)).decode("latin-1")
        scopes = self._roles.scopes_of(roles.replace(",", " ").split())
        if sum(map(len, scopes)) + len(scopes) > LONGEST_SCOPES:
            raise _unauthorized("the roles have too many scopes")
        return Principal(name, "user", scopes=scopes, actor=f"service:{proxy.address}")


def _check_right(principal: Principal, contract: type[Message]) -> None:
    requires = contract.contract_requires
    if requires == PUBLIC:
        return
    if requires is None:
        raise Problem(FORBIDDEN, f"{contract.contract_type} declares no right for its route")
    if principal.may(requires):
        return
    if principal.kind == "anonymous":
        raise _unauthorized("this needs a token or an API key", b"Bearer")
    lacking = f'Bearer error="insufficient_scope", scope="{requires}"'.encode()
    raise Problem(FORBIDDEN, f"this needs the right {requires}", headers=_ask(lacking))


def known_as(principal: Principal) -> str:
    """Returns the name within which somebody's idempotency keys are told apart from everybody else's."""
    nameless = principal.kind == "anonymous" or principal == DEVELOPER
    return "anonymous" if nameless else principal.name


def is_from_here(exchange: HttpExchange) -> bool:
    """Returns whether a program on this machine asks: not a proxy, and no page of elsewhere in a browser here."""
    if not is_loopback_address(exchange.peer) or exchange.version == _SPOKEN_BY_PROXIES:
        return False
    if any(name in _OF_A_PROXY or name.startswith(b"x-forwarded-") for name in exchange.names):
        return False
    origins = [each.partition(b"://")[2] for each in exchange.sent(b"origin")]
    return all(_host_of(each) in _LOCAL_NAMES for each in (*exchange.sent(b"host"), *origins))


@lru_cache(maxsize=1_024)
def is_loopback_address(text: str) -> bool:
    """Returns whether an address is one of this machine alone."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _host_of(authority: bytes) -> bytes:
    end = authority.rfind(b"]") + 1
    return authority[: end or None].lower() if end else authority.partition(b":")[0].lower()


async def _asked(bearer: Bearer, text: str) -> Principal:
    try:
        return await bearer.principal(text)
    except NotShown as refusal:
        raise _unauthorized(str(refusal), _MORE) from None
    except CannotTell as away:
        raise Problem(AWAY, f"{away}; try again", headers=((b"retry-after", b"5"),)) from None


def _unauthorized(detail: str, challenge: bytes = b"Bearer") -> Problem:
    return Problem(UNAUTHORIZED, detail, headers=_ask(challenge))


def _ask(challenge: bytes) -> Headers:
    return ((b"www-authenticate", challenge),)
