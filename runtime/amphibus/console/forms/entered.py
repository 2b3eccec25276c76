"""A payload as somebody enters it: in fields or as JSON, with what is wrong in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from amphibus.console.forms.fields import MISSING, Field, filled, unshown
from amphibus.console.forms.reading import Read, pressed
from amphibus.console.forms.shapes import Shape
from amphibus.messages.documents import document_of, text_of

JSON_TEXT = "json"
"""The name of the text, where the payload is entered as JSON."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A payload on its way from a form to its contract."""

    shape: Shape
    value: Any
    errors: Mapping[str, str]
    as_json: bool = False
    text: str = ""
    """The JSON, as it was entered."""
    by_button: bool = False
    """Whether a button changed the form itself, so that nothing else is to be done."""

    def wrong(self, errors: Mapping[str, str]) -> "Entered":
        """Returns it with what its contract says is wrong."""
        return replace(self, errors={**errors, **self.errors})

    @property
    def fields(self) -> Field:
        """Returns its fields."""
        return filled(self.shape, self.value, self.errors)

    @property
    def elsewhere(self) -> dict[str, str]:
        """Returns the errors that stand at no field."""
        return dict(self.errors) if self.as_json else unshown(self.fields, self.errors)

    @property
    def json_text(self) -> str:
        """Returns it as JSON."""
        return self.text or text_of(self.value, indent=2)


def begun(shape: Shape, value: Any) -> Entered:
    """Returns a form that nobody has changed yet."""
    return Entered(shape, value, {}, as_json=not isinstance(value, dict))


def entered(shape: Shape, form: Mapping[str, str]) -> Entered:
    """Returns what was sent: fields, or JSON, as the form says; and shows it as the button wants it."""
    found = _from_json(shape, form) if JSON_TEXT in form else _from_fields(shape, form)
    wanted = form.get("view", "")
    if not wanted:
        return found
    if wanted == "fields" and not isinstance(found.value, dict):
        return replace(found, by_button=True).wrong({"body": "must be an object"})
    return replace(found, as_json=wanted == "json", text="", by_button=True)


def _from_json(shape: Shape, form: Mapping[str, str]) -> Entered:
    text = form[JSON_TEXT]
    try:
        value = document_of(text)
    except ValueError as error:
        where = getattr(error, "lineno", None)
        why = "must be JSON" + (f"; line {where} is none" if where else "")
        return Entered(shape, None, {"body": why}, as_json=True, text=text)
    return Entered(shape, value, {}, as_json=True, text=text)


def _from_fields(shape: Shape, form: Mapping[str, str]) -> Entered:
    read = Read(shape, form)
    value = {} if read.value is MISSING else read.value
    changed = pressed(shape, value, form)
    if changed is None:
        return Entered(shape, value, read.errors)
    return Entered(shape, changed, {}, by_button=True)
