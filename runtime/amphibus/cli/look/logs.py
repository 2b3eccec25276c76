"""`amphibus logs`: the story of a flow across all modules, as a tree."""

import asyncio
import contextlib
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from amphibus.admin.flows import Hop, Receipt, correlation_of, flow
from amphibus.admin.latest_flows import Summary, latest_flows
from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.data_folder import present
from amphibus.cli.look.log_lines import show_lines
from amphibus.cli.look.tail import follow_lines
from amphibus.cli.output import (
    DIM,
    GREEN,
    RED,
    YELLOW,
    CommandError,
    moment,
    paint,
    plural,
    printable,
    show_columns,
    show_json,
    typed,
    with_instants,
)
from amphibus.cli.views import look, settings_of
from amphibus.messages.contracts.amphibus.v1 import ListLines

Level = Literal["debug", "info", "warning", "error"]
_COLOURS: Final = {
    "handled": GREEN,
    "refused": YELLOW,
    "discarded": YELLOW,
    "delayed": YELLOW,
    "dead": RED,
    "under way": DIM,
}


def logs(
    *,
    correlation: str | None = None,
    key: str | None = None,
    message: str | None = None,
    lines: Annotated[bool, Parameter(negative="")] = False,
    follow: Annotated[bool, Parameter(name=("--follow", "-f"), negative="")] = False,
    module: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    level: Level = "debug",
    text: str = "",
    limit: options.Limit = 20,
    after: str | None = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show the story of a flow across all modules; without one, the latest flows.

    Example: amphibus logs --key 74eda2bf-2087-5bfc-aaaf-7ff4216c8a87

    Args:
        correlation: Id of the flow.
        key: Business key, such as an order id: the flow that it began with.
        message: Id of a message: the flow that it belongs to.
        lines: The log lines instead, of all processes that a supervisor runs, merged by time.
        follow: The log lines of all processes as they write them, merged by time, until Ctrl-C.
        module: With --follow: the lines of this module alone; repeatable.
        level: With --follow: the least level.
        text: With --follow: lines that hold this text.
        limit: How many flows or lines to list.
        after: The last flow of the page before, to list those behind it.
    """
    if follow:
        if key is not None or message is not None:
            correlation = _flow_of(data_dir, db, key, message)
        wanted = ListLines(limit=1, least=level, modules=module, correlation=correlation, text=text)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(follow_lines(settings_of(data_dir, db), wanted, limit, as_json=as_json))
        return
    if lines:
        folder = options.settings().data_dir if data_dir is None else present(data_dir)
        if key is not None or message is not None:
            correlation = _flow_of(data_dir, db, key, message)
        show_lines(folder, correlation, limit, as_json=as_json)
        return
    if correlation is None and key is None and message is None:
        _list(look(data_dir, db, partial(_page, limit, after)), limit, as_json=as_json)
        return
    found, roots = look(data_dir, db, partial(_flow, correlation, key, message))
    if not roots or found is None:
        raise _no_flow(correlation or key or message or "")
    if as_json:
        show_json({"correlation": found, "messages": with_instants([asdict(r) for r in roots])})
        return
    print(f"flow {printable(found)}  {moment(roots[0].time)}")
    for line in story(roots):
        print(line)


def _flow_of(data_dir: Path | None, db: str | None, key: str | None, message: str | None) -> str:
    """Returns the flow of a key or a message; `none`, which no flow is called, where there is none."""
    return look(data_dir, db, partial(correlation_of, key=key, message=message)) or "none"


async def _page(limit: int, after: str | None, views: Views) -> list[Summary]:
    try:
        return await latest_flows(views, limit, after=after)
    except KeyError:
        raise _no_flow(after or "") from None


def _no_flow(name: str) -> CommandError:
    return CommandError(
        f"no flow {name}",
        "no module has a message of it, or it was pruned",
        "amphibus logs",
    )


async def _flow(
    correlation: str | None, key: str | None, message: str | None, views: Views
) -> tuple[str | None, list[Hop]]:
    found = correlation or await correlation_of(views, key=key, message=message)
    if found is None:
        return None, []
    return found, await flow(views, found, destinations=options.destinations())


def story(roots: list[Hop]) -> list[str]:
    """A flow as indented lines, each with the milliseconds since it began."""
    began = roots[0].time
    lines: list[str] = []

    def tell(hop: Hop, depth: int) -> None:
        sent = (hop.time - began) / 1000
        arrows = ", ".join(_receipt(each, began) for each in hop.receipts) or "nobody subscribes"
        way = f"{hop.source} > {hop.type}"
        lines.append(f"{sent:9.1f} ms  {'  ' * depth}{printable(way)} > {arrows}")
        for each in hop.caused:
            tell(each, depth + 1)

    for root in roots:
        tell(root, 0)
    return lines


def _receipt(receipt: Receipt, began: int) -> str:
    text = f"{printable(receipt.module)} {paint(receipt.state, _COLOURS[receipt.state])}"
    if receipt.handled is not None:
        text += f" {(receipt.handled - began) / 1000:.1f} ms"
    if receipt.attempts > 1:
        text += f" ({receipt.attempts} attempts)"
    if receipt.error and receipt.state in ("delayed", "dead"):
        text += f" ({printable(receipt.error.splitlines()[0])})"
    return text


def _list(summaries: list[Summary], limit: int, *, as_json: bool) -> None:
    if as_json:
        show_json(with_instants([asdict(each) for each in summaries]))
        return
    rows = [(each.correlation, moment(each.began), each.messages, each.first) for each in summaries]
    show_columns(("FLOW", "BEGAN", "MESSAGES", "FIRST MESSAGE"), rows)
    count = plural(len(rows), "flow")
    print(typed(f"\n{count}; amphibus logs --correlation FLOW shows one"))
    if rows and len(rows) == limit:
        print(typed(f"more: amphibus logs --limit {limit} --after {printable(rows[-1][0])}"))
