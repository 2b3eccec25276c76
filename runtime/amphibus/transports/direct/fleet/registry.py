"""The list of the processes of a system, each asked at this moment.

A process that was killed is announced until it starts again or its announcement runs out: nobody is at its address. One
that is frozen is there and says nothing. One that has much to do may answer other questions first.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from amphibus.errors import OwnerAway, RequestError
from amphibus.messages.contracts.amphibus.answers import ProcessDescription
from amphibus.messages.contracts.amphibus.v1 import DescribeProcess
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.fleet.asking import Fleet, one_of_each_process

SILENT: Final = "silent"
"""It is there and answers nothing."""
UNCLEAR: Final = "unclear"
"""It answers other questions, and has not said in time what it is."""
STALE: Final = "stale"
"""It announced itself, and nobody is there."""
AWAY: Final = "away"
"""No process announces this module."""
_PATIENCE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """One process as it was seen."""

    modules: tuple[str, ...]
    state: str
    """Its own, or one of the four here."""
    instance: str = ""
    address: str = ""
    description: ProcessDescription | None = None

    def as_json(self) -> dict[str, Any]:
        """The process for programs."""
        seen = {
            "modules": list(self.modules),
            "state": self.state,
            "instance": self.instance,
            "address": self.address,
        }
        if self.description is None:
            return seen
        said = self.description.model_dump(exclude={"state", "modules", "contracts"})
        hosted = {each.name: each.model_dump() for each in self.description.modules}
        contracts = {each.type: each.fingerprint for each in self.description.contracts}
        more = {"contracts": contracts} if contracts else {}
        return seen | said | {"hosted": hosted} | more


async def registry(
    fleet: Fleet,
    addresses: Iterable[PeerAddress],
    modules: Iterable[str],
    *,
    asking: str | None = None,
    contracts: bool = False,
    seconds: float = _PATIENCE_SECONDS,
) -> list[SeenProcess]:
    """Asks every process what it is, all at once, and returns them by their modules.

    Args:
        fleet: asks them.
        addresses: of the processes that announced themselves.
        modules: of the system; one that nobody hosts is away.
        asking: the module in whose name they are asked, if not each in its own.
        contracts: with the fingerprints of their contracts.
        seconds: to wait for each.
    """
    asked = DescribeProcess(contracts=contracts)
    processes = one_of_each_process(addresses)
    seen = await asyncio.gather(
        *(_seen(fleet, each, asked, asking, seconds) for each in processes.values())
    )
    hosted = {module for each in seen for module in each.modules}
    away = [SeenProcess((module,), AWAY) for module in modules if module not in hosted]
    return sorted([*seen, *away], key=lambda each: (each.modules, each.instance))


async def _seen(
    fleet: Fleet,
    addresses: list[PeerAddress],
    asked: DescribeProcess,
    asking: str | None,
    seconds: float,
) -> SeenProcess:
    first, began = addresses[0], asyncio.get_running_loop().time()
    modules = tuple(each.module for each in addresses)
    place = f"{first.host}:{first.port}"
    said: ProcessDescription | None = None
    try:
        said = await fleet.ask(first, asked, seconds=seconds, asking=asking)
        state = said.state
    except OwnerAway:
        state = STALE
    except RequestError:
        state = UNCLEAR if fleet.heard(first.instance, began) else SILENT
    return SeenProcess(modules, state, first.instance, place, said)
