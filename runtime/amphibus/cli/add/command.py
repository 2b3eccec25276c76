"""`amphibus add`: writes what a maintainer would have written, and says what to type next."""

from pathlib import Path
from typing import TYPE_CHECKING

from amphibus.cli import options
from amphibus.cli.output import BOLD, paint, typed

if TYPE_CHECKING:
    from amphibus.cli.add.site import Site


def module(name: str, *fields: str, dry_run: options.DryRun = False) -> None:
    """Add a module: its contracts, its front page and its tests; with fields also its first table.

    Example: amphibus add module shipping

    Args:
        name: The module's name, in snake_case.
        fields: The columns of its first table, such as order_id:uuid carrier:text; the first is the key.
    """
    from amphibus.cli.add.module import add_module

    site = add_module(name, fields)
    _end(site, _first_command(name), dry=dry_run)


def command(name: str, *fields: str, dry_run: options.DryRun = False) -> None:
    """Add a command to a module, with its route, its handler and a test.

    A module's first command makes its first table. The types of fields are text, long_text, key,
    email, sku, currency, int, decimal, money, bool, date, moment and uuid; note:text? may be missing.
    Example: amphibus add command shipping.Ship order_id:uuid carrier:text

    Args:
        name: The module and the command in PascalCase, such as shipping.Ship.
        fields: Each as name:type; the first is the key, a uuid or text.
    """
    from amphibus.cli.add.messages import add_command

    site, route = add_command(name, fields)
    _end(site, _checked(site), dry=dry_run, route=route)


def event(name: str, *fields: str, dry_run: options.DryRun = False) -> None:
    """Add an event that a module publishes, with a test.

    Example: amphibus add event shipping.Shipped order_id:uuid carrier:text

    Args:
        name: The module and the event in PascalCase, such as shipping.Shipped.
        fields: Each as name:type; the first is the key, a uuid or text.
    """
    from amphibus.cli.add.messages import add_event

    site, line = add_event(name, fields)
    _end(site, _checked(site), dry=dry_run, publish=line)


def query(name: str, *fields: str, dry_run: options.DryRun = False) -> None:
    """Add a query to a module, with its route, its handler and a test.

    Without fields it lists the rows of the module's table.
    Example: amphibus add query shipping.GetShipment order_id:uuid

    Args:
        name: The module and the query in PascalCase, such as shipping.GetShipment.
        fields: Each as name:type; the first is the key, a uuid or text.
    """
    from amphibus.cli.add.messages import add_query

    site, route = add_query(name, fields)
    _end(site, _checked(site), dry=dry_run, route=route)


def handler(name: str, event: str, *, dry_run: options.DryRun = False) -> None:
    """Add a handler for an event of another module, with a test.

    Example: amphibus add handler shipping.prepare orders.OrderConfirmed

    Args:
        name: The module and the handler in snake_case, such as shipping.prepare.
        event: The event that it handles, such as orders.OrderConfirmed.
    """
    from amphibus.cli.add.messages import add_handler

    site, line = add_handler(name, event)
    _end(site, _checked(site), dry=dry_run, then=line)


def process(name: str, *fields: str, dry_run: options.DryRun = False) -> None:
    """Add a process to a module: its commands, events, table and deadline, with tests.

    Example: amphibus add process shipping.Delivery delivery_id:uuid carrier:text

    Args:
        name: The module and the process in PascalCase, such as shipping.Delivery.
        fields: What it begins with, each as name:type; the first is the key, a uuid or text.
    """
    from amphibus.cli.add.processes import add_process

    site, route = add_process(name, fields)
    _end(site, _checked(site), dry=dry_run, route=route)


def _end(site: "Site", following: str, *, dry: bool, **more: str) -> None:
    site.plan.tell(dry=dry)
    if dry:
        return
    site.plan.write()
    for word, text in (*more.items(), ("next", following)):
        print(f"{paint(f'{word:7}', BOLD)}  {typed(text)}")


def _first_command(module: str) -> str:
    from amphibus.cli.add.names import pascal, singular

    one = singular(module)
    return f"amphibus add command {module}.Add{pascal(one)} {one}_id:uuid note:text?"


def _checked(site: "Site") -> str:
    tests = Path("tests/modules", f"test_{site.module}.py")
    runner = "./test" if (site.plan.root / "test").is_file() else "python -m pytest"
    return f"amphibus check --fix && {runner} {tests}"
