"""`amphibus modules`: the messages of each module as text, a picture or JSON."""

import sys
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Literal

from amphibus.cli import options
from amphibus.cli.output import BOLD, CommandError, check_module, paint, show_json
from amphibus.clock import SystemClock
from amphibus.contract import kind_of
from amphibus.errors import NoStore, RequestError, StoreError
from amphibus.messages.contracts.amphibus.v1 import ListLimits, ListPauses
from amphibus.schedule.plan import plan_of

if TYPE_CHECKING:
    from amphibus.admin.views import Views
    from amphibus.module import Module
    from amphibus.routing.project import Project


def modules(
    name: str | None = None,
    *,
    format_: Literal["text", "mermaid"] = "text",
    as_json: options.AsJson = False,
) -> None:
    """Show the messages that each module sends and receives, and the modules at the other end.

    Example: amphibus modules orders

    Args:
        name: Only this module, with its processes.
        format_: text, or mermaid for a picture of the flow; with a name, of that module's processes.
    """
    project = options.project()
    if name is not None:
        check_module(name, project.modules)
    chosen = [each for each in project.modules.values() if name in (None, each.name)]
    if as_json:
        show_json([page_of(project, each) for each in chosen])
    elif format_ == "mermaid":
        print(_processes(chosen[0]) if name is not None else picture(project))
    else:
        steered = _steered()
        pages = [
            _text(page_of(project, each)) + "".join(steered.get(each.name, ())) for each in chosen
        ]
        print("\n\n".join(pages))


def _steered() -> dict[str, list[str]]:
    """Returns what is paused and limited now, as lines by module; nothing where no module has run yet."""
    from amphibus.cli.paused import in_words, limit_in_words
    from amphibus.cli.views import look

    async def ask(views: "Views") -> dict[str, list[str]]:
        now, found = SystemClock().now(), {}
        for module, view in views.items():
            paused = (await view.ask(ListPauses(now=now))).paused
            limits = (await view.ask(ListLimits(now=now))).limits
            said = [*map(in_words, paused), *map(limit_in_words, limits)]
            found[module] = [f"\n  {each}" for each in said]
        return found

    try:
        return look(None, None, ask)
    except NoStore:
        return {}
    except (StoreError, RequestError) as error:
        print(f"note  what is paused and limited now is not known: {error.line}", file=sys.stderr)
        return {}


def page_of(project: "Project", module: "Module") -> dict[str, Any]:
    """Returns a module's front page as data, with the modules at the other end of each message."""
    topology = project.topology()
    senders: dict[str, list[str]] = {}
    for each in project.modules.values():
        for contract in each.sends + each.asks:
            senders.setdefault(contract.contract_type, []).append(each.name)
        for schedule in each.schedules:
            senders.setdefault(schedule.contract.contract_type, []).append(
                f"schedule {schedule.name}"
            )

    def handled(name: str) -> list[str]:
        return sorted(senders.get(name, []))

    handles = [row.contract.contract_type for row in module.handles]
    subscribes = [row.contract for row in module.subscribes]
    publishes = [each.contract_type for each in module.publishes]
    calls = [each.contract_type for each in module.sends + module.asks]
    return {
        "module": module.name,
        "handles": {each: handled(each) for each in handles},
        "subscribes": {each.contract_type: [each.contract_owner] for each in subscribes},
        "publishes": {each: list(topology.subscribers.get(each, ())) for each in publishes},
        "sends": {each: [topology.owners[each]] for each in calls},
        "policies": policies_of(module),
        "schedules": {each.name: [plan_of(each).in_words()] for each in module.schedules},
    }


def policies_of(module: "Module") -> dict[str, dict[str, Any]]:
    """Returns how each message to a module is handled, as data and in the words of what is not as usual."""
    from amphibus.config.policies import usual_policy
    from amphibus.policy.words import in_words, per_in_words
    from amphibus.routing.policies import Policies

    settings = options.settings()
    usual, found = usual_policy(settings.bus), {}
    of_queries = replace(usual, timeout=settings.bus.query_timeout_seconds)
    queries = [
        each.contract.contract_type for each in module.handles if kind_of(each.contract) == "query"
    ]
    for type_, policy in Policies(module, settings).by_type.items():
        facts = {each.name: getattr(policy, each.name) for each in fields(policy)}
        facts["dead"], facts["again"] = (
            [each.__name__ for each in some] for some in (policy.dead, policy.again)
        )
        as_usual = of_queries if type_ in queries else usual
        said = {"per": per_in_words(policy) or None, "words": in_words(policy, as_usual)}
        found[type_] = facts | said
    return found


def picture(project: "Project") -> str:
    """Returns the flow between the modules as a Mermaid flow chart: commands solid, events dashed."""
    topology = project.topology()
    edges: dict[tuple[str, str, str], list[str]] = {}
    for module in project.modules.values():
        for contract in module.sends + module.asks:
            if module.name != "gateway":
                owner = topology.owners[contract.contract_type]
                edges.setdefault((module.name, owner, "-->"), []).append(contract.contract_name)
        for contract in module.publishes:
            for subscriber in topology.subscribers.get(contract.contract_type, ()):
                edge = (module.name, subscriber, "-.->")
                edges.setdefault(edge, []).append(contract.contract_name)
    lines = ["flowchart LR"]
    lines += [f"    {name}" for name in project.modules if name != "gateway"]
    for (source, target, arrow), names in sorted(edges.items()):
        lines.append(f'    {source} {arrow}|"{"<br>".join(sorted(names))}"| {target}')
    return "\n".join(lines)


def _text(page: dict[str, Any]) -> str:
    arrows = {
        "handles": "<-",
        "subscribes": "<-",
        "publishes": "->",
        "sends": "->",
        "schedules": "@",
    }
    lines = [paint(page["module"], BOLD)]
    for part, arrow in arrows.items():
        for name, others in page[part].items():
            ends = f"{arrow} {', '.join(others)}" if others else f"{arrow} nobody"
            lines.append(f"  {part:10}  {name:38}  {ends}")
            if part in ("handles", "subscribes"):
                lines += [f"  {'':10}  {each}" for each in page["policies"][name]["words"]]
    return "\n".join(lines)


def _processes(module: "Module") -> str:
    from amphibus.routing.process_check import mermaid_of_process
    from amphibus.routing.topology import processes_of

    drawn = [mermaid_of_process(each) for each in processes_of(module)]
    if not drawn:
        raise CommandError(
            f"{module.name} has no process manager",
            "a picture of one module shows its processes",
            "amphibus modules --format mermaid",
        )
    return "\n\n".join(drawn)
