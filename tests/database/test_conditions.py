"""Conditions on dead letters: what is no number is refused in words, whoever asks."""

import pytest

from amphibus.database.acting.conditions import narrowing
from amphibus.errors import RequestFailed
from amphibus.messages.contracts.amphibus.acting import Condition


@pytest.mark.parametrize("value", ["--5", "-", "", "5.0", "1e3", "\u00b2", "9" * 19])
def test_what_is_no_number_cannot_be_asked(value: str) -> None:
    with pytest.raises(RequestFailed, match="cannot be asked"):
        narrowing([Condition(field="attempts", comparison="=", value=value)])


def test_a_number_may_lie_below_nothing() -> None:
    found = narrowing([Condition(field="died", comparison=">=", value="-5")])
    assert found.values == (-5,)
