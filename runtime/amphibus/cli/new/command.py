"""`amphibus new`: writes a project, whole or not at all, and says what to type next."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import BOLD, GREEN, paint

Template = Literal["minimal", "worker", "shop"]
Database = Literal["sqlite", "postgresql"]
Broker = Literal["none", "rabbitmq"]


def new(
    name: Path,
    *,
    template: Template = "worker",
    db: Annotated[Database, Parameter(help="What compose.yaml keeps the data in.")] = "sqlite",
    broker: Annotated[Broker, Parameter(help="What the modules may also talk over.")] = "none",
    dry_run: options.DryRun = False,
) -> None:
    """Begin a project: contracts, modules, tests, and all that builds, checks and ships it.

    It runs at once on SQLite files, whatever is chosen; a server and a broker are further ways to run it.
    Example: amphibus new library

    Args:
        name: The new folder; the project is called like it.
        template: minimal has one module; worker has two, and a process that leads from one to the other; shop has
            orders, inventory and payments, and undoes what comes to nothing.
    """
    from amphibus.cli.new.choice import Choice
    from amphibus.cli.new.repository import begin_repository
    from amphibus.cli.new.staging import write

    choice = Choice(name, template, db == "postgresql", broker == "rabbitmq")
    for path in write(choice, dry=dry_run):
        print(f"{paint('would create' if dry_run else 'create ', GREEN)}  {name / path}")
    if not dry_run:
        print(f"{paint('git    ', BOLD)}  {begin_repository(choice.target)}")
        _show_next(name, choice.install, choice.send)


def _show_next(folder: Path, install: str, send: str) -> None:
    lines = (
        ("next", f"cd {shlex.quote(str(folder))} && amphibus run"),
        ("then", f"{send}    # in another terminal, in the same folder"),
        ("tests", f"{install} && ./test"),
    )
    for word, text in lines:
        print(f"{paint(f'{word:7}', BOLD)}  {text}")
