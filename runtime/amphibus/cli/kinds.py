"""The kind of a message that a command line names: each kind has a command of its own."""

import shlex
from typing import TYPE_CHECKING, Final

from amphibus.cli.output import CommandError, Exit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amphibus.contract import Message

_COMMANDS: Final = {"command": "send", "query": "ask"}


def refuse_other_kind(
    contracts: "Mapping[str, type[Message]]", name: str, wanted: str, data: str
) -> None:
    """Refuses a known message of another kind than the command takes, with the line that takes it.

    Raises:
        CommandError: it is of another kind.
    """
    from amphibus.contract import kind_of

    found = contracts.get(name)
    kind = wanted if found is None else kind_of(found)
    if found is None or kind == wanted:
        return
    other = _COMMANDS.get(kind)
    a_kind = f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
    raise CommandError(
        f"{name} is {a_kind}",
        f"{_COMMANDS[wanted]} takes a {wanted}; "
        + (f"{other} takes this" if other else f"only module {found.contract_owner} publishes it"),
        f"amphibus {other} {name} --data {shlex.quote(data)}"
        if other
        else f"amphibus contracts show {name}",
        Exit.USAGE,
    )
