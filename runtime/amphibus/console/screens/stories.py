"""The screens of flows: the newest, one by any id that somebody remembers, and the story of one."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from starlette.responses import Response

from amphibus.admin.flows import Destinations, Hop, correlation_of, flow
from amphibus.admin.latest_flows import latest_flows
from amphibus.console.drawing.sequence import drawn_sequence
from amphibus.console.rendering import page
from amphibus.console.screens.managers import Row, of_key
from amphibus.console.visit import PAGE, NotThere, Visit, see
from amphibus.contract import kind_of
from amphibus.errors import AmphibusError
from amphibus.routing.topology import Topology

_OPEN: Final = ("under way", "delayed", "dead")
_MOST_KEYS: Final = 3


class Line(NamedTuple):
    """A message of a story, and how far it stands from the one that began it."""

    hop: Hop
    depth: int


async def newest(visit: Visit) -> Response:
    """Shows the flows in which something happened last, or goes to the one that was asked for."""
    wanted = visit.asked("q")
    if wanted:
        return see("/console/stories", await _found(visit, wanted))
    after = visit.asked("after") or None
    try:
        flows = await latest_flows(visit.look.views, PAGE, after=after)
    except KeyError:
        raise NotThere("there is no such flow any more", "", "begin with the first page") from None
    return page(
        "stories",
        visit=visit,
        principal=visit.principal,
        flows=flows,
        last=flows[-1].correlation if len(flows) == PAGE else None,
        away=visit.look.away,
    )


class Wait(NamedTuple):
    """A message of a story that a module is not done with."""

    module: str
    state: str
    type: str
    since: int
    error: str


async def story(visit: Visit) -> Response:
    """Shows who sent what to whom in a flow, when, and what became of it."""
    correlation = visit.place("id")[:255]
    where = destinations(visit.project.topology())
    roots = await flow(visit.look.views, correlation, destinations=where)
    lines = list(_lines(roots, 0))
    if not lines:
        raise NotThere("no module knows this flow", f"asked for {correlation}", "search for a key")
    began = min(each.hop.time for each in lines)
    topology = visit.project.topology()
    kinds = {name: kind_of(each) for name, each in topology.contracts.items()}
    return page(
        "story",
        visit=visit,
        principal=visit.principal,
        correlation=correlation,
        lines=lines,
        began=began,
        ended=max(_last(each.hop) for each in lines),
        waits=[wait for line in lines for wait in _waits(line.hop)],
        standing=await _standing(visit, {each.hop.key for each in lines if each.hop.key}),
        sequence=drawn_sequence([each.hop for each in lines], kinds),
        away=visit.look.away,
    )


def _waits(hop: Hop) -> Iterator[Wait]:
    """Yields what is not over of a message: since it died or came, or since it was sent."""
    for each in hop.receipts:
        if each.state in _OPEN:
            yield Wait(each.module, each.state, hop.type, each.received or hop.time, each.error)


async def _standing(visit: Visit, keys: set[str]) -> list[Row]:
    """Returns the processes with these keys that have not ended."""
    found: list[Row] = []
    for key in sorted(keys)[:_MOST_KEYS]:
        with suppress(AmphibusError):
            found += await of_key(visit, key)
    return found


def destinations(topology: Topology) -> Destinations:
    """Returns the modules that each message goes to."""
    return {name: topology.destinations(each) for name, each in topology.contracts.items()}


async def _found(visit: Visit, wanted: str) -> str:
    """Returns the flow of an id: of a flow, of a message, or a key with which one began.

    Raises:
        NotThere: nothing is known by it.
    """
    views = visit.look.views
    if await flow(views, wanted):
        return wanted
    found = await correlation_of(views, key=wanted)
    found = found or await correlation_of(views, message=wanted)
    if found is None:
        raise NotThere("nothing is known by that id", f"asked for {wanted[:255]}")
    return found


def _lines(hops: Sequence[Hop], depth: int) -> Iterator[Line]:
    """Yields each message below the one that caused it, for chains of any length."""
    left = [Line(each, depth) for each in reversed(hops)]
    while left:
        line = left.pop()
        yield line
        left += [Line(each, line.depth + 1) for each in reversed(line.hop.caused)]


def _last(hop: Hop) -> int:
    return max([hop.time, *(each.handled or each.received or 0 for each in hop.receipts)])
