"""A schedule as a front page declares it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from amphibus.contract import Command

C = TypeVar("C", bound=Command[Any])
Missed = Literal["once", "all", "skip"]
MISSED: Final = ("once", "all", "skip")
Make = Callable[[datetime], Command[Any]]
_BEFORE_A_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """One schedule, made by `every`."""

    spec: str
    contract: type[Command[Any]]
    timezone: str | None = None
    missed: Missed = "once"
    name: str = ""
    key: str | None = None
    make: Make | None = None

    @property
    def ordering_key(self) -> str:
        """Returns the key of its commands, where their contract has none."""
        return self.key if self.key is not None else f"schedule:{self.name}"

    @property
    def plan(self) -> str:
        """Returns what its times follow from, as one text: another text is another plan."""
        return f"{' '.join(self.spec.split())} {self.timezone or 'UTC'}"


def every(
    spec: str,
    contract: type[C],
    *,
    timezone: str | None = None,
    missed: Missed = "once",
    name: str | None = None,
    key: str | None = None,
    make: Callable[[datetime], C] | None = None,
) -> Every:
    """Sends a command of the module to itself at certain times, once for all its instances.

    Args:
        spec: `15m` (also `30s`, `2h`, `7d`), counted from midnight of 1970-01-01 UTC; or five fields as cron has
            them: `0 6 * * 1-5` is 06:00 from Monday to Friday.
        contract: the command; the module handles it.
        timezone: of a spec with five fields, such as `Europe/London`; UTC if not given.
        missed: about the times at which no instance ran: `once` sends one command for all of them, `all` one for
            each, `skip` none.
        name: of the schedule; that of the contract if not given, so `CloseDay` is `close_day`.
        key: of its commands, where their contract has none; `schedule:<name>` if not given.
        make: returns the command for a time, which is in the time zone; without it the command has no values.
    """
    return Every(
        spec=spec,
        contract=contract,
        timezone=timezone,
        missed=missed,
        name=name if name is not None else _snake(contract.contract_name),
        key=key,
        make=make,
    )


def _snake(name: str) -> str:
    return _BEFORE_A_CAPITAL.sub("_", name).lower()
