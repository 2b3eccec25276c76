"""Forms follow the JSON Schema of a contract, and what they read back is what was in them."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from amphibus.console.forms.entered import begun, entered
from amphibus.console.forms.fields import Field as FormField
from amphibus.console.forms.judging import hides, judged, with_hidden
from amphibus.console.forms.reading import blank
from amphibus.console.forms.shapes import Shape, shape_of
from amphibus.contract import Command, Day, Moment, Personal, ShortText, Value


class Part(Value):
    name: ShortText
    size: Annotated[int, Field(ge=1)] = 1


class Tree(Value):
    leaves: tuple["Tree", ...] = ()


class Everything(Command[None]):
    text: ShortText
    whole: int = 3
    real: float | None = None
    amount: Decimal | None = None
    day: Day | None = None
    at: Moment | None = None
    flag: bool = False
    choice: Literal["a", "b"] | None = None
    level: Literal[1, 2] = 1
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    numbers: tuple[int, ...] = ()
    either: int | tuple[int, ...] = 0
    tree: Tree | None = None
    who: Annotated[ShortText | None, Personal("identity", purpose="to know")] = None


VALUE: dict[str, Any] = {
    "text": "a cup",
    "whole": -7,
    "real": 2.5,
    "amount": "2.50",
    "day": "2026-03-01",
    "at": "2026-03-01T08:26:00Z",
    "flag": True,
    "choice": "b",
    "level": 2,
    "part": {"name": "lid", "size": 2},
    "parts": [{"name": "cup", "size": 1}, {"name": "saucer", "size": 4}],
    "numbers": [0, 12],
    "either": [1, 2],
    "tree": {"leaves": [{"leaves": []}]},
    "who": "Ada",
}


@pytest.fixture(scope="module")
def shape() -> Shape:
    return shape_of(Everything.model_json_schema())


def sent(field: FormField) -> Iterator[tuple[str, str]]:
    """A form as a browser sends it."""
    kind = field.shape.kind
    if field.masked and kind in ("object", "list", "choice", "flag", "json"):
        yield f"as:{field.name}", "masked"
    elif kind == "object" and field.given:
        yield f"as:{field.name}", "object"
    elif kind == "list" and field.given:
        yield f"as:{field.name}", str(len(field.parts))
    elif kind == "json":
        yield f"as:{field.name}", "json"
    if kind not in ("object", "list"):
        yield field.name, field.text
    for each in field.parts:
        yield from sent(each)


def read_back(shape: Shape, value: Any, **more: str) -> Any:
    found = entered(shape, {**dict(sent(begun(shape, value).fields)), **more})
    assert found.errors == {}
    return found.value


def test_every_kind_of_value_comes_back_as_it_was(shape: Shape) -> None:
    assert read_back(shape, VALUE) == VALUE
    assert judged(Everything, read_back(shape, VALUE)).errors == {}


def test_what_was_not_given_is_not_given_afterwards(shape: Shape) -> None:
    assert read_back(shape, {"text": "a"}) == {"text": "a"}
    assert read_back(shape, {"text": "a", "parts": []}) == {"text": "a", "parts": []}


@pytest.mark.parametrize(
    "odd",
    [
        {"text": ["x"], "whole": {"a": 1}, "parts": "none", "part": [1], "flag": "perhaps"},
        {"text": "a", "choice": "z", "level": 9, "numbers": {"a": []}, "day": "no day"},
        {"text": "a", "whole": "seven", "real": "much", "parts": [1, "2", {"name": "x"}]},
    ],
)
def test_what_no_field_can_show_is_shown_as_json_and_kept(
    shape: Shape, odd: dict[str, Any]
) -> None:
    back = read_back(shape, odd)
    assert {name: str(each) for name, each in back.items()} == {
        name: str(each) for name, each in odd.items()
    }
    assert set(judged(Everything, back).errors)


def test_errors_stand_at_the_fields_that_they_are_about(shape: Shape) -> None:
    wrong = VALUE | {"whole": "x", "parts": [{"name": "a"}, {"name": "b", "size": 0}]}
    found = begun(shape, wrong).wrong(judged(Everything, wrong).errors)
    fields = {each.name: each for each in _all(found.fields)}
    assert fields["payload.whole"].error.startswith("must be a valid integer")
    assert "greater than or equal to 1" in fields["payload.parts[1].size"].error
    assert found.elsewhere == {}
    assert found.wrong({"nowhere": "is odd"}).elsewhere == {"nowhere": "is odd"}


def _all(field: FormField) -> Iterator[FormField]:
    yield field
    for each in field.parts:
        yield from _all(each)


@pytest.mark.parametrize(("said", "most"), [("-1", 0), ("x", 0), ("9" * 25, 200)])
def test_a_form_that_claims_a_long_list_gets_a_short_one(
    shape: Shape, said: str, most: int
) -> None:
    fields = dict(sent(begun(shape, VALUE).fields))
    assert len(entered(shape, {**fields, "as:payload.parts": said}).value["parts"]) == most


def test_a_recursive_contract_has_a_form(shape: Shape) -> None:
    value: dict[str, Any] = {"leaves": []}
    for _ in range(40):
        value = {"leaves": [value]}
    assert read_back(shape, {"text": "a", "tree": value})["tree"] == value


def test_a_new_form_holds_what_its_contract_needs(shape: Shape) -> None:
    assert blank(shape) == {}
    assert blank(Shape("list", items=Shape("integer"), least=2)) == [None, None]


def test_what_was_hidden_comes_back_where_it_was() -> None:
    whole = {"who": "Ada", "parts": [{"name": "a", "who": "Bess"}, {"name": "b", "who": "Cid"}]}
    masked = {"who": "***", "parts": [{"name": "z", "who": "***"}, {"name": "b", "who": "Dan"}]}
    assert hides(masked)
    assert with_hidden(masked, whole) == {
        "who": "Ada",
        "parts": [{"name": "z", "who": "Bess"}, {"name": "b", "who": "Dan"}],
    }
    shorter = {"parts": [{"name": "b", "who": "***"}]}
    with pytest.raises(LookupError):
        with_hidden(shorter, whole)
    assert with_hidden({"parts": [{"name": "b"}]}, whole) == {"parts": [{"name": "b"}]}


def test_a_personal_value_is_not_repeated_by_an_error(shape: Shape) -> None:
    wrong = VALUE | {"who": "Ada\nAugusta"}
    errors = judged(Everything, wrong).errors
    assert set(errors) == {"who"}
    assert "Augusta" not in json.dumps(dict(errors))
    assert "Augusta" in begun(shape, wrong).json_text
