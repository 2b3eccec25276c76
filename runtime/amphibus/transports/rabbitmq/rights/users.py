"""The users of the broker: the hashes that it keeps of their passwords, and those that several modules share."""

import base64
import hashlib
import os
import secrets
from typing import TYPE_CHECKING
from urllib.parse import unquote

from amphibus.transports.rabbitmq.address import addresses

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

_SALT_BYTES = 4


def not_verified(settings: "Settings", url: str, *modules: str) -> str:
    """Returns why some modules cannot know who sends them messages by a broker's address, or nothing.

    With a user of its own, a module knows that others have theirs.
    """
    user = unquote(addresses(url, heartbeat=0)[0].user or "guest")
    wanted = settings.rabbitmq.verify_senders
    if wanted == "off":
        return "rabbitmq.verify_senders is off: whoever has a password of the broker may send in any module's name"
    if wanted == "on" or all(user == f"{settings.app}.{settings.env}.{each}" for each in modules):
        return ""
    return (
        f"modules share the broker's user '{user}': whoever has its password may send in any module's name;"
        " amphibus broker apply gives each its own"
    )


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
