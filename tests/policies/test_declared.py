"""Policies on a front page and in the configuration: nonsense is refused in words, and the rest is applied."""

from typing import Any

import pytest

from amphibus.config.policies import problems_of_overrides, usual_policy
from amphibus.config.settings import BusSettings, Settings
from amphibus.module import Module, on
from amphibus.policy import Policy, Retries
from amphibus.policy.words import in_words
from amphibus.routing.policies import Policies, problems_of_policies
from amphibus.testing.conformance.business import call, count, guard
from amphibus.testing.conformance.contracts.desk import v1 as desk

CALL = "desk.Call.v1"


class Stolen(Exception):
    """A card that is stolen."""


class MaybeStolen(Stolen):
    """One that may be."""


def page(
    *, module: Policy | None = None, query: dict[str, Any] | None = None, **said: Any
) -> Module:
    return Module(
        name="desk",
        handles=(
            on(desk.Call, call, **said),
            on(desk.Guard, guard),
            on(desk.Count, count, **(query or {})),
        ),
        policy=module or Policy(),
    )


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"at_most": 0}, "amphibus pause"),
    ({"at_most": True}, "a whole number from 1"),
    ({"at_most": -1}, "a whole number from 1"),
    ({"rate": "fast"}, "rate='50/s'"),
    ({"rate": 50}, "rate='50/s'"),
    ({"per": "book"}, "add at_most=... or rate=..."),
    ({"at_most": 1, "per": "boook"}, "did you mean book?"),
    ({"at_most": 1, "per": 5}, "neither a field's name nor a function"),
    ({"outside_timeout": 3.0}, "without an outside step"),
    ({"timeout": 0}, "timeout=0 is not a number"),
    ({"on_dead": "stop"}, "'continue' or 'block'"),
    ({"retries": 3}, "write retries=Retries(attempts=5)"),
    ({"retries": Retries(attempts=0)}, "attempts=0 is not a whole number"),
    ({"retries": Retries(attempts=3, quick=3)}, "write quick=2"),
    ({"retries": Retries(first=60, limit=10)}, "write limit=60"),
    ({"retries": Retries(jitter=2)}, "jitter=2 is not a number from 0 to 1"),
    ({"retries": Retries(dead=(int,))}, "write dead=(ValueError,)"),  # type: ignore[arg-type]
    ({"retries": Retries(dead=Stolen)}, "write dead=(ValueError,)"),  # type: ignore[arg-type]
    ({"retries": Retries(again=(Stolen,))}, "tried again anyway"),
    ({"retries": Retries(dead=(Stolen,), again=(Stolen,))}, "keep one"),
    ({"query": {"at_most": 1}}, "bus.query_concurrency"),
    ({"query": {"retries": Retries(attempts=1)}}, "bus.query_concurrency"),
    ({"module": Policy(at_most=1)}, "write it on its on(...)"),
    ({"module": Policy(timeout=-1)}, "timeout=-1 is not a number"),
]


@pytest.mark.parametrize(("said", "why"), WRONG)
def test_nonsense_is_refused_with_what_to_write(said: dict[str, Any], why: str) -> None:
    problems = list(problems_of_policies(page(**said)))

    assert len(problems) == 1, problems
    assert why in problems[0]
    assert problems[0].startswith("module desk: ")


def test_whoever_says_more_of_a_message_is_heard() -> None:
    """The settings, the module, its line, the configuration: what one leaves out the one before has said."""
    given = {"policies": {"desk": {"Call": {"v1": {"at_most": 2, "retries": {"limit": 9}}}}}}
    settings = Settings(modules={"desk": given}, bus=BusSettings(max_attempts=7, retry_factor=3))
    module = page(
        module=Policy(timeout=5, on_dead="block", retries=Retries(first=2)),
        at_most=4,
        rate="50/s",
        on_dead="continue",
        retries=Retries(quick=0, limit=60),
    )

    policies = Policies(module, settings)
    called, guarded = policies.by_type[CALL], policies.by_type["desk.Guard.v1"]

    assert list(problems_of_policies(module)) == []
    assert (called.attempts, called.quick, called.first, called.factor, called.limit) == (
        7,
        0,
        2,
        3,
        9,
    )
    assert (called.at_most, called.rate, called.on_dead, called.timeout) == (
        2,
        "50/s",
        "continue",
        5,
    )
    assert (guarded.at_most, guarded.on_dead, guarded.quick) == (None, "block", 2)
    assert policies.by_type["desk.Count.v1"].timeout == settings.bus.query_timeout_seconds


def test_of_which_nobody_says_anything_is_as_it_always_was() -> None:
    usual = Policies(page(), Settings()).by_type[CALL]

    assert usual == usual_policy(BusSettings())
    assert (usual.attempts, usual.quick, usual.first, usual.factor) == (8, 2, 1.0, 2.0)
    assert (usual.limit, usual.jitter, usual.timeout, usual.outside_timeout) == (300, 0.2, 60, 10)


def test_the_configuration_is_refused_as_any_setting_is() -> None:
    given = {
        "desk": {"Call": {"v1": {"at_mots": 1, "rate": "fast", "retries": {"attempts": 0}}}},
        "desk2": {"Call": {"v1": {"at_most": 1}}},
    }
    found = problems_of_overrides(
        "desk", {"policies": given}, [CALL], lambda _: "config/amphibus.toml"
    )
    said = [f"{each.what}: {each.why}; {each.fix}" for each in found]

    assert len(said) == 4
    assert "did you mean desk.Call.v1?" in said[0]
    assert any("did you mean at_most?" in each for each in said)
    assert any("one is 50/s" in each for each in said)
    assert any("retries.attempts is not allowed" in each for each in said)
    assert all(each.endswith("config/amphibus.toml") for each in said)


def test_the_nearest_class_that_is_named_counts() -> None:
    retries = Retries(dead=(Stolen, Exception), again=(MaybeStolen, LookupError))
    policy = usual_policy(BusSettings()).under(Policy(retries=retries))

    said = [policy.says_dead(each, (OSError,)) for each in (Stolen(), MaybeStolen(), KeyError())]

    assert said == [True, False, False]
    assert policy.says_dead(ValueError(), (OSError,))
    assert not policy.says_dead(ConnectionError(), (OSError,))


def test_it_is_printed_in_plain_words() -> None:
    module = page(
        at_most=4,
        rate="50/s",
        per="book",
        on_dead="block",
        retries=Retries(
            attempts=6, quick=1, first=1, limit=60, dead=(Stolen,), again=(MaybeStolen,)
        ),
        timeout=5,
    )
    said = in_words(Policies(module, Settings()).by_type[CALL], usual_policy(BusSettings()))

    assert said == [
        "at most 4 at once and no more than 50/s for each book, in all instances together",
        "6 attempts, 1 of them at once again, then after 1, 2, 4 … up to 8 s",
        "dead at once after Stolen, not after MaybeStolen",
        "later ones of a dead one's key wait behind it",
        "its handler ends within 5 s",
    ]
