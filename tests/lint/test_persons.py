"""The name of a field tells a person by whole words, whatever type the field has; names of things do not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lint.test_rules import findings, pages

__all__ = ("pages",)

_PAGE = """
class Address(Value):
    country: ShortText

class Register(Command[None], key="customer_id"):
    customer_id: UUID
    {fields}
"""
_NAMES = (
    *("email", "emails", "e_mail", "mail", "email_address", "emailAddress", "email_1"),
    *("phone", "phones", "telephone", "telephones", "mobile", "mobile_number", "fax", "faxes"),
    *("name", "names", "name_on_card", "first_name", "lastName", "full_name", "fullname"),
    *("user_name", "username", "usernames", "customer_names", "cardholder", "nickname"),
    *("address", "addresses", "address_line_2", "ip_address", "street", "streets", "postcode"),
    *("postal_code", "zip", "zip_code", "zipcode", "birth_place", "iban", "passport_id"),
)


def told(fields: Sequence[str], folder: Path) -> list[str]:
    page = _PAGE.format(fields="\n    ".join(fields))
    return [each.where for each in findings("L080", page, folder)]


@pytest.mark.parametrize("kind", ["ShortText", "tuple[ShortText, ...]", "dict[str, ShortText]"])
def test_what_reaches_a_person_is_marked(kind: str, pages: Path) -> None:
    assert told([f"{name}: {kind}" for name in _NAMES], pages) == list(_NAMES)


_HIDDEN = (
    "phone: int", "phones: tuple[int, ...]", "mobile: int | None = None", "postcode: int", "fax: float",
    "birth_date: date", "birthdays: tuple[date, ...]", "born_at: Moment",
    'contact: Annotated[ShortText, Field(alias="email")]', 'email: Annotated[ShortText, Field(alias="to")]',
)  # fmt: skip
_THINGS = (
    *(f"{name}: ShortText" for name in (
        "module_name", "file_name", "filename", "host_name", "product_name", "queue_name", "user_file_name",
        "display_name", "shipping_address_id", "address_ids", "email_template", "mail_server", "phone_model",
        "server_address", "mobile_app", "address_type", "renamed", "namespace", "streetwise", "emailed",
        "zipped", "unnamed", "addressed_to", "mailbox_count",
    )),
    "emails: int", "email_count: int", "mobile: bool", "email_verified: bool", "phone_id: UUID",
    "email_sent_at: Moment", "mailed_on: date", "address: Address", "addresses: tuple[Address, ...]",
    'address: Annotated[tuple[Address, ...], Personal("contact")]',
    'name: Literal["a", "b"]',
)  # fmt: skip


def test_neither_a_number_nor_a_day_nor_another_name_hides_it(pages: Path) -> None:
    assert len(told(_HIDDEN, pages)) == len(_HIDDEN)


def test_what_is_about_a_thing_is_not(pages: Path) -> None:
    assert told(_THINGS[:-1], pages) == told(_THINGS[-1:], pages) == []


def test_a_mark_holds_for_all_that_stands_in_a_value(pages: Path) -> None:
    page = """
class Person(Value):
    email: ShortText

class Register(Command[None], key="customer_id"):
    customer_id: UUID
    one: Annotated[Person, Personal("contact")]
    many: tuple[Annotated[Person, Personal("contact")], ...]
    open: tuple[Person, ...]
"""
    assert [each.where for each in findings("L080", page, pages)] == ["open[].email"]
