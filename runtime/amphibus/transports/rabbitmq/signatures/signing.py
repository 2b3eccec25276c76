"""Signs messages and believes signatures: Ed25519 over the attributes and the body of a message.

What is signed stands in docs/wire-format.md, so that a program in any language can do it.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE: Final = "signature"
KEY: Final = "signaturekey"
NAMES: Final = frozenset((SIGNATURE, KEY))
"""The attributes that a signature travels in."""
_OF_EVENTS: Final = "ce-"
_FIRST: Final = b"amphibus-signature-1\n"


def signed_bytes(headers: Mapping[str, Any], body: bytes) -> bytes:
    """Returns the bytes that are signed: each attribute on a line of its own, sorted by name, and the body."""
    lines = [
        f"{name}:{value}\n"
        for name, value in sorted(headers.items())
        if name.startswith(_OF_EVENTS) and name.removeprefix(_OF_EVENTS) not in NAMES
    ]
    return b"".join((_FIRST, "".join(lines).encode(), b"\n", body))


class Signer:
    """Signs what its sources send. One a process.

    Args:
        keys: source -> the id of its key, and the key.
    """

    def __init__(self, keys: "Mapping[str, tuple[str, Ed25519PrivateKey]]") -> None:
        self._keys = keys

    def sign(self, source: str, headers: dict[str, Any], body: bytes) -> None:
        """Puts the signature of a source into the headers of a message; nothing if it has no key."""
        found = self._keys.get(source)
        if found is not None:
            identity, key = found
            signature = key.sign(signed_bytes(headers, body))
            headers[_OF_EVENTS + KEY] = identity
            headers[_OF_EVENTS + SIGNATURE] = base64.urlsafe_b64encode(signature).decode()


class Signatures:
    """The rule of which signatures are believed: each source has its own keys, several while they are changed.

    Args:
        keys: source -> the id of each of its keys -> the key.
    """

    def __init__(self, keys: "Mapping[str, Mapping[str, Ed25519PublicKey]]") -> None:
        self._keys = keys

    def forgery(self, source: str, headers: Mapping[str, str], body: bytes) -> str | None:
        """Returns why a message is not what its source has signed, in words; None if it is."""
        from cryptography.exceptions import InvalidSignature

        identity, text = (headers.get(_OF_EVENTS + each) for each in (KEY, SIGNATURE))
        if identity is None or text is None:
            return f"it is not signed, and all that {source} sends must be"
        key = self._keys.get(source, {}).get(identity)
        if key is None:
            return f"it is signed with the key '{identity}', which is none of {source}"
        try:
            key.verify(base64.urlsafe_b64decode(text), signed_bytes(headers, body))
        except (InvalidSignature, ValueError):
            return f"its signature is not one of {source}: it was changed, or somebody else made it"
        return None
