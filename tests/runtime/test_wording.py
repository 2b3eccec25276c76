"""What is wrong with a field is said in plain words, whatever rule found it."""

from typing import Annotated

import pytest
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from amphibus.contract import EmailAddress, Personal, ShortText, Value
from amphibus.contract.wording import details_of, in_words
from amphibus.gateway.problems import wrong_fields

NAME = Annotated[ShortText, Field(min_length=1)]
CODE = Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (EmailAddress, "ada at example", "must be an e-mail address, such as ada@example.com"),
        (EmailAddress, "ada@example.com\n", "must be an e-mail address, such as ada@example.com"),
        (NAME, "", "must have at least 1 character"),
        (Annotated[tuple[int, ...], Field(min_length=2)], [1], "must have at least 2 items"),
        (Annotated[tuple[int, ...], Field(max_length=1)], [1, 2], "must have at most 1 item"),
        (CODE, "A", "has a character or a form that this field does not take"),
        (int, "x", "must be a valid integer, unable to parse string as an integer"),
    ],
)
def test_a_wrong_value_is_told_without_a_pattern_and_without_the_validators_own_words(
    kind: type[object], value: object, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)

    (wrong,) = details_of(refused.value)
    assert in_words(wrong) == words


class Reader(Value):
    email: Annotated[EmailAddress, Personal("contact")]


def test_what_is_wrong_with_a_personal_address_is_told_and_the_address_is_not() -> None:
    with pytest.raises(ValidationError) as refused:
        Reader.model_validate({"email": "ada at home"})

    found = wrong_fields(refused.value, known=("email",), personal=frozenset({"email"}))
    assert found == [
        {"field": "email", "message": "must be an e-mail address, such as ada@example.com"}
    ]
