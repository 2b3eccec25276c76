"""The language of `--where`: conditions joined by `and`, as in `type=orders.PlaceOrder.v1 and error~"timed out"`."""

import re
from typing import Final, get_args

from pydantic import ValidationError

from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit, unknown
from amphibus.messages.contracts.amphibus.acting import Condition, LetterField

FIELDS: Final = get_args(LetterField)
_EXAMPLE: Final = "amphibus dead list --where 'type=orders.PlaceOrder.v1 and error~timeout'"
_CONDITION: Final = re.compile(
    r"\s*(?P<field>[A-Za-z_]+)\s*(?P<comparison>!=|!~|<=|>=|=|~|<|>)\s*"
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']\S*)"""
)
_AND: Final = re.compile(r"\s+and(?=\s|$)|\s*&&", re.IGNORECASE)
_OR: Final = re.compile(r"\s+or(?=\s|$)|\s*\|\|", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(.)")
_NUMBERS: Final = ("attempts", "died")


def conditions(text: str) -> tuple[Condition, ...]:
    """Parses what stands behind `--where`.

    Raises:
        CommandError: it cannot be understood; says where and why.
    """
    found: list[Condition] = []
    place = 0
    while True:
        match = _CONDITION.match(text, place)
        if match is None:
            raise _not_understood(text, place)
        found.append(_condition(match["field"], match["comparison"], _value(match["value"])))
        place = match.end()
        if not text[place:].strip():
            return tuple(found)
        joined = _AND.match(text, place)
        if joined is None:
            raise _no_and(text, place)
        place = joined.end()


def condition(field: str, comparison: str, value: str) -> Condition:
    """Returns a condition.

    Raises:
        CommandError: its value is too long, or no line of text.
    """
    try:
        return Condition.model_validate({"field": field, "comparison": comparison, "value": value})
    except ValidationError as error:
        raise CommandError(
            f"{field}{comparison}{value[:60]} cannot be asked",
            "; ".join(each["msg"] for each in error.errors()),
            _EXAMPLE,
            Exit.USAGE,
        ) from None


def _condition(field: str, comparison: str, value: str) -> Condition:
    if field not in FIELDS:
        raise unknown("field", field, FIELDS, _EXAMPLE)
    number = field in _NUMBERS
    if comparison in (("~", "!~") if number else ("<", "<=", ">", ">=")):
        fits = "= != < <= > >=" if number else "= != ~ !~"
        raise CommandError(
            f"{field} cannot be compared by {comparison}",
            f"{field} is {'a number' if number else 'a text'}: {fits}; ~ asks for a part of a text",
            _EXAMPLE,
            Exit.USAGE,
        )
    if field == "died":
        value = str(options.instant(value))
    elif number and not (value.isdecimal() and len(value) < 10):
        raise CommandError(
            f"attempts{comparison}{value} cannot be asked",
            "attempts is a number, such as 8",
            _EXAMPLE,
            Exit.USAGE,
        )
    return condition(field, comparison, value)


def _value(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1]) if text[0] in "\"'" else text


def _not_understood(text: str, place: int) -> CommandError:
    rest = text[place:].strip()
    return CommandError(
        f"--where is not understood at '{rest[:40]}'" if rest else "--where ends too early",
        f"a condition is a field, = != ~ !~ < <= > >=, and a value, in quotes if it has spaces;"
        f" fields are {', '.join(FIELDS)}",
        _EXAMPLE,
        Exit.USAGE,
    )


def _no_and(text: str, place: int) -> CommandError:
    if _OR.match(text, place):
        return CommandError(
            "--where knows no 'or'",
            "all its conditions must be met; what may be one or the other takes two commands",
            _EXAMPLE,
            Exit.USAGE,
        )
    return CommandError(
        f"--where is not understood at '{text[place:].strip()[:40]}'",
        "conditions are joined by 'and'; a value with spaces stands in quotes",
        _EXAMPLE,
        Exit.USAGE,
    )
