"""The system contracts obey the rules that they hold others to."""

from pathlib import Path
from typing import get_args

import pytest

from amphibus.cli.check.system_contracts import of_the_runtime
from amphibus.evolution.relock import next_lock, stale_files
from amphibus.messages.contracts.amphibus.v1 import Right
from amphibus.messages.system_requests import SYSTEM_CONTRACTS, why_not_allowed

ROOT = Path(__file__).parents[2]


def test_the_lock_holds_them_as_they_are_and_nothing_that_was_released_is_broken() -> None:
    found = of_the_runtime(ROOT)
    assert found is not None
    project, report = found

    assert (report.errors, report.warnings, report.problems) == ([], [], ())
    assert set(report.lock.entries) == set(SYSTEM_CONTRACTS)
    assert stale_files(project.root, next_lock(report)) == []


@pytest.mark.parametrize("name", SYSTEM_CONTRACTS)
def test_each_declares_who_may_ask_it(name: str) -> None:
    assert vars(SYSTEM_CONTRACTS[name])["requires"] in get_args(Right)


def test_a_module_may_not_look_into_another_and_the_gateway_may_list_it() -> None:
    def allowed(name: str, asking: str) -> bool:
        type_ = f"amphibus.{name}.v1"
        return not why_not_allowed(type_, asking=asking, asked="orders", gateway="gateway")

    assert allowed("ListDead", "orders")
    assert not allowed("ListDead", "payments")
    assert not allowed("ListDead", "gateway")
    assert allowed("DescribeProcess", "gateway")
    assert not allowed("DescribeProcess", "payments")
