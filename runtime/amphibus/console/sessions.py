"""The sessions of the console: a link that is good once, and the cookie that it is changed for.

A link is noted in the data folder, where the key lies that signs cookies. Whoever can read that can write the databases
too.
"""

import os
import secrets
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import jwt

from amphibus.access.api_keys import id_of
from amphibus.access.embedded import ISSUER, EmbeddedIssuer
from amphibus.access.principal import Kind, Principal, scopes_in

READ: Final = "console:read"
OPERATE: Final = "console:operate"
LINK_SECONDS: Final = 43_200.0
_LINKS: Final = "console-links"
_CLAIMS: Final = ("exp", "nbf", "sub", "aud", "iss")


class Session(NamedTuple):
    """Whoever was let in."""

    principal: Principal
    key: str
    """The id of the API key that he has shown; empty for another credential."""


def seconds_of(credential: str, most: float) -> float:
    """Returns for how long somebody is let in by a credential that is good: a token no longer than itself."""
    if id_of(credential):
        return most
    claims = jwt.decode(credential, options={"verify_signature": False})
    return max(0.0, min(most, float(claims["exp"]) - time.time()))


class Sessions:
    """Makes links and cookies, and knows them again, after a restart too."""

    def __init__(self, data_dir: Path, audience: str) -> None:
        self._issuer = EmbeddedIssuer(data_dir)
        self._links = data_dir / _LINKS
        self._audience = f"{audience}#console"  # which no token for the API has

    def link(self, subject: str) -> str:
        """Returns a token that lets an operator in once.

        Raises:
            OSError: it cannot be noted in the data folder.
        """
        self._links.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in self._links.iterdir():
            if _is_old(each):
                each.unlink(missing_ok=True)
        link = secrets.token_urlsafe(24)
        place = os.open(self._place(link), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(place, "w", encoding="utf-8") as file:
            file.write(subject)
        return link

    def cookie(self, principal: Principal, seconds: float = LINK_SECONDS, key: str = "") -> str:
        """Returns the text that lets somebody in again for a while, or for as long as an API key is good."""
        return self._issuer.token(
            principal.subject,
            audience=self._audience,
            scopes=" ".join(sorted(principal.scopes)),
            roles=[],
            seconds=seconds,
            more={
                "kind": principal.kind,
                "tenant": principal.tenant,
                "actor": principal.actor,
                "key": key,
            },
        )

    def redeem(self, link: str) -> Principal | None:
        """Returns whom a link lets in, the first time that it is used: whoever takes the note away is the first."""
        place = self._place(link)
        try:
            subject, old = place.read_text(encoding="utf-8"), _is_old(place)
            place.unlink()
        except OSError:
            return None
        scopes = frozenset((READ, OPERATE))
        return None if old else Principal(subject, "operator", scopes=scopes)

    async def session(self, text: str) -> Session | None:
        """Returns what a cookie says, if it is good."""
        try:
            found = await self._issuer.key(jwt.get_unverified_header(text).get("kid", ""))
            if found is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                text,
                found[1],
                algorithms=["EdDSA"],
                audience=self._audience,
                issuer=ISSUER,
                options={"require": list(_CLAIMS)},
            )
        except (jwt.PyJWTError, ValueError):
            return None
        kind: Kind = claims["kind"]
        scopes, actor = scopes_in(claims["scope"]), claims.get("actor", "")
        principal = Principal(claims["sub"], kind, claims["tenant"], scopes, actor)
        return Session(principal, claims.get("key", ""))

    def _place(self, link: str) -> Path:
        """Returns the note of a link, from which nobody learns the link."""
        return self._links / sha256(link.encode("utf-8", "replace")).hexdigest()


def _is_old(place: Path) -> bool:
    try:
        return time.time() - place.stat().st_mtime > LINK_SECONDS
    except FileNotFoundError:
        return False  # somebody has just used it, or taken it away
