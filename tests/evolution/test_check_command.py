"""`amphibus contracts check`, and `amphibus check` with it: what is told, what is written, and what never is."""

import json

import pytest

from tests.evolution.project import Depot

_PIECES = "pieces: Annotated[int, Field(ge=1, le=1000)]"


def test_a_safe_change_is_written_and_the_form_before_is_kept(depot: Depot) -> None:
    before = json.loads(depot.lock.read_text())["contracts"]["Put"]["now"]
    depot.edit(
        f"{_PIECES}\n\n\nclass Stored", f"{_PIECES}\n    note: Key | None = None\n\n\nclass Stored"
    )

    stale = depot("check")
    code, found = depot.findings()
    fixed = depot("check", "--fix")

    assert stale.code == 3
    assert "contracts/store/v1.lock.json is not what its contracts say" in stale.out
    assert (code, found["FLD01 store.Put.v1"]["severity"]) == (0, "info")
    assert fixed.code == 0
    entry = json.loads(depot.lock.read_text())["contracts"]["Put"]
    assert "note" in entry["now"]["payload"]["taken"]["properties"]
    assert [each["form"] for each in entry["before"].values()] == [before]
    assert depot("check").code == 0


def test_a_break_is_shown_by_a_document_of_both_classes_and_is_not_written(depot: Depot) -> None:
    commit = depot.git("rev-parse", "HEAD").strip()
    depot.edit(_PIECES, "count: Annotated[int, Field(ge=1, le=1000)]")
    released = depot.lock.read_text()

    fixed = depot("check", "--fix")
    code, found = depot.findings()

    assert (fixed.code, code) == (3, 3)
    assert depot.lock.read_text() == released
    assert "the field pieces is called count now (FLD08, field renamed)" in fixed.out
    put = found["FLD08 store.Put.v1"]
    assert put["document"] == {"shelf": "A1", "pieces": 3}
    assert put["breaks"] == ["dock", "producer scanner"]
    assert put["tried"] == (
        f"written by the classes of {commit[:12]}, refused by the classes as they are now"
    )
    assert found["FLD08 store.Stored.v1"]["breaks"] == ["board"]
    assert 'AliasChoices("count", "pieces")' in put["instead"]


def test_a_break_in_one_contract_holds_back_the_whole_file(depot: Depot) -> None:
    """A value that two contracts share must not be taken up for one of them alone."""
    released = depot.lock.read_text()
    depot.edit("shelf: Key\n    pieces", "shelf: Key\n    note: Key | None = None\n    pieces")
    depot.edit('class Stored(Event, key="shelf"', "class Stored(Event")

    assert depot("check", "--fix").code == 3
    assert depot.lock.read_text() == released


def test_a_wider_command_says_who_is_deployed_first(depot: Depot) -> None:
    depot.edit(
        f"{_PIECES}\n\n\nclass Stored", "pieces: Annotated[int, Field(ge=1)]\n\n\nclass Stored"
    )

    ended = depot("contracts", "check")

    assert ended.code == 0
    assert (
        "deploy    store before dock, producer scanner: store.Put.v1 (pieces), CON02" in ended.out
    )


def test_a_revision_is_compared_by_its_classes(depot: Depot) -> None:
    depot.edit("le=1000", "le=10")
    depot.commit()

    same, _ = depot.findings("--against=HEAD")
    code, found = depot.findings("--against=HEAD~1")

    assert (same, code) == (0, 3)
    assert found["CON01 store.Put.v1"]["refusal"] == "pieces must be less than or equal to 10"


def test_a_revision_that_is_not_there_or_cannot_be_imported_is_told(depot: Depot) -> None:
    text = depot.page.read_text()
    depot.page.write_text("import nowhere\n")
    depot.commit()
    depot.page.write_text(text)

    nowhere = depot("contracts", "check", "--against=v9.9")
    option = depot("contracts", "check", "--against=--output=x")
    broken = depot("contracts", "check", "--against=HEAD")

    assert [each.code for each in (nowhere, option, broken)] == [1, 1, 1]
    assert "there is no git revision v9.9" in nowhere.err
    assert "there is no git revision --output=x" in option.err
    assert "the contracts of the classes of HEAD cannot be loaded" in broken.err
    assert "ModuleNotFoundError: No module named 'nowhere'" in broken.err


@pytest.mark.full
def test_all_released_forms_count_and_not_the_last_one_alone(depot: Depot) -> None:
    """What was removed must not come back with another meaning: messages of the first form still wait."""
    depot.edit("shelf: Key\n    pieces", "shelf: Key\n    note: Key | None = None\n    pieces")
    assert depot("check", "--fix").code == 0
    depot.edit("note: Key | None = None", "note: int | None = None")
    lock = json.loads(depot.lock.read_text())
    for entry in lock["contracts"].values():
        first = next(iter(entry["before"].values()))["form"]
        entry["now"], entry["before"] = first, {"x": {"form": entry["now"], "accepted": {}}}
    _with_marks(lock)
    depot.lock.write_text(json.dumps(lock))

    last, _ = depot.findings()
    every, found = depot.findings("--released")

    assert (last, every) == (0, 3)
    assert "TYP01 store.Put.v1" in found
    assert depot("check").code == 3


def test_an_approved_break_is_written_with_its_reason(depot: Depot) -> None:
    depot.edit("le=1000", "le=10")
    waivers = depot.root / "contracts/waivers.toml"
    waiver = '[[waiver]]\nrule = "CON01"\ncontract = "store.*"\nreason = "no shelf holds more than ten"\n'
    waivers.write_text(f"{waiver}expires = 2020-01-01\n")
    ended = depot("contracts", "check")
    waivers.write_text(f"{waiver}expires = 2999-01-01\n")
    approved, fixed = depot("contracts", "check"), depot("check", "--fix")

    assert (ended.code, approved.code) == (3, 0)
    assert "its waiver ended on 2020-01-01" in ended.out
    assert "approved  no shelf holds more than ten" in approved.out
    assert "wrote  contracts/store/v1.lock.json" in fixed.out
    (before,) = json.loads(depot.lock.read_text())["contracts"]["Put"]["before"].values()
    assert before["accepted"] == {"CON01 pieces": "no shelf holds more than ten"}
    waivers.unlink()
    assert depot("check").code == 0


@pytest.mark.full
def test_a_waiver_without_a_reason_or_an_end_approves_nothing(depot: Depot) -> None:
    depot.edit("le=1000", "le=10")
    waivers = depot.root / "contracts/waivers.toml"
    waivers.write_text('[[waiver]]\nrule = "CON01"\ncontract = "store.Put.v1"\nreason = "so"\n')
    wrong = depot("contracts", "check")
    waivers.write_text("waiver = [")
    unreadable = depot("contracts", "check")

    assert (wrong.code, unreadable.code) == (3, 3)
    assert "contracts/waivers.toml: waiver.0.expires is required" in wrong.out
    assert "contracts/waivers.toml cannot be read" in unreadable.out
    assert "CON01" in wrong.out
    assert "CON01" in unreadable.out


def test_a_waiver_that_approves_nothing_any_more_is_named(depot: Depot) -> None:
    (depot.root / "contracts/waivers.toml").write_text(
        '[[waiver]]\nrule = "CON01"\ncontract = "store.Put.v1"\n'
        'reason = "no shelf holds more than ten"\nexpires = 2999-01-01\n'
    )

    assert (
        "CON01 for store.Put.v1 approves nothing, or nothing any more: delete it"
        in depot("check").out
    )


def test_a_message_that_is_gone_or_has_another_name_breaks_who_knows_it(depot: Depot) -> None:
    released = depot.lock.read_text()
    text = depot.page.read_text()
    for path in depot.root.glob("modules/*/module.py"):
        path.write_text(path.read_text().replace("store.Put,", "store.Place,"))
    depot.page.write_text(text.replace("class Put(", "class Place("))

    code, found = depot.findings()
    fixed = depot("check", "--fix")

    assert code == 3
    assert found["MSG03 store.Put.v1"]["what"] == "it is called store.Place.v1 now"
    assert found["MSG03 store.Put.v1"]["breaks"] == ["producer scanner"]
    assert fixed.code == 3
    assert "[producers.scanner] sends store.Put.v1, which is no contract" in fixed.out
    assert depot.lock.read_text() == released


def test_annotations_stand_at_the_class_and_on_one_line(depot: Depot) -> None:
    depot.edit("le=1000", "le=10")
    line = (
        depot.page.read_text()
        .splitlines()
        .index('class Stored(Event, key="shelf", example={"shelf": "A1", "pieces": 3}):')
        + 1
    )

    ended = depot("contracts", "check", "--format=github")

    assert ended.code == 3
    assert len(ended.out.splitlines()) == 2
    assert (
        f"::error file=contracts/store/v1.py,line={line},title=CON01 bound tightened::store.Stored.v1 pieces: "
        in ended.out
    )
    assert "%0A  breaks    board%0A" in ended.out


def _with_marks(lock: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
    from amphibus.evolution.forms.form import digest

    for entry in lock["contracts"].values():
        entry["before"] = {digest(each["form"]): each for each in entry["before"].values()}  # type: ignore[index]


@pytest.mark.full
@pytest.mark.parametrize("how", ["deleted", "a contract is gone", "no format"])
def test_a_lock_that_has_lost_what_was_released_makes_no_break_new(depot: Depot, how: str) -> None:
    held = json.loads(depot.lock.read_text())
    if how == "deleted":
        depot.lock.unlink()
    else:
        part, name = (held["contracts"], "Put") if how == "a contract is gone" else (held, "format")
        del part[name]
        depot.lock.write_text(json.dumps(held))
    depot.edit("ge=1, le=1000", "ge=1, le=10")

    checked, fixed = depot("contracts", "check"), depot("check", "--fix")

    assert (checked.code, fixed.code) == (3, 3)
    for each in (checked, fixed):
        assert "has lost store.Put.v1, which was released" in each.out + each.err
        assert "git checkout HEAD -- contracts/store/v1.lock.json" in each.out + each.err
    assert not depot.lock.exists() or json.loads(depot.lock.read_text()) == held


def test_all_breaks_are_told_in_one_run_beside_what_is_declared_wrongly(depot: Depot) -> None:
    """A float and another kind are refused at once, and show their documents all the same."""
    depot.edit("class Stored(Event", "class Stored(Command[None]")
    before = f"shelf: Key\n    {_PIECES}\n\n\nclass"
    depot.edit(before, before.replace("Key", "float"))

    told = depot("check")
    fixed = depot("check", "--fix")

    assert (told.code, fixed.code) == (3, 3)
    for each in (told, fixed):
        assert "contract store.Put.v1: field 'shelf' is a float" in each.out
        assert "module board subscribes store.Stored.v1, which is a command" in each.out
        assert "shelf was string and is number now (TYP01" in each.out
        assert "it was of the kind event and is of the kind command now (MSG04" in each.out
        assert each.out.count("shown by  {") == 2
        assert "wrote" not in each.out


@pytest.mark.full
def test_a_front_page_that_needs_what_is_gone_hides_no_break(depot: Depot) -> None:
    """Its modules are then known by the lock of the topology."""
    depot.edit("class Stored(", "class Kept(")
    depot.edit("le=1000", "le=10")

    code, found = depot.findings()
    told, checked = depot("contracts", "check"), depot("check")

    assert (code, told.code, checked.code) == (3, 3, 3)
    assert found["MSG01 store.Stored.v1"]["breaks"] == ["board"]
    assert found["CON01 store.Put.v1"]["document"]["pieces"] > 10
    for each in (told, checked):
        assert "cannot be imported: AttributeError: module 'contracts.store.v1' has no" in each.out


@pytest.mark.full
def test_a_renamed_optional_field_is_shown_by_what_becomes_of_it(depot: Depot) -> None:
    note = "    note: Key | None = None\n\n\nclass Stored"
    depot.edit("\n\nclass Stored", note)
    assert depot("check", "--fix").code == 0
    depot.commit()
    depot.edit(note, note.replace("note", "remark"))

    told = depot("contracts", "check").out
    _, found = depot.findings()

    put = found["FLD08 store.Put.v1"]
    assert put["document"]["note"]
    assert put["becomes"] == {"shelf": "A1", "pieces": 3, "remark": None}
    assert put["refusal"] == "note is lost"
    assert put["tried"].endswith("taken by the classes as they are now")
    assert '  becomes   {"shelf": "A1", "pieces": 3, "remark": null}' in told
    assert "            written by the classes of" in told
