"""`amphibus contracts lint` and `explain`."""

from tests.evolution.project import Depot

_PIECES = 'class Stored(Event, key="shelf", example={"shelf": "A1", "pieces": 3}):'


def test_a_broken_rule_ends_with_3_and_says_what_to_do(depot: Depot) -> None:
    fine = depot("contracts", "lint")
    depot.edit(_PIECES, 'class Store(Event, key="shelf", example={"shelf": "A1", "pieces": 3}):')
    for path in depot.root.glob("modules/*/module.py"):
        path.write_text(path.read_text().replace("store.Stored", "store.Store"))

    broken = depot("contracts", "lint")
    data = depot("contracts", "lint", "--json")
    line = depot("contracts", "lint", "--format=github")

    assert (fine.code, fine.out) == (0, "ok  2 contracts\n")
    assert broken.code == 3
    assert "store.Store.v1: the event Store does not end with what happened" in broken.out
    assert "instead   Call an event by a past participle" in broken.out
    assert data.json["findings"][0]["rule"] == "L001"
    assert line.out.startswith("::error file=contracts/store/v1.py,line=")


def test_the_level_of_a_rule_is_a_setting(depot: Depot) -> None:
    depot.edit(_PIECES, _PIECES.replace("Stored", "Store"))
    for path in depot.root.glob("modules/*/module.py"):
        path.write_text(path.read_text().replace("store.Stored", "store.Store"))
    settings = depot.root / "config/amphibus.toml"
    text = settings.read_text()
    settings.write_text(f'{text}\n[lint]\nL001 = "off"\n')
    off = depot("contracts", "lint")
    settings.write_text(f'{text}\n[lint]\nL0499 = "off"\n')
    unknown = depot("contracts", "lint")

    assert off.code == 0
    assert unknown.code == 2
    assert "there is no lint rule L0499" in unknown.err
    assert "did you mean L049?" in unknown.err


def test_a_rule_is_explained_by_two_pages(depot: Depot) -> None:
    lint = depot("contracts", "explain", "l049")
    change = depot("contracts", "explain", "ENM01")
    unknown = depot("contracts", "explain", "L0499")

    assert lint.out.startswith("L049  Text and lists have an end (warning)\n\nwhy  ")
    assert "    note: str\n" in lint.out
    assert "    note: LongText\n" in lint.out
    assert change.out.splitlines()[2:6] == [
        "  event             error",
        "  command           information",
        "  query             information",
        "  answer            error",
    ]
    assert unknown.code == 2
    assert "contracts explain L049" in unknown.err
