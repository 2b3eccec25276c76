"""The settings of webhooks: endpoints of others that get events of the system over HTTP."""

import base64
import binascii
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from amphibus.config.section import Seconds, Section

PREFIX: Final = "whsec_"
MODULE_PREFIX: Final = "webhook_"
"""The module of `[webhooks.acme]` is `webhook_acme`."""
_LEAST, _MOST = 24, 64
_FIELD: Final = r"^\s*[A-Za-z_]\w*\s*=\s*[^\s=]+\s*$"


def key_of(secret: SecretStr) -> bytes:
    """Returns the bytes of a secret in the form of Standard Webhooks: `whsec_` and base64.

    Raises:
        ValueError: it has another form, or is too short or too long to be safe.
    """
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"{_LEAST} to {_MOST} random bytes as {PREFIX} and base64")
    return key


def _secret(given: SecretStr | None) -> SecretStr | None:
    try:
        if given is not None:
            key_of(given)
    except ValueError as error:
        raise PydanticCustomError("secret", "it must be {why}", {"why": str(error)}) from None
    return given


def _webhook_name(given: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9_]{0,30}", given) is None:
        raise PydanticCustomError(
            "name", "must begin with a small letter, and go on with up to 30 of a-z, 0-9 and _"
        )
    return given


WebhookName = Annotated[str, AfterValidator(_webhook_name)]
Secret = Annotated[SecretStr | None, AfterValidator(_secret)]


class WebhookSettings(Section):
    """`[webhooks.<name>]`: an endpoint that gets events, signed, in the order of each key."""

    subscribes: tuple[str, ...] = ()
    """Events that are posted to it, such as `orders.OrderConfirmed.v1`; said in config/amphibus.toml alone."""
    purposes: tuple[str, ...] = ()
    """The purposes for which it gets personal data, in the words of the contracts that bring it."""
    ignores: tuple[str, ...] = ()
    """Categories of personal data that its events bring and that nobody reads there."""
    url: str = ""
    """Address that events are posted to, `https://`."""
    secret: Secret = None
    """The key that events are signed with: `whsec_` and base64. By file: `AMPHIBUS_WEBHOOKS__<NAME>__SECRET_FILE`."""
    old_secret: Secret = None
    """The key before it, while the endpoint learns the new one: events are signed with both."""
    mode: Literal["structured", "binary"] = "structured"
    """The form of CloudEvents: everything in one JSON object, or attributes in headers."""
    timeout_seconds: Annotated[Seconds, Field(le=300)] = 15.0
    """Time that the endpoint may take for its answer."""
    private: bool = False
    """Allow addresses of private networks, and `http://`."""

    @model_validator(mode="after")
    def _address_is_public(self) -> Self:
        if self.url:
            problem = problem_of_url(self.url, private=self.private)
            if problem is not None:
                raise ValueError(problem)
        return self


class IncomingSettings(Section):
    """`[incoming_webhooks.<name>]`: posts of another system to `/v1/webhooks/<name>`, which become commands."""

    command: str = ""
    """The command that a post becomes, such as `orders.NoteShipment.v1`; its contract has a stored route."""
    types: tuple[str, ...] = ()
    """Types of events that are taken; the others are answered and left. None named: all."""
    type_at: str = "type"
    """The place of the type in what is posted; dots lead into objects."""
    data_at: str = "data"
    """The place of the object whose fields the command takes by their names; empty: the whole."""
    fields: Annotated[tuple[Annotated[str, Field(pattern=_FIELD)], ...], Field(max_length=200)] = ()
    """The fields of the command with the places of their values, as `order_id = data.order.id`, instead of `data_at`;
    `webhook-id` stands for the id of the post."""
    secret: Secret = None
    """The key that posts are signed with: `whsec_` and base64, as the sender gives it.
    By file: `AMPHIBUS_INCOMING_WEBHOOKS__<NAME>__SECRET_FILE`."""
    old_secret: Secret = None
    """The key before it, while the sender exchanges it: either is taken."""
    tolerance_seconds: Annotated[Seconds, Field(le=3_600)] = 300.0
    """The most that the time of a post may be off our clock, before or behind."""


def problem_of_url(url: str, *, private: bool) -> str | None:
    """Returns why nothing is posted to an address, in words; None if it may be."""
    try:
        parts: Any = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f"url cannot be understood: {error}"
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "url must be an https:// address"
    if not url.isascii() or not url.isprintable() or " " in url or not _is_host(parts.hostname):
        return "url must be written in ASCII: names as xn--..., other characters as %C3%A9"
    if parts.scheme == "http" and not private:
        return "url must be https://; http:// is for private = true"
    if parts.username or parts.password or parts.fragment:
        return "url must hold no user, password or fragment: events are signed instead"
    return None


def _is_host(name: str) -> bool:
    """Returns whether a name could be looked up: its parts have 1 to 63 characters."""
    return ":" in name or all(0 < len(each) < 64 for each in name.removesuffix(".").split("."))


def declared_webhooks(root: Path) -> dict[str, dict[str, Any]]:
    """Returns the tables of `config/amphibus.toml` as they are written; loading the settings says what is wrong."""
    try:
        found = tomllib.loads((root / "config/amphibus.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    tables = found.get("webhooks", {})
    if not isinstance(tables, dict):
        return {}
    return {name: each for name, each in tables.items() if isinstance(each, dict)}
