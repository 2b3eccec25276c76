"""The options that narrow dead letters by what a person remembers of them."""

import shlex
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.dead.where import condition, conditions
from amphibus.cli.output import unknown
from amphibus.messages.contracts.amphibus.acting import Condition


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """The dead letters that are meant: those that meet all that is given."""

    module: Annotated[str | None, Parameter(help="Only this module.")] = None
    type_: options.Contract = None
    key: Annotated[str | None, Parameter(help="Only this key, such as an order id.")] = None
    error: Annotated[str | None, Parameter(help="Only with this in the text of the error.")] = None
    since: Annotated[
        str | None, Parameter(help="Only those that died since: 2h, 7d, 2025-01-31, or an instant.")
    ] = None
    until: Annotated[str | None, Parameter(help="Only those that died before.")] = None
    where: Annotated[
        str | None,
        Parameter(
            help="Only where all of this is so: FIELD=VALUE, != ~ !~ < <= > >=, joined by 'and'."
        ),
    ] = None

    @property
    def given(self) -> bool:
        """True if anything is."""
        return any(getattr(self, name) is not None for name in self.__slots__)

    @property
    def typed(self) -> str:
        """The options as they are typed, with a space behind each."""
        given = ((name.rstrip("_"), getattr(self, name)) for name in self.__slots__)
        return "".join(
            f"--{name} {shlex.quote(value)} " for name, value in given if value is not None
        )

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that a letter meets, but for its module.

        Raises:
            CommandError: one cannot be understood.
        """
        asked = (("type", "=", self.type_), ("key", "=", self.key), ("error", "~", self.error))
        found = [condition(*each) for each in asked if each[2] is not None]  # type: ignore[arg-type]
        for comparison, instant in ((">=", self.since), ("<", self.until)):
            if instant is not None:
                found.append(condition("died", comparison, str(options.instant(instant))))
        return (*found, *(() if self.where is None else conditions(self.where)))

    def check_type(self) -> None:
        """Refuses a type that there is not, once nothing was found.

        Raises:
            CommandError: names the nearest.
        """
        if self.type_ is not None:
            known = options.project().contracts
            if self.type_ not in known:
                raise unknown("contract", self.type_, known, "amphibus contracts list")
