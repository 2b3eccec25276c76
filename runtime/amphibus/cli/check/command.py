"""`amphibus check`: checks that the declarations fit together and that the generated files are fresh."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.check.borders import (
    BASELINE,
    begin_baseline,
    problems_of_borders,
    read_baseline,
    shrink_baseline,
)
from amphibus.cli.check.contracts import report_of
from amphibus.cli.check.rights import problems_of_rights, stale_lock
from amphibus.cli.check.rights import write_lock as write_rights
from amphibus.cli.check.system_contracts import of_the_runtime
from amphibus.cli.output import (
    GREEN,
    RED,
    Exit,
    paint,
    plural,
    printable,
    printable_lines,
    show_json,
)
from amphibus.errors import DeclarationError
from amphibus.nearest import did_you_mean

if TYPE_CHECKING:
    from amphibus.evolution.check import Report
    from amphibus.routing.project import Project

BEGIN: Final = "<!-- modules: written by amphibus check --fix -->"
END: Final = "<!-- end of modules -->"
FLOORS_BEGIN: Final = "<!-- floors: written by amphibus check --fix -->"
FLOORS_END: Final = "<!-- end of floors -->"


def check(
    *,
    fix: Annotated[bool, Parameter(negative="")] = False,
    baseline: Annotated[bool, Parameter(negative="")] = False,
    against_data: Annotated[bool, Parameter(negative="")] = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> int:
    """Check contracts, front pages, processes, settings, migrations, borders and the generated files.

    Example: amphibus check --fix

    Args:
        fix: Rewrite config/topology.lock.json, config/access.lock.json, generated repositories and the pictures in
            ARCHITECTURE.md, and take up in the locks of the contracts what breaks nobody.
        baseline: Note in config/borders.lock.json which imports go over borders of modules already. From then on it
            only shrinks: new ones are problems.
        against_data: Check the databases too: no process may stand in a state that the code does
            not know.
    """
    project = options.project()
    report = report_of(project, released=True)
    problems = _declared(project, report)
    fixed = [str(BASELINE)] if baseline and begin_baseline(project.root) else []
    if problems:
        borders = problems_of_borders(project.root)
        problems = list(dict.fromkeys([*problems, *_breaks(report), *borders]))
    else:
        own = of_the_runtime(project.root)
        if fix:
            fixed += _write(project, report) + (_write_own(*own) if own else [])
        problems = (
            _stale(project)
            + problems_of_borders(project.root)
            + _of_contracts(project, report, fix=fix)
        )
        problems += _of_contracts(*own, fix=fix) if own else []
        problems += _personal(project) + _settings(project) + _unmigrated(project)
        if against_data:
            import asyncio

            from amphibus.cli.check.data import left_behind_in

            problems += asyncio.run(left_behind_in(project, options.stores(data_dir, db)))
    if as_json:
        show_json({"problems": problems, "fixed": fixed})
    else:
        _tell(project, problems, fixed)
    return Exit.PROBLEMS if problems else Exit.OK


def _tell(project: "Project", problems: list[str], fixed: list[str]) -> None:
    for name in fixed:
        print(f"{paint('wrote', GREEN)}  {printable(name)}")
    for problem in problems:
        print(f"{paint('problem', RED)}  {printable_lines(problem)}")
    if problems:
        print(f"\n{plural(len(problems), 'problem')} found")
    else:
        count = f"{plural(len(project.contracts), 'contract')}"
        if known := len(read_baseline(project.root)):
            count += f", {plural(known, 'import')} over borders left to take away"
        print(f"{paint('ok', GREEN)}  {plural(len(project.modules), 'module')}, {count}")


def _declared(project: "Project", report: "Report") -> list[str]:
    """The declarations that do not fit together; they hide no break of a contract, which may be their cause."""
    try:
        return project.problems() + _open(project) + problems_of_rights(project)
    except DeclarationError as error:
        if not report.errors:
            raise
        return [f"{each}: {error.fix}" for each in error.problems]


def _breaks(report: "Report") -> list[str]:
    from amphibus.cli.check.findings import problem_of

    gating = (*report.errors, *report.warnings)
    return [*report.problems, *(problem_of(each) for each in gating)]


def _of_contracts(project: "Project", report: "Report", *, fix: bool) -> list[str]:
    """The breaks of contracts, and the locks that do not know yet what breaks nobody."""
    from amphibus.evolution.relock import next_lock, stale_files

    found = _breaks(report)
    if not fix:
        found += [
            f"{path} is not what its contracts say: --fix takes up what breaks nobody"
            for path in stale_files(project.root, next_lock(report))
        ]
    return [*found, *report.idle]


def _write(project: "Project", report: "Report") -> list[str]:
    from amphibus.cli.generate.command import stale_repositories
    from amphibus.evolution.relock import write_lock

    fixed: list[str] = []
    if project.lock_differs():
        project.write_lock()
        fixed.append("config/topology.lock.json")
    fixed += write_rights(project)
    if shrink_baseline(project.root):
        fixed.append(str(BASELINE))
    fixed += [str(path) for path in write_lock(project.root, report)]
    fixed += stale_repositories(project, fix=True)[1]
    page = project.root / "ARCHITECTURE.md"
    before = _read(page)
    after = with_floors(with_map(before, project), project.root)
    if after != before:
        page.write_text(after, encoding="utf-8")
        fixed.append("ARCHITECTURE.md")
    return fixed


def _write_own(project: "Project", report: "Report") -> list[str]:
    from amphibus.evolution.relock import write_lock

    return [str(project.root / path) for path in write_lock(project.root, report)]


def _open(project: "Project") -> list[str]:
    """Contracts that let in from outside what has a second meaning, or no end."""
    from amphibus.contract.border import problems_at_border

    return [
        f"{name} {problem}"
        for name, contract in project.contracts.items()
        for problem in problems_at_border(contract)
    ]


def _personal(project: "Project") -> list[str]:
    """Personal data that comes to somebody who does not say what for."""
    from amphibus.evolution.consumers import read_in_spite
    from amphibus.evolution.readers import read_readers
    from amphibus.routing.personal_data import problems_of_personal_data, receipts
    from amphibus.routing.topology import build_topology

    modules = project.modules.values()
    topology = build_topology(modules, project.contracts)
    producers = options.settings(mode="distributed").producers
    found = receipts(modules, topology, producers)
    in_spite = read_in_spite(found, read_readers(project.root))
    return [*problems_of_personal_data(modules, topology, producers), *in_spite]


def _stale(project: "Project") -> list[str]:
    from amphibus.cli.generate.command import stale_repositories

    found = stale_repositories(project)[0]
    if project.lock_differs():
        found.append("config/topology.lock.json is not what the front pages say: --fix rewrites it")
    found += stale_lock(project)
    before = _read(project.root / "ARCHITECTURE.md")
    if with_map(before, project) != before:
        found.append("the map in ARCHITECTURE.md is not what the front pages say: --fix redraws it")
    if with_floors(before, project.root) != before:
        found.append(
            "the floors in ARCHITECTURE.md are not what the code imports: --fix redraws them"
        )
    return found


def with_map(page: str, project: "Project") -> str:
    """Returns the page with a fresh map between its markers; a page without markers stays as it is."""
    from amphibus.cli.look.modules import picture

    return _redrawn(page, BEGIN, picture(project), END)


def with_floors(page: str, root: Path) -> str:
    """The page with the picture of the runtime's packages drawn anew, where the project holds the runtime."""
    from amphibus.cli.check.floors import floors_picture

    picture = floors_picture(root)
    return page if picture is None else _redrawn(page, FLOORS_BEGIN, picture, FLOORS_END)


def _redrawn(page: str, begin: str, picture: str, end: str) -> str:
    drawn = f"{begin}\n```mermaid\n{picture}\n```\n{end}"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return pattern.sub(lambda _: drawn, page)


def _settings(project: "Project") -> list[str]:
    """Returns the settings under `[modules.<name>]` that no container knows."""
    from amphibus.config.module_settings import problems_of_module
    from amphibus.config.policies import own_settings, problems_of_overrides
    from amphibus.gateway.incoming.mapping import problems_of_incoming

    found: list[str] = []
    settings = options.settings()
    found += problems_of_incoming(settings.incoming_webhooks, project.contracts)
    for name, given in settings.modules.items():
        module = project.modules.get(name)
        if module is None:
            near = did_you_mean(name, project.modules)
            found.append(f"[modules.{name}]: there is no such module{near}")
            continue
        types = [each.contract.contract_type for each in module.routes]
        problems = problems_of_overrides(name, given, types, settings.origin)
        model, own = module.settings, own_settings(settings, name)
        if model is not None:
            problems += problems_of_module(name, model, own, settings.origin)
        elif own:
            found.append(f"[modules.{name}]: this module has no settings")
        found += [f"{each.what}: {each.why}; {each.fix}" for each in problems]
    return found


def _unmigrated(project: "Project") -> list[str]:
    from amphibus.cli.check.migrations import differences

    found: list[str] = []
    for name, module in project.modules.items():
        if module.tables is not None:
            folder = project.root / "modules" / name / "migrations"
            found += [
                f"module {name}: its migrations do not make its models: {each}"
                for each in differences(name, module.tables, folder)
            ]
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
