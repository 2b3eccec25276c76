"""`amphibus check` and `amphibus modules`: what the front pages say together."""

import json

from amphibus.cli.check.command import BEGIN, END, FLOORS_BEGIN, FLOORS_END
from tests.console.conftest import Console


def test_a_stale_lock_is_a_problem_until_it_is_fixed(console: Console) -> None:
    stale = console("check")
    fixed = console("check", "--fix")
    fresh = console("check")

    assert (stale.code, fixed.code, fresh.code) == (3, 0, 0)
    assert "config/topology.lock.json is not what the front pages say" in stale.out
    assert fixed.out.startswith("wrote  config/topology.lock.json")
    assert fresh.out == "ok  3 modules, 3 contracts\n"


def test_the_map_of_modules_is_drawn_between_its_markers(console: Console) -> None:
    page = console.root / "ARCHITECTURE.md"
    page.write_text(f"# Kiosk\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")

    assert "the map in ARCHITECTURE.md" in console("check").out
    console("check", "--fix")

    assert 'shelf -.->|"Sold"| till' in page.read_text()
    assert page.read_text().startswith("# Kiosk\n\n<!--")
    assert page.read_text().endswith("\n\nThe end.\n")


def test_the_floors_of_the_runtime_are_drawn_where_the_project_holds_it(console: Console) -> None:
    """In the runtime's own repository the picture follows the code; elsewhere nobody asks for one."""
    page = console.root / "ARCHITECTURE.md"
    page.write_text(f"# Kiosk\n\n{FLOORS_BEGIN}\nold\n{FLOORS_END}\n")
    console("check", "--fix")
    without = page.read_text()
    upstairs, downstairs = (console.root / f"runtime/amphibus/{name}" for name in ("top", "low"))
    for folder in (upstairs, downstairs):
        folder.mkdir(parents=True)
    (upstairs / "stairs.py").write_text("def go():\n    import amphibus.low.door\n")
    (console.root / "pyproject.toml").write_text(
        "[[tool.importlinter.contracts]]\ncontainers = ['amphibus']\nlayers = ['top', 'low', 'clock']\n"
    )
    stale = console("check")
    console("check", "--fix")

    assert "\nold\n" in without
    assert (stale.code, console("check").code) == (3, 0)
    assert "the floors in ARCHITECTURE.md are not what the code imports" in stale.out
    assert "    top --> low\n" in page.read_text()


def test_all_problems_are_found_at_once(console: Console) -> None:
    page = console.root / "modules/till/module.py"
    page.write_text(page.read_text().replace("subscribes=", "publishes=(shelf.Sold,), subscribes="))
    (console.root / "contracts/shelf/v2.py").write_text(
        '"""More."""\nfrom amphibus.contract import Event\n\n\n'
        'class Lost(Event):\n    """Lost."""\n\n    pieces: list[int]\n    weight: float\n'
    )

    ended = console("check", "--json")

    assert ended.code == 3
    problems = "\n".join(ended.json["problems"])
    assert "field 'pieces' is a list" in problems
    assert "field 'weight' is a float" in problems
    assert "module till publishes shelf.Sold.v1, which must be its own contract" in problems


def test_what_a_contract_leaves_open_at_the_border_is_named_with_what_to_type(
    console: Console,
) -> None:
    """Each of these took what a later step could not do anything with."""
    console("check", "--fix")
    (console.root / "contracts/shelf/v2.py").write_text(
        '"""More."""\nfrom datetime import date, datetime\nfrom decimal import Decimal\n'
        "from amphibus.contract import Command, Event, Post, Value\n\n\n"
        'class Part(Value):\n    """A part."""\n\n    name: str | None\n\n\n'
        'class Count(Command[None], http=Post("/v2/counts"), requires="shelf:count"):\n    """Counts."""\n\n'
        "    at: datetime\n    day: date\n    worth: Decimal\n    parts: tuple[Part, ...]\n\n\n"
        'class Lost(Event, key="name"):\n    """Lost."""\n\n    name: str\n    note: str\n'
    )
    found = [each for each in console("check", "--json").json["problems"] if " field '" in each]

    starts = [each.partition(":")[0].removeprefix("shelf.") for each in found]
    assert starts == [
        "Count.v2 field 'at' takes numbers and instants that nobody can reckon with",
        "Count.v2 field 'day' takes numbers for days",
        "Count.v2 field 'worth' takes numbers, which lose digits",
        "Count.v2 field 'parts' is a list that has no end",
        "Count.v2 field 'parts[].name' is text that has no end",
        "Lost.v2 field 'name' is text that has no end",
    ]
    wanted = ("Moment", "Day", "Money", "max_length", "ShortText", "ShortText")
    assert all(word in each for word, each in zip(wanted, found, strict=True))


def test_settings_of_a_module_that_nobody_knows_are_a_problem(console: Console) -> None:
    console("check", "--fix")
    settings = console.root / "config/amphibus.toml"
    settings.write_text(settings.read_text() + "[modules.til]\ncolour = 'red'\n")

    ended = console("check")

    assert (ended.code, ended.out.splitlines()[0]) == (
        3,
        "problem  [modules.til]: there is no such module; did you mean till?",
    )


def test_a_module_that_cannot_be_imported_is_named_with_the_line_to_mend(console: Console) -> None:
    """The line may be in another file of it; `check` would only say the same again."""
    (console.root / "modules/till/module.py").write_text("import modules.till.handlers\n")
    (console.root / "modules/till/handlers.py").write_text('"""Rings."""\n\nimport nowhere\n')
    missing = console("check")
    (console.root / "modules/till/handlers.py").write_text("def ring(:\n")
    misspelt = console("check")

    assert (missing.code, misspelt.code) == (3, 3)
    assert missing.err.splitlines()[1:] == [
        (
            "  why  modules/till/module.py cannot be imported: "
            "ModuleNotFoundError: No module named 'nowhere', at modules/till/handlers.py:3"
        ),
        "  fix  ${EDITOR:-vi} +3 modules/till/handlers.py",
    ]
    assert misspelt.err.splitlines()[2] == "  fix  ${EDITOR:-vi} +1 modules/till/handlers.py"


def test_modules_are_shown_with_who_is_at_the_other_end(console: Console) -> None:
    till = next(each for each in console("modules", "--json").json if each["module"] == "till")
    text = console("modules", "shelf").out

    assert till["subscribes"] == {"shelf.Sold.v1": ["shelf"]}
    assert [line.split() for line in text.splitlines()] == [
        ["shelf"],
        ["handles", "shelf.Sell.v1", "<-", "gateway"],
        ["handles", "shelf.GetShelf.v1", "<-", "gateway"],
        ["publishes", "shelf.Sold.v1", "->", "till"],
    ]


def test_the_flow_is_drawn(console: Console) -> None:
    drawn = console("modules", "--format", "mermaid").out.splitlines()

    assert drawn == ["flowchart LR", "    shelf", "    till", '    shelf -.->|"Sold"| till']


def test_a_module_that_is_not_there_is_a_usage_error(console: Console) -> None:
    ended = console("modules", "shop")

    assert (ended.code, ended.err.splitlines()[1]) == (
        2,
        "  why  there are shelf, till, gateway",
    )


def test_the_lock_is_json_that_can_be_compared(console: Console) -> None:
    console("check", "--fix")

    lock = json.loads((console.root / "config/topology.lock.json").read_text())
    assert lock["subscribers"] == {"shelf.Sold.v1": ["till"]}


def test_a_missing_comma_on_a_front_page_is_named(console: Console) -> None:
    """`(on(...))` is no tuple, and the mistake that everybody makes once."""
    page = console.root / "modules/till/module.py"
    page.write_text(page.read_text().replace(", ring),)", ", ring))"))

    ended = console("check")

    assert ended.code == 3
    assert "module till: subscribes=(...) is not a tuple" in ended.err
    assert ended.err.splitlines()[-1].startswith("  fix  ${EDITOR:-vi} +")


def test_a_contract_is_shown_as_it_is_on_the_wire(console: Console) -> None:
    """A producer in another language reads it there."""
    listed = json.loads(console("contracts", "list", "--json").out)
    first = listed[0]["type"]
    shown = json.loads(console("contracts", "show", first, "--json").out)

    assert shown["type"] == first
    assert shown["payload"]["type"] == "object"


def test_an_unknown_contract_is_named_with_the_nearest(console: Console) -> None:
    known = json.loads(console("contracts", "list", "--json").out)[0]["type"]
    ended = console("contracts", "show", known[:-1] + "9")

    assert ended.code == 2
    assert f"did you mean {known}?" in ended.err
