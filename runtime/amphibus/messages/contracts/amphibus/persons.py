"""The parts of system contracts that find and erase a person, and their answers."""

from typing import Annotated

from pydantic import Field

from amphibus.contract import Value
from amphibus.messages.contracts.amphibus.acting import Line

PersonText = Annotated[str, Field(min_length=3, max_length=255)]
"""A text that tells a person, such as a customer's number or a mail address."""


class Trace(Value):
    """Something that a module keeps of a person: a message, a row of its own, or a process that has not ended."""

    place: Line
    """A table."""
    id: str
    type: str
    flow: str
    key: str | None
    named: bool
    """The person stands in it; if not, it is a part of what concerns the person."""
    under_way: bool
    """It is not done yet, so that it stays until it is."""
    personal: tuple[tuple[str, str], ...]
    """Path and value of what is personal in it, as JSON."""


class PersonTraces(Value):
    """Some of what a module keeps of a person, and where to go on; `next_place` is empty at the end."""

    traces: tuple[Trace, ...]
    next_place: str = ""
    next_beyond: int = 0


class PersonErased(Value):
    """The messages and rows in which values were replaced, and where to go on; `next_place` is empty at the end."""

    messages: int
    rows: int
    next_place: str = ""
    next_beyond: int = 0


class PersonForgotten(Value):
    """The number of things outside of the module's database that were deleted, such as mails."""

    deleted: int
