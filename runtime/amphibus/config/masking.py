"""Settings as they may be printed: without secrets, and without the passwords in addresses."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

FREE: Final = ("modules", "producers")
"""Tables whose keys are names."""
SECRET_WORDS: Final = ("password", "secret", "token", "api_key", "private_key", "credential")
_MORE_SECRET_WORDS: Final = (*SECRET_WORDS, "passwd", "passphrase", "pwd")
"""The words that mark a key as a secret; the name of a `_FILE` variable is judged by its last word alone."""


def shown(key: str, value: Any) -> Any:
    """Returns a value as it may be printed, with secrets and the passwords in URLs masked."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
        return _without_password(value) if "://" in value else "***"
    if _sounds_secret(key):
        return "***" if value else value
    if isinstance(value, Mapping):
        return {name: shown(f"{key}.{name}", each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(key, each) for each in value]
    return _without_password(value) if isinstance(value, str) and "://" in value else value


def _sounds_secret(key: str) -> bool:
    """Judges a key by its words; in a module's table, which may be nested, by the words of every part."""
    table, *parts = key.lower().replace("-", "_").split(".")
    free = table in FREE
    parts = parts[1:] if free else [(parts or [table])[-1]]
    words = any(word in part for word in _MORE_SECRET_WORDS for part in parts)
    return words or (free and any(part.endswith("key") for part in parts))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if not parts.password:
        return url
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.split(':')[0]}:***@{place}"))
