"""The gateway's door, made of the settings: who knows credentials, and who has rights without one."""

from pathlib import Path

from amphibus.access.api_keys import PREFIX, KeyRing, Lookup
from amphibus.access.embedded import ISSUER, EmbeddedIssuer
from amphibus.access.key_set import KeySet
from amphibus.access.refusal_counts import RefusalCounts
from amphibus.access.roles import read_roles
from amphibus.access.tokens import TokenRules, Tokens
from amphibus.clock import Clock
from amphibus.config.access import AccessSettings
from amphibus.config.addresses import is_loopback
from amphibus.config.settings import Settings
from amphibus.gateway.door import Door, TrustedProxy
from amphibus.gateway.limits.throttle import Throttle


def front_door(
    root: Path,
    settings: Settings,
    lookup: Lookup,
    clock: Clock,
    refusals: RefusalCounts | None = None,
) -> Door:
    """Returns the door that the settings ask for; it counts refusals there, if that is given.

    Raises:
        ConfigError: the roles cannot be read.
    """
    access, roles = settings.access, read_roles(root)
    rules = TokenRules(
        issuer=access.issuer or ISSUER,
        audience=audience_of(settings),
        algorithms=access.algorithms if access.issuer else ("EdDSA",),
        key_ids=frozenset(access.key_ids),
        longest_seconds=access.longest_token_seconds,
        roles_claim=access.roles_claim,
        tenant_claim=access.tenant_claim,
    )
    own = EmbeddedIssuer(settings.data_dir)
    keys = _keys(root, access) if access.issuer else own
    unnamed = "nobody" if access.guarded else "developer"
    return Door(
        ((PREFIX, KeyRing(lookup, clock.now)), ("", Tokens(rules, keys, roles))),
        unnamed="everybody" if access.open else unnamed,
        roles=roles,
        proxy=_proxy(settings),
        throttle=Throttle(settings.http, proxy=access.proxy_address),
        certificates=access.certificates,
        refusals=refusals,
    )


def audience_of(settings: Settings) -> str:
    """Returns the audience that tokens for this system have."""
    return settings.access.audience or f"{settings.app}.{settings.env}"


def _keys(root: Path, access: AccessSettings) -> KeySet:
    """Returns the keys of an issuer; one on this machine is asked past any proxy."""
    jwks = access.jwks
    place = jwks if "://" in jwks else str(root / jwks)
    return KeySet(place, access.jwks_seconds, by_proxies=not is_loopback(jwks))


def _proxy(settings: Settings) -> TrustedProxy | None:
    access = settings.access
    if not access.proxy_address:
        return None
    names = (access.proxy_user_header, access.proxy_roles_header)
    user, roles = (each.lower().encode("latin-1") for each in names)
    return TrustedProxy(access.proxy_address, user, roles)
