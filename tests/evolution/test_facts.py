# ruff: noqa: E501 - a row is a row
"""Facts that no JSON Schema holds: the ends of days and times, and the code that looks at values and writes them."""

import json
from types import ModuleType

import pytest

from amphibus.evolution.assessment import assess
from amphibus.evolution.findings import Finding
from amphibus.evolution.forms.form import as_told_by, form_of
from amphibus.evolution.lock import Entry, lock_of, path_of, texts_of
from tests.evolution.test_gates import made, module

__all__ = ("module",)

_FIRST = "x: Annotated[date, Field(ge=date({}, 1, 1))]"
_INSTANT = (
    "x: Annotated[AwareDatetime, Field(lt=datetime.fromisoformat('2020-01-01T{}'))] | None = None"
)
_LENGTH = "x: Annotated[timedelta, Field(le=timedelta({}))]"
_STEP = "x: Annotated[Decimal, Field(multiple_of=Decimal('{}'))]"
_WRITES = "x: int\n@field_serializer('x')\ndef _s(self, x: int) -> int:\n    return {}"
_WHOLE = "x: int\n@model_serializer(mode='wrap')\ndef _s(self, inner: object) -> dict[str, object]:\n    return {}"
_LOOKS = (
    "x: Round\n@field_validator('x')\n@classmethod\ndef _v(cls, x: Round) -> Round:\n    return {}"
)
_COMPUTED = "x: int\n@computed_field\n@property\ndef y(self) -> int:\n    return 1"
CHANGES = {
    "the first day is later": (_FIRST.format(2020), _FIRST.format(2021), "CON01 x", "error"),
    "the first day is earlier": (_FIRST.format(2021), _FIRST.format(2020), "CON02 x", "error"),
    "there is a first day": ("x: date", _FIRST.format(2021), "CON01 x", "error"),
    "a day must be past": ("x: date", "x: PastDate", "CON01 x", "error"),
    "an instant is earlier": (_INSTANT.format("09:00:00+00:00"), _INSTANT.format("09:00:00+01:00"), "CON01 x", "error"),
    "a duration is longer": (_LENGTH.format(9), _LENGTH.format(10), "CON02 x", "error"),
    "a coarser step": (_STEP.format("0.01"), _STEP.format("0.05"), "CON01 x", "error"),
    "the least decimal": ("x: Annotated[Decimal, Field(ge=0)]", "x: Annotated[Decimal, Field(ge=5)]", "CON01 x", "error"),
    "a field is written by other code": (_WRITES.format("x"), _WRITES.format("x * 100"), "TYP10 x", "warning"),
    "the whole is written by other code": (_WHOLE.format("{'id': self.id}"), _WHOLE.format("{'id': 'a'}"), "TYP10", "warning"),
    "code looks at a value": ("x: Round", _LOOKS.format("x"), "TYP10 x", "warning"),
    "the whole is strict": ("x: int", "x: int # strict", "TYP09", "warning"),
    "what was computed must be given as text": (_COMPUTED, "x: int\ny: str", "FLD15 y", "error"),
    "space is cut off": ("x: str", "x: Annotated[str, StringConstraints(strip_whitespace=True)]", "TYP10 x", "warning"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_fact_that_changed_is_told(change: str, module: ModuleType) -> None:
    old, new, key, severity = CHANGES[change]

    found = judged(old, new, module)

    assert [(each.key, each.severity) for each in found if each.severity != "info"] == [
        (key, severity)
    ]


def test_the_same_instant_in_another_zone_is_no_change(module: ModuleType) -> None:
    assert (
        judged(_INSTANT.format("09:00:00+00:00"), _INSTANT.format("10:00:00+01:00"), module) == []
    )


def test_an_end_is_shown_by_the_value_that_is_refused(module: ModuleType) -> None:
    (found,) = judged(_FIRST.format(2020), _FIRST.format(2021), module)

    assert found.document == {"x": "2020-01-01"}
    assert found.refusal == '"2020-01-01" is refused by what is new'


def test_what_an_older_lock_could_not_hold_is_not_new(module: ModuleType) -> None:
    """Whoever upgrades the runtime alone has changed no contract."""
    plain, said = (
        form_of(made(each, "event", module))
        for each in ("x: date\ny: int", f"{_FIRST.format(2021)}\ny: int")
    )
    (text,) = texts_of([Entry(plain)]).values()
    older = json.dumps(json.loads(text) | {"format": 2})
    path = path_of("gates.Made.v1")

    (now,) = (each.now for each in lock_of({path: text.encode()}).entries.values())
    (then,) = (each.now for each in lock_of({path: older.encode()}).entries.values())

    assert [each.key for each in assess(now, as_told_by(now, said))] == ["CON01 x"]
    assert assess(then, as_told_by(then, said)) == []
    (again,) = texts_of([Entry(then)]).values()
    (kept,) = (each.now for each in lock_of({path: again.encode()}).entries.values())
    assert assess(kept, as_told_by(kept, said)) == []


def judged(old: str, new: str, module: ModuleType) -> list[Finding]:
    before, after = (form_of(made(each, "event", module)) for each in (old, new))
    return assess(before, after)
