"""The text of a parameter means what its schema says, or nothing."""

from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import Field, TypeAdapter

from amphibus.gateway.parameter_values import reader_of


class Weeks(IntEnum):
    """A number of weeks, one of a few."""

    ONE = 7
    TWO = 14


@pytest.mark.parametrize(
    ("kind", "text", "meant"),
    [
        (int, "7", 7),
        (int | None, "-7", -7),
        (Annotated[int, Field(ge=1)], "0", 0),
        (int, "1_0", "1_0"),
        (int, " 1", " 1"),
        (int, "1.0", "1.0"),
        (bool, "true", True),
        (bool | None, "false", False),
        (bool, "yes", "yes"),
        (bool, "1", "1"),
        (float, "1.5e3", 1500.0),
        (float, "nan", "nan"),
        (float, "1e999", "1e999"),
        (Weeks, "7", 7),
        (Weeks | None, "7", 7),
        (str, "7", "7"),
        (str | int, "7", "7"),
        (UUID, "7", "7"),
        (Decimal, "7", "7"),
    ],
)
def test_a_text_means_a_value_of_its_schema_or_itself(kind: Any, text: str, meant: object) -> None:
    found = reader_of(TypeAdapter(kind))(text)

    assert (type(found), found) == (type(meant), meant)
