"""The shape of a form, for one that is read from a file and may be anything."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Part(_Shape):
    taken: dict[str, Any]
    written: dict[str, Any] | None = None


class _Mark(_Shape):
    category: str
    purpose: str = ""


class _Answer(_Part):
    personal: dict[str, _Mark]


class _Route(_Shape):
    method: str
    path: str
    status: int
    stored: bool
    location: str | None


class _End(_Shape):
    since: str
    sunset: str
    use: str


class FormShape(_Shape):
    """One form."""

    type: str
    kind: Literal["command", "event", "query"]
    key: str | None
    http: _Route | None
    refuses: dict[str, int]
    personal: dict[str, _Mark]
    example: dict[str, Any] | None
    payload: _Part
    answer: _Answer | None
    deprecated: _End | None = None
    requires: str | None = None
    owned_by: str | None = None
