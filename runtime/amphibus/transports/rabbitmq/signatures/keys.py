"""The keys of signatures: private ones in files of their modules, public ones in the configuration of all."""

import base64
import hashlib
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from amphibus.config.correction import opened
from amphibus.errors import ConfigError
from amphibus.transports.rabbitmq.signatures.signing import Signatures, Signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from amphibus.config.signatures import SignatureSettings

_FORBIDDEN: Final = 0o077
_ID_LENGTH: Final = 16
NEXT: Final = ".next"
"""What stands in the name of the file of a key that is not used yet."""


def signer_of(settings: "SignatureSettings") -> Signer | None:
    """Returns who signs for the sources whose private keys are there; None if nothing is signed.

    Raises:
        ConfigError: a key cannot be used.
    """
    folder = settings.private_keys
    if folder is None:
        return None
    files = [path for path in sorted(folder.glob("*.pem")) if not path.stem.endswith(NEXT)]
    return Signer({path.stem: private_key(path) for path in files})


def signatures_of(settings: "SignatureSettings") -> Signatures | None:
    """Returns which signatures are believed; None if none are asked for.

    Raises:
        ConfigError: a key cannot be used.
    """
    if not settings.required:
        return None
    return Signatures(
        {
            source: {identity: _public(source, identity, text) for identity, text in keys.items()}
            for source, keys in settings.keys.items()
        }
    )


def private_key(path: Path) -> "tuple[str, Ed25519PrivateKey]":
    """Reads a private key; returns its id, and it.

    Raises:
        ConfigError: it cannot be read, others may read it, or it is of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        mode = path.stat().st_mode
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise _unusable(path, str(error)) from None
    if os.name == "posix" and mode & _FORBIDDEN:
        raise ConfigError(
            f"{path} is a private key, and others may read it",
            "whoever has it may sign as its module; if somebody may have read it, make another",
            f"chmod 600 {shlex.quote(str(path))}",
        )
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path, "it is no Ed25519 key")
    return key_id(public_text(key)), key


def new_private_key() -> bytes:
    """Returns a new private key, as the text of its file."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_text(key: "Ed25519PrivateKey") -> str:
    """Returns the public half of a key as it stands in the configuration: its 32 bytes in base64url."""
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode()


def key_id(public: str) -> str:
    """Returns the id of a public key: the beginning of its SHA-256."""
    digest = hashlib.sha256(base64.urlsafe_b64decode(public)).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_ID_LENGTH]


def as_configuration(source: str, keys: Mapping[str, str]) -> str:
    """Returns the lines of config/amphibus.toml that make public keys known."""
    lines = "".join(f'"{identity}" = "{public}"\n' for identity, public in keys.items())
    return f"[signatures.keys.{source}]\n{lines}"


def _public(source: str, identity: str, text: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text))
    except ValueError as error:
        raise ConfigError(
            f"the key '{identity}' of {source} in [signatures.keys.{source}] cannot be used",
            f"{error}; it is the line that `amphibus signatures create {source}` printed",
            opened("config/amphibus.toml"),
        ) from None


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path} cannot be used as a private key",
        f"{why}; without it nothing of {path.stem} is signed",
        f"amphibus signatures create {path.stem} --to {shlex.quote(str(path.parent))}",
    )
