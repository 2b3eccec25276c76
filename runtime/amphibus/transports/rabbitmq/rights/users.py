"""The hashes that the broker keeps of passwords."""

import base64
import hashlib
import os
import secrets

_SALT_BYTES = 4


def hash_of(password: str) -> str:
    """Returns the broker's hash of a password: a salt and SHA-256 over both."""
    return _salted(os.urandom(_SALT_BYTES), password)


def is_hash_of(kept: str, password: str) -> bool:
    """Returns whether this is the broker's hash of that password."""
    try:
        salt = base64.b64decode(kept)[:_SALT_BYTES]
    except ValueError:
        return False
    return secrets.compare_digest(_salted(salt, password), kept)


def _salted(salt: bytes, password: str) -> str:
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
