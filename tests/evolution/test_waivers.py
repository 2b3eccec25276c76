"""Waivers: which one decides, which are needed, and what is no rule."""

from datetime import date

import pytest

from amphibus.evolution.waivers import Waiver, Waivers
from tests.evolution.project import Depot

_TODAY = date(2030, 1, 1)
_RULES = ("CON01", "CON02", "FLD08")
_FOUND = ("CON01", "store.Put.v1", "lines[].pieces")


def waiver(rule: str, contract: str, path: str = "*", *, ended: bool = False) -> Waiver:
    day = date(2029, 12, 31) if ended else _TODAY
    return Waiver(
        rule=rule,
        contract=contract,
        path=path,
        reason=f"agreed for {rule} of {contract}",
        expires=day,
    )


@pytest.mark.parametrize(
    ("waivers", "approved", "idle"),
    [
        ([waiver("CON01", "store.*")], True, 0),
        ([waiver("CON01", "store.Put.v1", "lines[].*")], True, 0),
        ([waiver("CON01", "store.*", ended=True)], False, 0),
        ([waiver("CON01", "store.*", ended=True), waiver("CON01", "store.Put.v1")], True, 1),
        ([waiver("CON01", "store.*"), waiver("CON01", "store.*")], True, 1),
        ([waiver("CON01", "store.Putt.v1")], False, 1),
        ([waiver("CON01", "store.Put.v1", "pieces")], False, 1),
        ([waiver("CON02", "store.*")], False, 1),
        ([waiver("con01", "store.*")], False, 1),
        ([waiver("*", "*")], False, 1),
        ([waiver("L049", "store.*")], False, 0),
    ],
)
def test_one_waiver_decides_and_all_others_are_idle(
    waivers: list[Waiver], approved: bool, idle: int
) -> None:
    these = Waivers(tuple(waivers), _TODAY)

    reason, ended = these.reason(*_FOUND)

    assert (bool(reason) and not ended) is approved
    assert len(these.idle([_FOUND], _RULES)) == idle


def test_a_place_of_a_tuple_is_named_as_it_is_told() -> None:
    these = Waivers((waiver("CON01", "store.*", "pairs[1].pieces"),), _TODAY)

    assert these.reason("CON01", "store.Put.v1", "pairs[1].pieces")[0]
    assert not these.reason("CON01", "store.Put.v1", "pairs[0].pieces")[0]


def test_a_rule_that_there_is_not_is_answered_with_the_nearest() -> None:
    these = Waivers((waiver("CON001", "store.*"), waiver("L4", "store.*")), _TODAY)

    assert [each.partition("; ")[2] for each in these.idle([], _RULES)] == ["did you mean CON01?"]
    assert len(these.idle([], ["L049"])) == 1


def test_each_command_names_the_idle_waivers_of_its_own_rules(depot: Depot) -> None:
    text = "".join(
        f'[[waiver]]\nrule = "{rule}"\ncontract = "store.*"\nreason = "as it was agreed"\nexpires = 2999-01-01\n'
        for rule in ("CON01", "L049")
    )
    (depot.root / "contracts/waivers.toml").write_text(text)

    changes, lint = depot("contracts", "check"), depot("contracts", "lint", "--format=github")

    assert (changes.code, lint.code) == (3, 3)
    for ended, own, other in ((changes, "CON01", "L049"), (lint, "L049", "CON01")):
        assert f"{own} for store.* approves nothing" in ended.out
        assert other not in ended.out
