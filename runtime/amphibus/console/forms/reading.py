"""The value that a form was sent with, and what its buttons change in it: no script is needed to add an item."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from amphibus.console.forms.fields import MISSING, MOST_ITEMS, NAME, place_of
from amphibus.console.forms.shapes import Shape
from amphibus.messages.documents import document_of
from amphibus.telemetry.privacy import MASK

AS: Final = "as:"
"""Before the name of a field: how its value was shown, which says how it is read."""
BUTTONS: Final = ("add", "remove", "give", "drop")
_WHOLE: Final = re.compile(r"-?[0-9]{1,30}", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


class Read:
    """Reads one form."""

    def __init__(self, shape: Shape, form: Mapping[str, str]) -> None:
        self._form = form
        self.errors: dict[str, str] = {}
        """The fields that could not be read, each with the reason."""
        self.value = self._value(shape, NAME, required=True)

    def _value(self, shape: Shape, name: str, *, required: bool) -> Any:
        shown = self._form.get(AS + name, "")
        if shown == "masked":
            return MASK
        if shown == "json" or shape.kind == "json":
            return self._json(name)
        if shape.kind == "object":
            return self._object(shape, name, shown, required=required)
        if shape.kind == "list":
            return self._list(shape, name, shown, required=required)
        return _simple(shape, self._form.get(name, ""), required=required)

    def _object(self, shape: Shape, name: str, shown: str, *, required: bool) -> Any:
        if shown != "object" and (not required or shape.nullable):
            return _nothing(shape, required=required)
        found = {
            part: self._value(each, f"{name}.{part}", required=part in shape.required)
            for part, each in shape.parts.items()
        }
        return {part: each for part, each in found.items() if each is not MISSING}

    def _list(self, shape: Shape, name: str, shown: str, *, required: bool) -> Any:
        count = int(shown) if _WHOLE.fullmatch(shown) else 0
        if not shown or shape.items is None:
            return [] if required and not shape.nullable else _nothing(shape, required=required)
        found = [
            self._value(shape.items, f"{name}[{number}]", required=True)
            for number in range(min(count, MOST_ITEMS))
        ]
        return [None if each is MISSING else each for each in found]

    def _json(self, name: str) -> Any:
        text = self._form.get(name, "").strip()
        if not text:
            return MISSING
        try:
            return document_of(text)
        except ValueError:
            self.errors[place_of(name)] = "must be JSON"
            return text


def pressed(shape: Shape, value: Any, form: Mapping[str, str]) -> Any:
    """Returns a value as the button changes it that a form was sent by; None where that was another button."""
    for button in BUTTONS:
        if form.get(button):
            return _changed(shape, value, NAME, button, form[button])
    return None


def _simple(shape: Shape, text: str, *, required: bool) -> Any:
    text = text.strip() if shape.kind != "text" else text
    if not text:
        keeps = shape.kind == "text" and required and not shape.nullable
        return text if keeps else _nothing(shape, required=required)
    if shape.kind in ("choice", "flag"):
        return _chosen(text)
    if shape.kind == "integer" and _WHOLE.fullmatch(text):
        return int(text)
    if shape.kind == "number" and _NUMBER.fullmatch(text):
        return json.loads(text) if not text.lstrip("-").startswith("0") else float(text)
    return text


def _chosen(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _nothing(shape: Shape, *, required: bool) -> Any:
    return None if required and shape.nullable else MISSING


def _changed(shape: Shape, value: Any, name: str, button: str, at: str) -> Any:
    if name == at:
        return _at_once(shape, value, button)
    if not at.startswith(name):
        return value
    if shape.kind == "object" and isinstance(value, Mapping):
        changed = {
            part: _changed(each, value.get(part, MISSING), f"{name}.{part}", button, at)
            for part, each in shape.parts.items()
        }
        return {part: each for part, each in changed.items() if each is not MISSING}
    if shape.kind == "list" and isinstance(value, list) and shape.items is not None:
        return [
            _changed(shape.items, each, f"{name}[{number}]", button, at)
            for number, each in enumerate(value)
            if not (button == "remove" and at == f"{name}[{number}]")
        ]
    return value


def _at_once(shape: Shape, value: Any, button: str) -> Any:
    if button == "drop":
        return MISSING
    if button == "give":
        return blank(shape)
    if button == "add" and shape.items is not None:
        return [*(value if isinstance(value, list) else []), blank(shape.items)]
    return value


def blank(shape: Shape) -> Any:
    """Returns what a new form holds: lists have the items that they need, and nothing else is filled in."""
    if shape.kind == "object":
        needed = {name: each for name, each in shape.parts.items() if name in shape.required}
        return {
            name: blank(each) for name, each in needed.items() if each.kind in ("object", "list")
        }
    if shape.kind == "list":
        return [] if shape.items is None else [blank(shape.items)] * min(shape.least, MOST_ITEMS)
    return None
