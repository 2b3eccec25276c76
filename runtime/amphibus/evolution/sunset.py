"""The end of contracts: what must not be shortened, and who still uses what has ended."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from amphibus.contract import Message
from amphibus.evolution.audience import Audience
from amphibus.evolution.differences.changes import Change

Json = Mapping[str, Any]


def of_deprecation(old: Json | None, new: Json | None) -> Iterator[Change]:
    """The deprecation that came, went or was moved."""
    if old == new:
        return
    if new is None:
        yield Change("MSG13", (), "it is no longer deprecated", severity="info")
    elif old is None:
        said = f"it is deprecated since {new['since']} and ends on {new['sunset']}"
        yield Change("MSG13", (), said, severity="info")
    elif new["sunset"] < old["sunset"]:
        said = f"its end was {old['sunset']} and is {new['sunset']} now"
        yield Change("MSG13", (), said, severity="error")
    else:
        yield Change("MSG13", (), f"its end is {new['sunset']} now", severity="info")


def has_ended(form: Json, today: date) -> bool:
    """Returns whether the day has come from which a contract may be gone."""
    end = form.get("deprecated")
    return end is not None and date.fromisoformat(end["sunset"]) <= today


def used_beyond(
    contracts: Mapping[str, type[Message]], audience: Audience, today: date
) -> Iterator[str]:
    """Says which modules and programs still use what has ended."""
    for type_, contract in contracts.items():
        end = contract.contract_deprecated
        if end is not None and end.sunset <= today:
            users = ", ".join(audience.users(type_))
            if users:
                instead = f"use {end.use}" if end.use else "do without it"
                yield f"{type_} has ended on {end.sunset}, and {users} still use it: {instead}"
