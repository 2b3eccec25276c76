"""`amphibus contracts lint` and `explain`: the rules of contracts, and where they are not held."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.check.contracts import Format
from amphibus.cli.output import (
    GREEN,
    RED,
    YELLOW,
    CommandError,
    Exit,
    paint,
    plural,
    printable,
    printable_lines,
    show_json,
    unknown,
)
from amphibus.config.correction import opened
from amphibus.nearest import did_you_mean

if TYPE_CHECKING:
    from amphibus.evolution.waivers import Waivers
    from amphibus.lint.check import LintFinding
    from amphibus.lint.rule import LintRule


_NAMES: Final = {"reply": "answer"}
_WORDS: Final = {"error": "error", "warning": "warning", "info": "information"}


def lint(
    *,
    as_json: options.AsJson = False,
    format_: Annotated[
        Format, Parameter(name="--format", help="text, or github for annotations.")
    ] = "text",
) -> int:
    """Check how contracts are named and built, and whether they can grow.

    The levels of rules stand under [lint] in config/amphibus.toml. What is meant is approved in
    contracts/waivers.toml, each with a rule, a contract, a reason and the day on which it ends.
    Example: amphibus contracts lint --format=github
    """
    from amphibus.cli.check.findings import annotation, problem_annotation
    from amphibus.evolution.waivers import read_waivers
    from amphibus.lint.check import RULES

    project = options.project()
    waivers = read_waivers(project.root, datetime.now(UTC).date())
    found = _found(waivers)
    idle = waivers.idle([(each.rule, each.contract, each.where) for each in found], RULES)
    problems = [*waivers.problems, *idle]
    if as_json:
        show_json({"findings": [each.as_json() for each in found], "problems": problems})
    elif format_ == "github":
        for each in found:
            level = "notice" if each.waived else each.level
            title = f"{each.rule} {_title(each.rule)}"
            print(
                annotation(project, each.contract, level, title, f"{_head(each)}\n{each.instead}")
            )
        for problem in problems:
            print(problem_annotation(problem))
    else:
        _tell(found, problems, len(project.contracts))
    gating = any(each.gates for each in found) or problems
    return Exit.PROBLEMS if gating else Exit.OK


def explain(rule: str, *, as_json: options.AsJson = False) -> None:
    """Explain a rule of contracts: why it is there, how to hold it, and an example of both ways.

    Example: amphibus contracts explain L049

    Args:
        rule: Its id, such as L049 of the lint or FLD08 of the changes.
    """
    from amphibus.evolution.differences.rules import RULES as CHANGES
    from amphibus.lint.check import RULES

    name = rule.upper()
    if name in RULES:
        show_json(_as_data(RULES[name])) if as_json else print("\n".join(_explained(RULES[name])))
    elif name in CHANGES:
        change = CHANGES[name]
        levels = {_NAMES.get(each, each): _WORDS[level] for each, level in change.levels.items()}
        if as_json:
            show_json(
                {"id": name, "title": change.title, "levels": levels, "instead": change.instead}
            )
            return
        print(f"{name}  {change.title}\n")
        for position, level in levels.items():
            print(f"  {position:16}  {level}")
        print(f"\ninstead  {change.instead}")
    else:
        raise unknown("rule", rule, [*RULES, *CHANGES], "amphibus contracts lint")


def _found(waivers: "Waivers") -> "list[LintFinding]":
    from amphibus.lint.check import RULES
    from amphibus.lint.check import lint as find
    from amphibus.routing.topology import build_topology

    project = options.project()
    levels = {name.upper(): level for name, level in options.settings().lint.items()}
    for name in levels:
        if name not in RULES:
            raise CommandError(
                f"there is no lint rule {name}",
                f"[lint] in config/amphibus.toml names it; there are {', '.join(RULES)}{did_you_mean(name, RULES)}",
                opened("config/amphibus.toml"),
                Exit.USAGE,
            )
    topology = build_topology(project.modules.values(), project.contracts)
    return find(project.contracts, levels=levels, waivers=waivers, topology=topology)


def _tell(found: "list[LintFinding]", problems: list[str], count: int) -> None:
    for each in found:
        word = "approved" if each.waived else each.level
        colour = GREEN if each.waived else RED if each.level == "error" else YELLOW
        print(f"{paint(f'{word:8}', colour)}  {printable(_head(each))}")
        instead = printable(each.waived or each.instead)
        print(f"  {'approved' if each.waived else 'instead '}  {instead}")
    for problem in problems:
        print(f"{paint('problem ', RED)}  {printable_lines(problem)}")
    open_ = [each for each in found if not each.waived]
    if open_ or problems:
        print(f"\n{plural(len(open_) + len(problems), 'problem')} found")
    else:
        print(f"{paint('ok', GREEN)}  {plural(count, 'contract')}")


def _head(each: "LintFinding") -> str:
    place = f" {each.where}" if each.where else ""
    return f"{each.contract}{place}: {each.what} ({each.rule})"


def _title(rule: str) -> str:
    from amphibus.lint.check import RULES

    return RULES[rule].title


def _explained(rule: "LintRule") -> Iterator[str]:
    yield f"{rule.id}  {rule.title} ({rule.level})\n"
    yield f"why  {rule.why}"
    yield f"fix  {rule.fix}\n"
    for word, page in (("not so", rule.fails), ("but so", rule.passes)):
        yield f"{word}\n"
        yield "\n".join(f"    {line}".rstrip() for line in page.splitlines()) + "\n"


def _as_data(rule: "LintRule") -> dict[str, Any]:
    return {
        "id": rule.id,
        "level": rule.level,
        "title": rule.title,
        "why": rule.why,
        "fix": rule.fix,
        "fails": rule.fails,
        "passes": rule.passes,
    }
