"""The operator who types a command, and the reason that is given: both stand in the audit."""

from typing import Annotated

from cyclopts import Parameter

from amphibus.access.operator import user_name
from amphibus.cli.output import CommandError, Exit
from amphibus.contract.texts import one_line
from amphibus.messages.contracts.amphibus.acting import Operator

Who = Annotated[
    str | None, Parameter(name="--who", help="Who acts, if not the user of this machine.")
]
Reason = Annotated[str, Parameter(name="--reason", help="Why, for those who read the audit.")]
_LONGEST = 200


def operator(who: str | None) -> Operator:
    """Returns who acts: as given, else the user whom this machine knows."""
    return Operator(who=one_line(who or user_name())[:_LONGEST])


def reasoned(reason: str) -> str:
    """Returns a reason as it is kept.

    Raises:
        CommandError: it is too long.
    """
    if len(reason) > _LONGEST:
        raise CommandError(
            f"--reason has {len(reason)} characters",
            f"it takes up to {_LONGEST}",
            '--reason "the provider lost it"',
            Exit.USAGE,
        )
    return reason.strip()
