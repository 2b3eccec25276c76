"""A contract ends on the day that was said, and not before; and nobody uses it then."""

from datetime import date

import pytest

from amphibus.contract import Deprecated
from tests.evolution.project import Depot

_PUT = '    class Put(Command[None], key="shelf",'.strip()


def _deprecate(depot: Depot, sunset: str, *, since: str = "2019-01-01") -> None:
    days = f"since=date({since.replace('-0', '-').replace('-', ', ')}), sunset=date({sunset})"
    depot.edit(_PUT, f'{_PUT} deprecated=Deprecated({days}, use="store.Stored.v1"),')
    depot.edit("from uuid import UUID", "from datetime import date\nfrom uuid import UUID")
    depot.edit("import Command, Event, Key", "import Command, Deprecated, Event, Key")


def _done_without(depot: Depot) -> None:
    """Nobody sends it any more."""
    (depot.root / "config/amphibus.toml").write_text("")
    page = depot.root / "modules/dock/module.py"
    page.write_text(page.read_text().replace("sends=(store.Put,)", ""))


def _removed(depot: Depot) -> None:
    text = depot.page.read_text()
    depot.page.write_text(text[: text.index("class Put")] + text[text.index("class Stored") :])
    page = depot.root / "modules/store/module.py"
    page.write_text(page.read_text().replace("handles=(on(store.Put, nothing),), ", ""))


def test_it_ends_after_it_is_deprecated() -> None:
    with pytest.raises(ValueError, match="is not after 2027-01-01"):
        Deprecated(since=date(2027, 1, 1), sunset=date(2027, 1, 1))


def test_its_days_are_shown_and_a_later_end_breaks_nobody(depot: Depot) -> None:
    _deprecate(depot, "2998, 1, 1")
    code, found = depot.findings()
    fixed = depot("check", "--fix")
    depot.edit("date(2998, 1, 1)", "date(2999, 1, 1)")

    assert (code, fixed.code, depot("check", "--fix").code) == (0, 0, 0)
    assert found["MSG13 store.Put.v1"]["what"] == (
        "it is deprecated since 2019-01-01 and ends on 2998-01-01"
    )
    listed = depot("contracts", "list").out.splitlines()
    assert listed[0].endswith("ENDS")
    assert listed[1].endswith("2999-01-01")
    assert (
        "ends on 2999-01-01; use store.Stored.v1" in depot("contracts", "show", "store.Put.v1").out
    )
    exported = depot("contracts", "export", "jsonschema").json["store.Put.v1"]
    assert exported["deprecated"] is True


def test_an_end_that_was_said_comes_no_earlier(depot: Depot) -> None:
    _deprecate(depot, "2999, 1, 1")
    assert depot("check", "--fix").code == 0
    depot.edit("date(2999, 1, 1)", "date(2998, 1, 1)")

    code, found = depot.findings()

    assert code == 3
    assert found["MSG13 store.Put.v1"]["what"] == "its end was 2999-01-01 and is 2998-01-01 now"
    assert depot("check", "--fix").code == 3
    assert '"sunset": "2999-01-01"' in depot.lock.read_text()


@pytest.mark.full
def test_what_has_ended_is_used_by_nobody(depot: Depot) -> None:
    _deprecate(depot, "2020, 1, 1")
    used = depot("check")
    _done_without(depot)

    assert used.code == 3
    assert (
        "store.Put.v1 has ended on 2020-01-01, and dock, producer scanner still use it: use store.Stored.v1"
        in used.out
    )
    assert depot("check", "--fix").code == 0


@pytest.mark.parametrize(
    ("sunset", "code"), [("2020, 1, 1", 0), pytest.param("2999, 1, 1", 3, marks=pytest.mark.full)]
)
def test_a_contract_is_removed_once_it_has_ended(depot: Depot, sunset: str, code: int) -> None:
    _deprecate(depot, sunset)
    _done_without(depot)
    assert depot("check", "--fix").code == 0
    _removed(depot)

    ended, found = depot.findings()
    assert (ended, depot("check", "--fix").code) == (code, code)
    assert found["MSG01 store.Put.v1"]["severity"] == ("error" if code else "info")
    assert ("Put" in depot.lock.read_text()) is bool(code)
