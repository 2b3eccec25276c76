"""`amphibus pause` and `amphibus resume`: a module handles nothing for a while, and its senders keep what they send."""

from typing import Annotated, Any

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.operator import operator, reasoned
from amphibus.cli.output import printable, show_json, typed, unknown, with_instants
from amphibus.cli.paused import in_words
from amphibus.cli.views import act
from amphibus.messages.contracts.amphibus.answers import ModulePauses
from amphibus.messages.contracts.amphibus.v1 import PauseModule, ResumeModule

_For = Annotated[
    str | None, Parameter(name="--for", help="How long, such as 30s, 10m or 2h; until `resume`.")
]


def pause(
    module: str,
    *,
    type_: options.Contract = None,
    for_: _For = None,
    reason: str = "",
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Let a module handle nothing, or nothing of one type, until it is resumed or the time is over.

    What it has begun is finished. Queries are answered; commands that wait for an answer are told to come again.
    Senders keep the rest, and order per key holds. It outlives restarts.
    Example: amphibus pause payments --for 10m --reason "the provider is down"

    Args:
        module: The module.
        reason: Why, for those who look.
    """
    seconds = None if for_ is None else options.seconds(for_, "--for")
    wanted = PauseModule(
        type=_known(module, type_), seconds=seconds, reason=reasoned(reason), by=operator(None)
    )
    _tell(module, act(data_dir, db, module, wanted), as_json=as_json)


def resume(
    module: str,
    *,
    type_: options.Contract = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Let a module go on that was paused, or go on with one type.

    Example: amphibus resume payments

    Args:
        module: The module.
    """
    wanted = ResumeModule(type=_known(module, type_), by=operator(None))
    _tell(module, act(data_dir, db, module, wanted), as_json=as_json)


def _known(module: str, contract: str | None) -> str:
    """Returns the type, or nothing; refuses one that the module does not receive."""
    if contract is None:
        return ""
    received = [name for name, who in options.destinations().items() if module in who]
    if contract not in received:
        raise unknown(
            f"message to {module} of type", contract, received, f"amphibus modules {module}"
        )
    return contract


def _tell(module: str, pauses: ModulePauses, *, as_json: bool) -> None:
    if as_json:
        found: list[dict[str, Any]] = [each.model_dump() for each in pauses.paused]
        show_json({"module": module, "paused": with_instants(found)})
        return
    if not pauses.paused:
        print(f"{module} handles everything")
    for each in pauses.paused:
        print(printable(f"{module}  {in_words(each)}"))
        print(
            typed(f"next: amphibus resume {module}" + (f" --type {each.type}" if each.type else ""))
        )
