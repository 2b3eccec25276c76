"""`amphibus logs --follow`: the log lines of all processes as they write them, merged by time."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from amphibus.cli.look.log_lines import print_lines
from amphibus.cli.output import CommandError, Exit, printable
from amphibus.cli.views import found_fleet
from amphibus.errors import RequestError
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, ListLines

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.transports.direct.directory import PeerAddress
    from amphibus.transports.direct.fleet.asking import Fleet

_EVERY_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 2.0
Line = tuple[str, str, dict[str, Any]]
"""Its time, the modules of its process and its fields."""


class Tail:
    """Follows the processes of a fleet, those too that start meanwhile."""

    def __init__(self, fleet: "Fleet", wanted: ListLines) -> None:
        self._fleet = fleet
        self._wanted = wanted
        self._last: dict[str, int] = {}
        """By instance, the last line that was looked at."""
        self._silent: set[str] = set()

    async def news(self, addresses: Sequence["PeerAddress"]) -> list[Line]:
        """Asks all processes at once, and returns what they have written since the last time."""
        from amphibus.transports.direct.fleet.asking import one_of_each_process

        processes = one_of_each_process(addresses)
        self._last = {each: last for each, last in self._last.items() if each in processes}
        found = await asyncio.gather(*(self._of(each) for each in processes.values()))
        return sorted((line for some in found for line in some), key=lambda line: line[0])

    async def _of(self, addresses: Sequence["PeerAddress"]) -> list[Line]:
        first, label = addresses[0], ", ".join(each.module for each in addresses)
        asked = self._wanted.model_copy(update={"after": self._last.get(first.instance, 0)})
        try:
            said = await self._fleet.ask(first, asked, seconds=_ANSWER_SECONDS)
        except RequestError as error:
            if first.instance not in self._silent:
                self._silent.add(first.instance)
                print(f"note  {label}: {printable(error.what)}", file=sys.stderr)
            return []
        self._last[first.instance] = said.last
        self._silent.discard(first.instance)
        lines = [json.loads(each) for each in said.lines]
        return [(str(each.get("time", "")), label, each) for each in lines]


async def follow_lines(
    settings: "Settings", wanted: ListLines, limit: int, *, as_json: bool
) -> None:
    """Prints the newest lines of the fleet, and then each as it comes, until it is stopped.

    Raises:
        CommandError: no process is there.
    """
    async with found_fleet(settings) as (fleet, addresses):
        if fleet is None or not addresses:
            raise CommandError(
                "no process can be followed",
                "none announces itself with this data",
                "amphibus logs --lines",
                Exit.UNREACHABLE,
            )
        tail = Tail(fleet, wanted.model_copy(update={"limit": min(max(limit, 1), MOST_ROWS)}))
        lines = (await tail.news(addresses))[-limit:]
        while True:
            print_lines([(label, fields) for _, label, fields in lines], as_json=as_json)
            sys.stdout.flush()
            await asyncio.sleep(_EVERY_SECONDS)
            lines = await tail.news(await fleet.find())
