"""The public keys of an issuer: a JSON Web Key Set (RFC 7517) in a file or at an address, kept for a while."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jwt

from amphibus.access.refusals import CannotTell
from amphibus.messages.json_text import read_json

_LONGEST_BYTES: Final = 65_536
_MOST_KEYS: Final = 32
_LEAST_RSA_BITS: Final = 2_048
_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 10.0
"""A key that is not known makes us look again, and not more often than this."""
_OLDEST_SECONDS: Final = 86_400.0
"""For so long keys count that their issuer cannot be asked about."""
_MALFORMED: Final = (jwt.PyJWTError, ValueError, TypeError, KeyError)
_KINDS: Final[Mapping[tuple[str, str | None], str]] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}


class KeySet:
    """The keys by their ids, each with the one algorithm that it is for.

    Args:
        place: a file, or an address.
        seconds: for which keys are kept.
        by_proxies: an address is reached as the environment says, which knows no way to this machine.
    """

    def __init__(self, place: str, seconds: float, *, by_proxies: bool = True) -> None:
        self._place = place
        self._seconds = seconds
        self._by_proxies = by_proxies
        self._keys: dict[str, tuple[str, Any]] = {}
        self._read_at = self._tried_at = -_OLDEST_SECONDS
        self._turn = asyncio.Lock()

    async def key(self, identity: str) -> tuple[str, Any] | None:
        """Returns a key with its algorithm, or None if the issuer has none of that id.

        Raises:
            CannotTell: the keys are too old, and cannot be read.
        """
        now = time.monotonic()
        wait = self._seconds if identity in self._keys else _AGAIN_SECONDS
        if now - self._tried_at > wait:
            async with self._turn:
                if time.monotonic() - self._tried_at > wait:
                    await self._look()
        if time.monotonic() - self._read_at > _OLDEST_SECONDS:
            raise CannotTell("the keys of the issuer cannot be read")
        return self._keys.get(identity)

    async def _look(self) -> None:
        self._tried_at = time.monotonic()
        try:
            self._keys = keys_in(await self._text())
            self._read_at = time.monotonic()
        except Exception:  # noqa: BLE001 - the network, a file, or what they hold; the old keys count on
            return

    async def _text(self) -> bytes:
        if "://" not in self._place:
            return await asyncio.to_thread(_head_of, Path(self._place))
        import httpx

        async with (
            asyncio.timeout(_SECONDS),
            httpx.AsyncClient(
                follow_redirects=False, timeout=_SECONDS, trust_env=self._by_proxies
            ) as client,
            client.stream("GET", self._place) as response,
        ):
            response.raise_for_status()
            text = b""
            async for part in response.aiter_bytes():
                text += part
                if len(text) > _LONGEST_BYTES:
                    raise ValueError("the keys are too large")
            return text


def keys_in(text: bytes) -> dict[str, tuple[str, Any]]:
    """Returns the keys that a set holds; those for another purpose, or too weak, are left out.

    Raises:
        ValueError: it is no set of keys.
    """
    listed = read_json(text).get("keys")
    if len(text) > _LONGEST_BYTES or not isinstance(listed, list):
        raise ValueError("it is no JSON Web Key Set")
    found: dict[str, tuple[str, Any]] = {}
    for each in listed[:_MOST_KEYS]:
        algorithm = _algorithm(each)
        if algorithm is not None:
            with contextlib.suppress(*_MALFORMED):  # it costs its own tokens, and not all others
                found[each["kid"]] = (algorithm, jwt.PyJWK(each, algorithm).key)
    return found


def _algorithm(key: Any) -> str | None:
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str):
        return None
    kind = str(key.get("kty"))
    algorithm = _KINDS.get((kind, None if kind == "RSA" else key.get("crv")))
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm or "d" in key:
        return None
    weak = kind == "RSA" and len(str(key.get("n", ""))) * 6 < _LEAST_RSA_BITS - 6
    return None if weak else algorithm


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LONGEST_BYTES + 1)
