"""API keys: 256 random bits by which a program shows who it is. Only their hash is kept."""

import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from amphibus.access.principal import Principal
from amphibus.access.refusals import NotShown

PREFIX: Final = "amk_"
_WRITTEN: Final = re.compile(r"amk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_KEPT_SECONDS: Final = 2.0
"""For so long a key that was revoked may still be good here."""
_MOST_KEPT: Final = 4_096


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept. Times are microseconds since the epoch."""

    id: str
    name: str
    tenant: str
    scopes: frozenset[str]
    hash: bytes
    created: int
    expires: int
    revoked: int | None = None


def id_of(text: str) -> str:
    """Returns the id of the key that a credential is; empty for what is none."""
    found = _WRITTEN.fullmatch(text)
    return found[1] if found else ""


Lookup = Callable[[str], Awaitable[ApiKey | None]]
"""Finds a key by its id."""


def new_key() -> tuple[str, str, bytes]:
    """Makes a key; returns its id, its text, which is shown once, and the hash that is kept."""
    identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    return identity, f"{PREFIX}{identity}_{secret}", hash_of(secret)


def hash_of(secret: str) -> bytes:
    """Returns what is kept of a secret. It has 256 random bits, so a slow hash adds nothing."""
    return sha256(secret.encode()).digest()


class KeyRing:
    """Finds out whose a key is; asks the store again after two seconds."""

    def __init__(self, lookup: Lookup, now: Callable[[], int]) -> None:
        self._lookup = lookup
        self._now = now
        self._kept: dict[str, tuple[ApiKey | None, float]] = {}

    async def principal(self, text: str) -> Principal:
        """Returns the program that a key is of.

        Raises:
            NotShown: there is no such key, it was revoked, or it has expired.
        """
        found = _WRITTEN.fullmatch(text)
        key = await self._key(found[1]) if found else None
        given = hash_of(found[2] if found else "")
        good = hmac.compare_digest(given, key.hash if key else b"\0" * 32)
        if key is None or not good or key.revoked is not None:
            raise NotShown("there is no such key")
        if key.expires <= self._now():
            raise NotShown("the key has expired")
        return Principal(key.name, "service", key.tenant, key.scopes)

    async def holds(self, identity: str) -> bool:
        """Returns whether the key of an id is good: it was made, not revoked, and has not expired."""
        key = await self._key(identity)
        return key is not None and key.revoked is None and key.expires > self._now()

    async def _key(self, identity: str) -> ApiKey | None:
        kept = self._kept.get(identity)
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        asked = time.monotonic()
        key = await self._lookup(identity)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[identity] = (key, asked + _KEPT_SECONDS)
        return key
