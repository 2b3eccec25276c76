"""A module that is added to the project."""

from pathlib import Path

from amphibus.cli import options
from amphibus.cli.add.fields import fields_of, keyed
from amphibus.cli.add.layout import rendered
from amphibus.cli.add.messages import add_test
from amphibus.cli.add.names import checked_module
from amphibus.cli.add.plan import Plan
from amphibus.cli.add.records import first_table
from amphibus.cli.add.site import Site
from amphibus.module import Module


def add_module(name: str, given: tuple[str, ...]) -> Site:
    """Plans a module without messages; with fields, it has a table."""
    project = options.project()
    fields = fields_of(given, checked_module(name))
    site = Site(Plan(project.root), project, name)
    folder = Path("modules", name)
    site.plan.make(folder / "__init__.py", rendered("module_init", module=name))
    site.plan.make(site.front, rendered("module", module=name))
    site.contracts()
    project.topology()
    project.modules[name] = Module(name=name)
    if fields:
        first_table(site, keyed(fields, f"the table of {name}"))
    add_test(site, "test_module", name, {})
    return site
