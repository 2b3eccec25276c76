"""The first screen: the map of the modules, five numbers, and the newest trouble."""

import asyncio
from typing import Final, NamedTuple

from starlette.responses import Response

from amphibus.console.drawing.map import Node, drawn
from amphibus.console.rendering import page
from amphibus.console.visit import Visit
from amphibus.messages.contracts.amphibus.v1 import GroupDead
from amphibus.transports.direct.fleet.registry import AWAY, UNCLEAR, SeenProcess

_MOST: Final = 8


class Totals(NamedTuple):
    """The numbers over all modules."""

    processes: int
    in_flight: int
    unsent: int
    delayed: int
    dead: int


async def show(visit: Visit) -> Response:
    """Shows where the modules run, how they are, and what died last."""
    seen, groups, rates = await asyncio.gather(
        visit.look.processes(),
        visit.look.every(GroupDead(limit=_MOST)),
        visit.rates.now(visit.look),
    )
    newest = sorted(
        ((module, each) for module, page_ in groups.items() for each in page_.groups),
        key=lambda found: -found[1].last,
    )
    nodes = nodes_of(seen, visit.look.modules)
    for (module, _), each in rates.items():
        if module in nodes:
            nodes[module].per_second += each.per_second
    maps = drawn(list(nodes.values()), visit.project.topology(), rates)
    return page(
        "home",
        visit=visit,
        principal=visit.principal,
        maps=maps,
        moving=sorted(maps[0].arrows, key=lambda each: -each.per_second),
        running=_running(seen),
        nodes=nodes,
        totals=_totals(seen),
        trouble=newest[:_MOST],
        reasons=_reasons(seen),
        away=visit.look.away,
    )


def _running(seen: list[SeenProcess]) -> str:
    """Returns the shape of the system in a few words."""
    said = [each.description for each in seen if each.description is not None]
    ways = " and ".join(sorted({each.transport for each in said}))
    if len(said) == 1:
        return f"One process, messages by {ways}"
    return f"{len(said)} processes, messages by {ways}" if said else "No process answers"


def nodes_of(seen: list[SeenProcess], modules: tuple[str, ...]) -> dict[str, Node]:
    """Returns each module with what its processes say together."""
    nodes = {name: Node(name) for name in modules}
    for each in seen:
        for name in each.modules:
            if name in nodes:
                _add(nodes[name], each)
    return nodes


def _add(node: Node, seen: SeenProcess) -> None:
    node.states.append(seen.state)
    said = seen.description
    if said is None:
        return
    node.places.append(f"{said.host}, process {said.pid}")
    for each in said.modules:
        if each.name == node.name:
            # The instances of a module have one store, so each of them says the same of it.
            node.unsent, node.delayed, node.dead = each.unsent, each.delayed, each.dead
            node.in_flight += each.in_flight
            node.paused = node.paused or bool(each.paused)


def _totals(seen: list[SeenProcess]) -> Totals:
    nodes = nodes_of(seen, tuple({name for each in seen for name in each.modules})).values()
    return Totals(
        sum(each.description is not None for each in seen),
        sum(each.in_flight for each in nodes),
        sum(each.unsent for each in nodes),
        sum(each.delayed for each in nodes),
        sum(each.dead for each in nodes),
    )


def _reasons(seen: list[SeenProcess]) -> list[tuple[str, str]]:
    found = [
        (", ".join(each.modules), f"{name}: {why}")
        for each in seen
        if each.description is not None
        for name, why in each.description.reasons.items()
    ]
    words = {
        AWAY: "no process hosts it",
        UNCLEAR: "its process answers, and has not said in time how it is",
    }
    return found + [
        (", ".join(each.modules), words.get(each.state, f"its process is {each.state}"))
        for each in seen
        if each.description is None
    ]
