"""The settings of who may come in over HTTP."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from amphibus.config.section import Seconds, Section


class AccessSettings(Section):
    """The settings of who may come in over HTTP."""

    open: bool = False
    """Everybody who reaches the gateway has all rights; `--open` of `run`."""
    issuer: str = ""
    """The `iss` of the tokens that count. Without one, whoever works on this machine has all rights, and nobody else
    any."""
    audience: str = ""
    """The `aud` that tokens must have; `<app>.<env>` if not set."""
    jwks: str = ""
    """The public keys of the issuer: a file, or an https:// address."""
    jwks_seconds: Annotated[float, Field(ge=10, le=86_400)] = 600.0
    """Time for which the issuer's keys are kept, before they are read again."""
    algorithms: Annotated[tuple[Literal["EdDSA", "ES256", "RS256"], ...], Field(min_length=1)] = (
        "EdDSA",
        "ES256",
        "RS256",
    )
    """The signatures that count."""
    key_ids: tuple[str, ...] = ()
    """The ids of the keys that count; empty for all that the issuer publishes."""
    longest_token_seconds: Seconds = 3_600.0
    """Longest time for which a token may be good."""
    roles_claim: str = "roles"
    """The claim with the roles of config/access.toml."""
    tenant_claim: str = "tenant"
    """The claim with the tenant."""
    proxy_address: str = ""
    """Address of a proxy that says in headers who asks; no other address is believed."""
    proxy_user_header: str = "x-remote-user"
    """Header in which the proxy names who asks."""
    proxy_roles_header: str = "x-remote-roles"
    """Header in which the proxy names his roles."""

    certificates: Mapping[str, tuple[str, ...]] = {}
    """`[access.certificates]`: the names in certificates of clients, each with its roles; others are nobody."""

    @property
    def guarded(self) -> bool:
        """True if somebody says who asks, so that nobody has rights by where he works."""
        return bool(self.issuer or self.proxy_address or self.certificates)

    @model_validator(mode="after")
    def _issuer_has_keys(self) -> Self:
        if bool(self.issuer) != bool(self.jwks):
            raise ValueError("issuer and jwks belong together: who signs tokens, and by which keys")
        local = re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]", self.jwks)
        if "://" in self.jwks and not self.jwks.startswith("https://") and not local:
            raise ValueError("jwks must be a file or an https:// address")
        return self
