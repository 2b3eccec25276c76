"""The fields of a form: shapes filled with what is in them, and with what is wrong there."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from amphibus.console.forms.shapes import Shape
from amphibus.telemetry.privacy import MASK

NAME: Final = "payload"
"""The name of the whole value: fields are called `payload.lines[3].quantity`."""
MOST_ITEMS: Final = 200
"""The items of a list that a form shows; longer ones are for JSON."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INPUTS: Final[Mapping[str, tuple[str, str]]] = {
    "integer": ("text", "numeric"),
    "number": ("text", "decimal"),
    "decimal": ("text", "decimal"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """No value at all, which is not null."""


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form, as a template draws it."""

    name: str
    label: str
    shape: Shape
    required: bool
    text: str
    given: bool
    """Whether there is a value; without one, the parts of an object are not asked for."""
    error: str
    parts: tuple["Field", ...] = ()
    masked: bool = False
    """Whether there is personal data in it that is not shown."""

    @property
    def id(self) -> str:
        """Returns a name that a page may point to."""
        return "f-" + re.sub(r"[^A-Za-z0-9_-]", "-", self.name)

    @property
    def describes(self) -> str:
        """Returns the ids of the texts about it that a page has."""
        texts = (("says", self.shape.says or self.shape.hint), ("error", self.error))
        return " ".join(f"{self.id}-{name}" for name, text in texts if text)

    @property
    def optional(self) -> bool:
        """Returns whether it may be left out."""
        return not self.required or self.shape.nullable

    @property
    def hides(self) -> bool:
        """Returns whether something in it is not shown: the items of such a list keep their places."""
        return self.masked or any(each.hides for each in self.parts)

    @property
    def input(self) -> tuple[str, str]:
        """Returns the type of its input, and what a keyboard should offer."""
        if self.shape.kind == "day" and (not self.text or _DAY.fullmatch(self.text)):
            return "date", "text"
        return _INPUTS.get(self.shape.kind, ("text", "text"))

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Returns what can be chosen, as JSON and as people read it; with what stands there, if it is none of these."""
        options: tuple[Any, ...] = self.shape.options
        if self.shape.kind == "flag":
            options = (True, False)
        found = [(json.dumps(each), _as_text(each)) for each in options]
        if self.given and self.text not in dict(found):
            found.append((self.text, self.text))
        return found


def filled(shape: Shape, value: Any, errors: Mapping[str, str]) -> Field:
    """Returns a whole form with a value in it; errors are named as `lines[3].quantity`."""
    return _field(NAME, "", shape, value, errors, required=True)


def place_of(name: str) -> str:
    """Returns the place of a field in the payload, as errors name it."""
    return name.removeprefix(NAME).removeprefix(".") or "body"


def unshown(form: Field, errors: Mapping[str, str]) -> dict[str, str]:
    """Returns the errors that no field of a form shows."""
    known = {place_of(each.name) for each in _all(form) if each.error}
    return {place: why for place, why in errors.items() if place not in known}


def _all(field: Field) -> Iterator[Field]:
    yield field
    for each in field.parts:
        yield from _all(each)


def _field(
    name: str, label: str, shape: Shape, value: Any, errors: Mapping[str, str], *, required: bool
) -> Field:
    shape = _fitting(shape, value)
    given = value is not MISSING and value is not None
    if shape.kind == "object" and required and not shape.nullable:
        given = True
    return Field(
        name,
        label,
        shape,
        required,
        _shown(shape, value),
        given,
        errors.get(place_of(name), ""),
        tuple(_parts(name, shape, value, errors)) if given else (),
        masked=value == MASK,
    )


def _fitting(shape: Shape, value: Any) -> Shape:
    """Returns the shape, or that of any JSON where the value is of another one: nothing of it is to be lost."""
    if value is MISSING or value is None or value == MASK:
        return shape
    wrong_object = shape.kind == "object" and not isinstance(value, Mapping)
    wrong_list = shape.kind == "list" and (not isinstance(value, list) or len(value) > MOST_ITEMS)
    wrong_simple = shape.kind not in ("object", "list", "json") and isinstance(
        value, Mapping | list
    )
    if wrong_object or wrong_list or wrong_simple:
        return Shape("json", shape.says, shape.hint, shape.nullable)
    return shape


def _parts(name: str, shape: Shape, value: Any, errors: Mapping[str, str]) -> Iterator[Field]:
    if value == MASK:
        return
    if shape.kind == "object":
        known: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        for part, each in shape.parts.items():
            inside = known.get(part, MISSING)
            required = part in shape.required
            yield _field(f"{name}.{part}", part, each, inside, errors, required=required)
    elif shape.kind == "list" and shape.items is not None:
        items = value if isinstance(value, list) else []
        for number, each in enumerate(items):
            place = f"{name}[{number}]"
            yield _field(place, str(number + 1), shape.items, each, errors, required=True)


def _shown(shape: Shape, value: Any) -> str:
    if value is MISSING or value is None or value == MASK:
        return MASK if value == MASK else ""
    if shape.kind in ("choice", "flag"):
        return json.dumps(value)
    if shape.kind == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    return _as_text(value) if not isinstance(value, Mapping | list) else ""


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)
