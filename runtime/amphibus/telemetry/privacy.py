"""The one door for showing a message or an error: never a payload, never personal data."""

import json
import re
import traceback
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from amphibus.contract import personal_fields
from amphibus.contract.texts import storable
from amphibus.errors import AmphibusError
from amphibus.messages.documents import document_of

MASK: Final = "***"
_LONGEST: Final = 500
_LONGEST_TRACEBACK: Final = 20_000
_MOST_WRONG: Final = 20
_FRAMES: Final = 30
_MOST_CAUSES: Final = 20
_MOST_SAID: Final = 20_000
_SHORT: Final = 3
_ITEMS: Final = "[]"
_VALUES: Final = "*"
_MAIL: Final = re.compile(r"[^\s@\"'<>(),;:=]{1,64}@[^\s@\"'<>(),;:=]{1,255}")


def safe(message: BaseModel) -> dict[str, Any]:
    """Returns the message's fields as JSON values, with those marked `Personal` masked."""
    shown: dict[str, Any] = message.model_dump(mode="json")
    for steps in _personal(type(message)):
        shown = _masked(shown, steps)
    return shown


def masked_payload(body: bytes, contract: type[BaseModel] | None) -> tuple[bytes, bool]:
    """Returns a payload with its personal data masked, and whether something was.

    All of it is, where its contract is not known, or where it has personal data and the payload cannot be read.
    """
    steps = () if contract is None else _personal(contract)
    if contract is not None and not steps:
        return body, False
    try:
        before = document_of(body) if steps else None
    except ValueError:
        before = None
    if not isinstance(before, dict):
        return json.dumps(MASK).encode(), True
    shown = before
    for each in steps:
        shown = _masked(shown, each)
    return (body, False) if shown == before else (json.dumps(shown).encode(), True)


def describe(error: BaseException, message: BaseModel | None = None) -> str:
    """Returns one line about an error, fit for every database, without input values or personal data."""
    said = " ".join(_said(error)[:_MOST_SAID].split())
    if len(said) > _LONGEST:
        said = f"{said[:_LONGEST]}…{_end(error)}"
    said = storable(said, 2 * _LONGEST)
    name = type(error).__name__
    return scrub(f"{name}: {said}" if said else name, message)


def traceback_of(error: BaseException, message: BaseModel | None = None) -> str:
    """Returns the error and its causes, frame by frame, without locals and as careful as `describe`."""
    return storable("\n".join(_frames(error, message)), _LONGEST_TRACEBACK)


def _frames(error: BaseException, message: BaseModel | None) -> list[str]:
    parts: list[str] = []
    waiting = _chain(error)
    while waiting and len(parts) < _MOST_CAUSES:
        each = waiting.pop(0)
        frames = traceback.extract_tb(each.__traceback__)[-_FRAMES:]
        parts.append("".join(traceback.format_list(frames)) + describe(each, message))
        if isinstance(each, BaseExceptionGroup):
            waiting = [one for inner in each.exceptions for one in _chain(inner)] + waiting
    return parts


def scrub(text: str, message: BaseModel | None = None) -> str:
    """Returns the text without mail addresses and without the values of the message's personal fields."""
    if message is not None:
        for value in sorted(personal_values(message), key=len, reverse=True):
            text = text.replace(value, MASK)
    return _MAIL.sub(MASK, text) if "@" in text else text


def personal_values(message: BaseModel) -> set[str]:
    """Returns the texts in the message's personal fields, except very short ones, which occur everywhere."""
    said = message.model_dump()
    found = (text for steps in _personal(type(message)) for text in _texts(said, steps))
    return {text for text in found if len(text) > _SHORT}


def _said(error: BaseException) -> str:
    """Returns the error's text; that is the code of whoever made the error, and may fail itself."""
    try:
        return _own_text(error)
    except (Exception, SystemExit) as odd:  # noqa: BLE001 - a failure must be told, whatever its text does
        return f"its text cannot be read ({type(odd).__name__})"


def _own_text(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        return "wrong: " + "; ".join(
            f"{'.'.join(str(step)[:40] for step in each['loc'])} {each['type']}"
            for each in error.errors(include_url=False, include_context=False, include_input=False)[
                :_MOST_WRONG
            ]
        )
    if isinstance(error, AmphibusError):
        return error.line
    original = getattr(error, "orig", None)
    if isinstance(original, BaseException):
        # SQLAlchemy's text repeats the parameters; the second line of the driver's repeats the row.
        return str(original).split("\n", 1)[0]
    return str(error)


def _end(error: BaseException) -> str:
    """The line to type, kept where the rest of an error is cut."""
    return f"; {error.fix}" if isinstance(error, AmphibusError) and error.fix else ""


def _chain(error: BaseException) -> list[BaseException]:
    """Returns the error and its causes, the first cause first, as Python prints them."""
    found: list[BaseException] = []
    known: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in known and len(found) < _MOST_CAUSES:
        found.append(each)
        known.add(id(each))
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return found[::-1]


@lru_cache(maxsize=1024)
def _personal(model: type[BaseModel]) -> tuple[tuple[str, ...], ...]:
    return tuple(_steps(path) for path in personal_fields(model))


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


def _masked(value: Any, steps: Sequence[str]) -> Any:
    """The value with what the steps lead to masked; what is absent stays absent."""
    if value is None or not steps:
        return None if value is None else MASK
    first, *rest = steps
    if isinstance(value, list):
        return [_masked(each, rest) for each in value] if first == _ITEMS else value
    if isinstance(value, dict):
        inside = value if first == _VALUES else value.keys() & {first}
        return value | {name: _masked(value[name], rest) for name in inside}
    return value


def _texts(value: Any, steps: Sequence[str]) -> Iterator[str]:
    """The texts that the steps lead to, those inside of lists and objects included."""
    if isinstance(value, dict):
        first, *rest = steps or (_VALUES,)
        inside = value.values() if first == _VALUES else [value.get(first)]
        yield from (text for each in inside for text in _texts(each, rest))
        if not steps:
            yield from map(str, value)
    elif isinstance(value, list | tuple | set | frozenset):
        if not steps or steps[0] == _ITEMS:
            yield from (text for each in value for text in _texts(each, steps[1:]))
    elif value is not None and not steps:
        yield str(value)
