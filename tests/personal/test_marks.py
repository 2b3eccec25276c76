"""A mark of personal data holds wherever its type stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple, NewType

import pytest
from pydantic import AfterValidator, Field, RootModel, ValidationError, computed_field
from typing_extensions import TypeAliasType, TypedDict

from amphibus.contract import Command, Key, Personal, Value, personal_fields
from amphibus.gateway.problems import wrong_fields
from amphibus.telemetry.privacy import MASK, safe, scrub

Phone = Annotated[str, Personal("contact", purpose="to call back")]
Nickname = TypeAliasType("Nickname", Annotated[str, Personal("identity")])


class Friend(Value):
    name: Nickname
    phones: tuple[Phone, ...] = ()


class Call(Command[None]):
    plain: Phone
    maybe: Phone | None = None
    several: Annotated[tuple[Phone, ...], Field(max_length=9)] = ()
    by_room: Mapping[str, Phone] = Field(default_factory=dict)
    of_names: dict[Nickname, int] = Field(default_factory=dict)
    deep: tuple[dict[str, tuple[Phone | None, ...]], ...] = ()
    friends: dict[Key, Friend | None] = Field(default_factory=dict)
    whole: Annotated[Friend | None, Personal("identity")] = None
    from_: Annotated[Phone | None, Field(alias="from")] = None
    room: Key = "hall"


CALL = Call(
    plain="0011-plain",
    maybe="0011-maybe",
    several=("0011-first", "0011-second"),
    by_room={"hall": "0011-hall"},
    of_names={"Ada Lovelace": 3},
    deep=({"x": ("0011-deep", None)},),
    friends={"best": Friend(name="Grace Hopper", phones=("0011-grace",)), "none": None},
    whole=Friend(name="Edsger"),
    from_="0011-from",
)


def test_a_mark_is_found_wherever_its_type_stands() -> None:
    assert personal_fields(Call) == {
        "plain": "contact",
        "maybe": "contact",
        "several[]": "contact",
        "by_room.*": "contact",
        "of_names": "identity",
        "deep[].*[]": "contact",
        "friends.*.name": "identity",
        "friends.*.phones[]": "contact",
        "whole": "identity",
        "whole.name": "identity",
        "whole.phones[]": "contact",
        "from": "contact",
    }


def test_what_is_marked_is_masked_wherever_it_stands() -> None:
    assert safe(CALL) == {
        "plain": MASK,
        "maybe": MASK,
        "several": [MASK, MASK],
        "by_room": {"hall": MASK},
        "of_names": MASK,
        "deep": [{"x": [MASK, None]}],
        "friends": {"best": {"name": MASK, "phones": [MASK]}, "none": None},
        "whole": MASK,
        "from": MASK,
        "room": "hall",
    }


@pytest.mark.parametrize(
    "said",
    [
        *("0011-plain", "0011-maybe", "0011-second", "0011-hall", "Ada Lovelace", "0011-deep"),
        *("Grace Hopper", "0011-grace", "Edsger", "0011-from"),
    ],
)
def test_an_error_that_repeats_it_is_told_without_it(said: str) -> None:
    assert scrub(f"no answer from {said} in the hall", CALL) == f"no answer from {MASK} in the hall"


def _refuse(value: str) -> str:
    raise ValueError(f"{value} is not answered")


class Dial(Command[None]):
    by_room: dict[str, Annotated[str, Personal("contact"), AfterValidator(_refuse)]]


def test_a_wrong_one_in_a_mapping_is_named_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        Dial.model_validate({"by_room": {"hall": "0011-hall"}})

    found = wrong_fields(
        refused.value, known=("by_room",), personal=frozenset(personal_fields(Dial))
    )
    assert found == [{"field": "by_room.hall", "message": "is not valid"}]


Tel = NewType("Tel", Phone)


class Extension(NamedTuple):
    number: int
    phone: Phone


class Card(TypedDict):
    phone: Phone


@dataclass
class Desk:
    phone: Phone


class Line(RootModel[Phone]):
    """On the wire, it is what it holds."""


class Person(Value):
    name: Nickname
    friend: "Person | None" = None


class Ring(Command[None]):
    tel: Tel
    extension: Extension
    card: Card
    desk: Desk
    line: Line
    person: Person

    @computed_field
    def spoken(self) -> Phone:
        """Says it aloud."""
        return f"say {self.tel}"


RING = Ring(
    tel=Tel("0011-tel"),
    extension=Extension(7, "0011-extension"),
    card={"phone": "0011-card"},
    desk=Desk("0011-desk"),
    line=Line("0011-line"),
    person=Person(
        name="Ada Lovelace",
        friend=Person(
            name="Grace Hopper",
            friend=Person(name="Edsger", friend=Person(name="Barbara", friend=Person(name="Tony"))),
        ),
    ),
)


@pytest.mark.parametrize(
    "said",
    [
        *("0011-tel", "0011-extension", "0011-card", "0011-desk", "0011-line", "say 0011-tel"),
        *("Ada Lovelace", "Grace Hopper", "Edsger", "Barbara", "Tony"),
    ],
)
def test_no_kind_of_type_hides_a_mark(said: str) -> None:
    assert said not in json.dumps(safe(RING))
    assert said not in scrub(f"no answer from {said}", RING)
