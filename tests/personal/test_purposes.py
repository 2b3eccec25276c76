"""Personal data comes to nobody who does not say what for: `check`, and `contracts personal-data`."""

from pathlib import Path

import pytest

from tests.console.conftest import Console
from tests.console.kiosk import write_kiosk

_SOLD = "    sale_id: UUID\n    item: str\n"
_MAIL = '    mail: Annotated[EmailAddress, Personal("contact", purpose="to send the receipt")]\n'
_ASKED = (
    '    holder: Annotated[ShortText, Personal("identity", purpose="to greet who asks")] = ""\n'
)


class Shop(Console):
    """The kiosk, whose front pages and contracts are edited."""

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new))

    def declare(self, module: str, line: str) -> None:
        self.edit(
            f"modules/{module}/module.py", f'    name="{module}"', f'    name="{module}", {line}'
        )

    def problems(self) -> list[str]:
        ended = self("check", "--fix", "--json")
        found: list[str] = ended.json["problems"]
        assert ended.code == (3 if found else 0)
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The shelf says with each sale whose mail address the receipt goes to."""
    shop = Shop(write_kiosk(tmp_path / "kiosk"))
    shop.edit("modules/till/module.py", 'name="till"', '\n    name="till"')
    shop.edit("contracts/shelf/v1.py", _SOLD, _SOLD + _MAIL)
    shop.edit("contracts/shelf/v1.py", "Event, Get,", "EmailAddress, Event, Get, Personal,")
    return shop


def test_an_event_is_given_to_a_module_once_its_page_says_what_for(shop: Shop) -> None:
    assert shop.problems() == [
        (
            "module till receives personal data (contact) and does not say what for: shelf.Sold.v1 mail; "
            'declare purposes=("to send the receipt",), or ignores=("contact",) if it does not read it'
        )
    ]
    shop.declare("till", 'purposes=("to send the receipt",)')
    assert shop.problems() == []


def test_each_purpose_is_declared_by_itself(shop: Shop) -> None:
    """What is received for one purpose may not be read for another that the contract names too."""
    other = _MAIL.replace("mail:", "other_mail:").replace("send the receipt", "sell more")
    shop.edit("contracts/shelf/v1.py", _MAIL, _MAIL + other)
    shop.declare("till", 'purposes=("to send the receipt",)')

    (problem,) = shop.problems()
    assert "shelf.Sold.v1 other_mail; declare" in problem


def test_a_module_may_say_that_it_does_not_read_what_an_event_brings(shop: Shop) -> None:
    shop.declare("till", 'ignores=("contact",)')
    assert shop.problems() == []


def test_what_a_module_handles_and_what_it_asks_for_count_too(shop: Shop) -> None:
    shop.declare("till", 'ignores=("contact",), asks=(shelf.GetShelf,)')
    shop.edit("contracts/shelf/v1.py", "    limit: int = 10\n", f"    limit: int = 10\n{_ASKED}")
    shop.edit(
        "contracts/shelf/v1.py",
        "    items: tuple[str, ...]\n",
        f"    items: tuple[str, ...]\n{_ASKED}",
    )

    shelf, till = shop.problems()
    assert "module shelf receives personal data (identity)" in shelf
    assert "shelf.GetShelf.v1 holder; declare" in shelf
    assert "module till receives personal data (identity)" in till
    assert "shelf.GetShelf.v1 answer.holder; declare" in till


def test_a_program_outside_says_it_in_the_settings(shop: Shop) -> None:
    shop.declare("till", 'ignores=("contact",)')
    settings = shop.root / "config/amphibus.toml"
    text = settings.read_text()
    settings.write_text(text + '[producers.web]\nsubscribes = ["shelf.Sold.v1"]\n')
    assert shop.problems() == [
        (
            "[producers.web] receives personal data (contact) and does not say what for: "
            'shelf.Sold.v1 mail; declare purposes = ["to send the receipt"]'
        )
    ]
    settings.write_text(settings.read_text() + 'purposes = ["to send the receipt"]\n')
    assert shop.problems() == []


def test_personal_data_that_says_no_purpose_is_given_to_nobody(shop: Shop) -> None:
    shop.edit("contracts/shelf/v1.py", ', purpose="to send the receipt"', "")
    assert shop.problems() == [
        (
            "shelf.Sold.v1 mail is personal data and says no purpose: declare "
            'Personal("contact", purpose="to ...")'
        )
    ]


def test_a_purpose_for_which_nothing_comes_is_a_problem_too(shop: Shop) -> None:
    """Else the list of who receives what would tell what is no longer so."""
    shop.declare(
        "till", 'purposes=("to send the receipt", "to send the reciept"), ignores=("health",)'
    )
    assert shop.problems() == [
        (
            'module till declares the purpose "to send the reciept", for which it receives nothing; '
            "did you mean to send the receipt?"
        ),
        'module till ignores "health", of which it receives nothing',
    ]


def test_who_receives_what_and_why_is_printed(shop: Shop) -> None:
    before = shop("contracts", "personal-data")
    shop.declare("till", 'purposes=("to send the receipt",)')
    after = shop("contracts", "personal-data", "till", "--json")
    wrong = shop("contracts", "personal-data", "tilt")

    row = before.out.splitlines()[1].split("  ")
    assert [each.strip() for each in row if each] == [
        "till", "shelf.Sold.v1", "mail", "contact", "does not say what for",
    ]  # fmt: skip
    assert after.json == [
        {
            "receiver": "till",
            "contract": "shelf.Sold.v1",
            "field": "mail",
            "category": "contact",
            "purpose": "to send the receipt",
            "said": "reads",
        }
    ]
    assert (wrong.code, "personal-data till" in wrong.err) == (2, True)
