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


def test_settings_of_a_module_that_nobody_knows_are_a_problem(console: Console) -> None:
    console("check", "--fix")
    settings = console.root / "config/amphibus.toml"
    settings.write_text(settings.read_text() + "[modules.til]\ncolour = 'red'\n")

    ended = console("check")

    assert (ended.code, ended.out.splitlines()[0]) == (
        3,
        "problem  [modules.til]: there is no such module",
    )


def test_a_module_that_cannot_be_imported_is_named(console: Console) -> None:
    (console.root / "modules/till/module.py").write_text("import nowhere\n")

    ended = console("check")

    assert ended.code == 3
    assert "modules/till/module.py cannot be imported: ModuleNotFoundError" in ended.err


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
