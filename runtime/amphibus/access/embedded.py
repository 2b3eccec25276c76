"""The issuer of its own: tokens for development, good on the machine that made them.

Its private key lies in the data folder. Whoever can read that can write the databases too.
"""

import base64
import json
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amphibus.errors import ConfigError

ISSUER: Final = "amphibus:embedded"
_FILE: Final = "issuer-key.pem"


class EmbeddedIssuer:
    """Signs and checks tokens with the key in a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / _FILE
        self._known: tuple[int, str, Any] | None = None

    async def key(self, identity: str) -> tuple[str, Any] | None:
        """Returns the public key, if it has that id; the file is read again once it changed."""
        try:
            written = self._path.stat().st_mtime_ns
            if self._known is None or self._known[0] != written:
                public = _read(self._path).public_key()
                self._known = (written, key_id(public), public)
        except (OSError, ConfigError):
            return None
        return ("EdDSA", self._known[2]) if identity == self._known[1] else None

    def token(
        self,
        subject: str,
        *,
        audience: str,
        scopes: str,
        roles: list[str],
        seconds: float,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """Returns a token; makes the key if there is none. `more` are claims that it has besides.

        Raises:
            ConfigError: the key cannot be made or read.
        """
        private, now = self._private(), int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": subject,
            "nbf": now,
            "exp": now + int(seconds),
            "scope": scopes,
            "roles": roles,
            **(more or {}),
        }
        return jwt.encode(
            claims, private, algorithm="EdDSA", headers={"kid": key_id(private.public_key())}
        )

    def _private(self) -> Ed25519PrivateKey:
        try:
            _make(self._path)
        except FileExistsError:
            pass
        except OSError as error:
            raise _unusable(self._path, error.strerror or str(error)) from error
        return _read(self._path)


def key_id(public: Any) -> str:
    """Returns the thumbprint of a key (RFC 7638)."""
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    said = {"crv": "Ed25519", "kty": "OKP", "x": _text(raw)}
    return _text(sha256(json.dumps(said, separators=(",", ":")).encode()).digest())


def _make(path: Path) -> None:
    """Writes a new key, whole or not at all, for this user alone."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    beside = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    try:
        os.link(beside, path)
    finally:
        beside.unlink()


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise _unusable(path, str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path, "it is no Ed25519 key")
    return key


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path} cannot be used",
        f"{why}; it is the key of the tokens for development",
        f"rm {path}",
    )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
