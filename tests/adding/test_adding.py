"""What `amphibus add` writes passes every rule, and works; what it refuses changes no file."""

import difflib
import json
from pathlib import Path

import pytest

from amphibus.cli.add.fields import TYPES
from tests.adding.project import Workplace
from tests.architecture.readme import blocks

_EVERY_TYPE = [
    "order_id:uuid",
    "carrier:text",
    "comment:long_text?",
    "reference:key?",
    "mail:email",
    "code:sku",
    "currency:currency",
    "pieces:int",
    "weight:decimal?",
    "price:money?",
    "fragile:bool",
    "due_on:date",
    "picked_at:moment?",
    "sender_id:uuid?",
]


@pytest.fixture
def shop(tmp_path: Path) -> Workplace:
    return Workplace.of_shop(tmp_path / "shop")


@pytest.fixture
def kiosk(tmp_path: Path) -> Workplace:
    return Workplace.of_kiosk(tmp_path / "kiosk")


@pytest.mark.full
def test_what_the_readme_adds_runs(shop: Workplace) -> None:
    (block,) = blocks("shell")
    lines = [line.split() for line in block.text.splitlines()]
    said = [shop.added(*line[2:]) for line in lines if line[:2] == ["./run", "add"]]

    assert len(said) == len(lines) - 1 == 6
    assert "route    POST /v1/shipping/{order_id}/ship\n" in said[1]
    assert said[1].endswith("check --fix && python -m pytest tests/modules/test_shipping.py\n")
    _holds(shop, "shipping")


@pytest.mark.full
def test_everything_that_can_be_added_holds_every_rule(shop: Workplace) -> None:
    assert {each.partition(":")[2].removesuffix("?") for each in _EVERY_TYPE} == set(TYPES)
    shop.added("module", "shipping")
    shop.added("command", "shipping.Ship", *_EVERY_TYPE)
    shop.added("event", "shipping.Shipped", *_EVERY_TYPE)
    shop.added("query", "shipping.GetShipment", "order_id:uuid")
    shop.added("query", "shipping.ListShipments")
    shop.added("handler", "shipping.prepare", "orders.OrderConfirmed")
    shop.added("handler", "shipping.forget", "orders.OrderCancelled.v1")
    shop.added(
        "process", "shipping.Delivery", "delivery_id:uuid", "carrier:text", "seen_at:moment?"
    )
    shop.added("query", "shipping.GetDelivery", "delivery_id:uuid")
    shop.added(
        "command", "shipping.RecallEverythingThatWasEverShipped", "order_id:uuid", "reason:text"
    )
    shop.added("module", "depots", "depot_id:key", "city:text")
    shop.added("command", "depots.OpenDepot", "depot_id:key", "city:text")
    shop.added("query", "depots.ListDepots")

    _holds(shop, "shipping", "depots")
    _is_formatted_and_typed(shop)


@pytest.mark.full
def test_additions_to_modules_that_were_written_by_hand_keep_what_is_there(shop: Workplace) -> None:
    before = shop.files()
    shop.added("command", "orders.FlagOrder", "order_id:uuid", "reason:text")
    shop.added("query", "payments.ListPayments")
    shop.added("event", "inventory.StockCounted", "sku:sku", "pieces:int")
    shop.added("handler", "reporting.note_decline", "payments.PaymentDeclined")
    shop.added("process", "notifications.Reminder", "reminder_id:uuid")

    after = shop.files()
    for path, data in before.items():
        lines = difflib.ndiff(data.decode().splitlines(), after[path].decode().splitlines())
        lost = [line for line in lines if line.startswith("- ")]
        # An import or a tuple of one line that gets one more name is another line.
        assert [line for line in lost if "import" not in line and "=(" not in line] == [], path
    _holds(shop, "orders", "payments", "inventory", "reporting", "notifications")
    _is_formatted_and_typed(shop)


def test_a_module_of_one_file_gets_the_files_that_it_lacks(kiosk: Workplace) -> None:
    kiosk.added("command", "till.OpenTill", "till_id:key", "cash:money")

    page = kiosk.read("modules/till/module.py")
    assert "    handles=(on(till.OpenTill, open_till),),\n" in page
    assert "    subscribes=(on(shelf.Sold, ring),),\n" in page
    assert kiosk.amphibus("check", "--fix").code == 0
    answered = kiosk.amphibus("modules", "--json")
    assert "till.OpenTill.v1" in json.dumps(json.loads(answered.out))


def test_a_dry_run_shows_each_line_and_writes_none(kiosk: Workplace) -> None:
    before = kiosk.files()
    said = kiosk.added("command", "till.OpenTill", "till_id:key", "--dry-run")

    assert kiosk.files() == before
    assert "would create  modules/till/handlers.py\n" in said
    assert "would add to  modules/till/module.py\n" in said
    assert "+++ b/contracts/till/v1.py\n" in said
    assert '+    http=Post("/v1/till/{till_id}/open-till", summary="Open till"),\n' in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("module shelf", "modules/shelf/__init__.py is there already"),
        ("module order", "amphibus add module order_desk"),
        ("command till.Import till_id:key", "amphibus add command till.ImportTill till_id:key"),
        ("command shelf.Sell item:text", "contracts/shelf/v1.py has a Sell already"),
        ("command shelv.Clear item:key", "amphibus add command shelf.Clear item:key"),
        ("command till.Opened till_id:key", "does not begin with what is to be done"),
        ("event till.Opened till_id:key opened:moment", "call it opened_at"),
        ("event till.Counted till_id:key price:int", "amphibus contracts explain L040"),
        ("query till.ListDrawers", "has no table that ListDrawers could list"),
        ("handler till.ring shelf.Sold", "it subscribes to it already"),
        ("handler shelf.note till.Rung", "no event of another module till.Rung"),
        ("process till.Till till_id:key", "is called like its module"),
    ],
)
def test_what_is_refused_leaves_every_file_as_it_was(
    kiosk: Workplace, words: str, said: str
) -> None:
    before = kiosk.files()
    ended = kiosk.add(*words.split())

    assert ended.code in (1, 2), ended.out
    assert said in ended.out
    assert kiosk.files() == before


def test_a_file_that_stands_in_the_way_is_not_touched(kiosk: Workplace) -> None:
    """Not even through a link that leads nowhere."""
    (kiosk.root / "modules/till/models.py").symlink_to(kiosk.root / "nowhere.py")
    before = kiosk.files()
    ended = kiosk.add("command", "till.OpenTill", "till_id:key")

    assert ended.code == 1, ended.out
    assert "nothing was written" in ended.out
    assert kiosk.files() == before
    assert not (kiosk.root / "nowhere.py").exists()


def _holds(project: Workplace, *modules: str) -> None:
    for command in (("check", "--fix"), ("check",), ("contracts", "lint")):
        ended = project.amphibus(*command)
        assert ended.code == 0, ended.out
    tests = [f"tests/modules/test_{module}.py" for module in modules]
    ended = project.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert ended.code == 0, ended.out


def _is_formatted_and_typed(project: Workplace) -> None:
    there = ("contracts", "modules", "tests")
    for command in (
        ("-m", "ruff", "check", "--no-cache", *there),
        ("-m", "ruff", "format", "--check", "--no-cache", *there),
        ("-m", "mypy", *there),
    ):
        ended = project.python(*command)
        assert ended.code == 0, ended.out
