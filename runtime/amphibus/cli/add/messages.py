"""Commands, events and queries that are added to a module, each with its handler and its test."""

import inspect
from typing import Any

from amphibus.cli.add.fields import Field, fields_of, keyed
from amphibus.cli.add.layout import fit, rendered
from amphibus.cli.add.names import (
    checked_contract,
    checked_function,
    pascal,
    singular,
    snake,
    split,
    words,
)
from amphibus.cli.add.page import Page
from amphibus.cli.add.records import Record, best, first_table, records_of
from amphibus.cli.add.site import Site, absent
from amphibus.cli.add.trial import refuse_bad_contracts
from amphibus.cli.output import CommandError, Exit, unknown
from amphibus.contract import Message, kind_of
from amphibus.routing.personal_data import unsaid

_KEEPS = "Keeps what was asked; asked again, the last time counts."
"""The docstring of a generated handler: what it keeps, a query's test may read back."""


def add_command(typed: str, given: tuple[str, ...]) -> tuple[Site, str]:
    """Plans a command with its route, its handler and, where there is none, the module's first table."""
    site, name = _opened(typed, "command", "Ship")
    fields = keyed(fields_of(given, site.module), typed)
    function, key = snake(name), fields[0].name
    record = _record_for(site, name, fields)
    shared = record.shared(fields) if record else ()
    facts: dict[str, Any] = {
        "name": name,
        "fields": fields,
        "answer": f"{name}Answer",
        "function": function,
        "key": key,
        "record": record,
        "shared": shared,
        "kept": [f"{each.name}=message.{each.name}" for each in (fields[0], *shared)],
        "path": site.path("POST", key, *words(name)),
        "right": f"{site.module}:{'-'.join(words(name))}",
        "summary": " ".join(words(name)).capitalize(),
        "says": f"Asks to {' '.join(words(name))}.",
        "answered": f"What was asked with {name} is done.",
        "refusals": {},
    }
    _add_contract(site, "command", fields, ("Command", "Post", "Value"), facts)
    add_handler_to(site, "handle_command", f"{site.module}.{name}", facts, ["Context"])
    add_test(site, "test_command", site.module, facts)
    return site, f"POST {facts['path']}"


def add_event(typed: str, given: tuple[str, ...]) -> tuple[Site, str]:
    """Plans an event, which the front page publishes."""
    site, name = _opened(typed, "event", "Shipped")
    fields = keyed(fields_of(given, site.module), typed)
    facts: dict[str, Any] = {
        "name": name,
        "fields": fields,
        "function": snake(name),
        "says": said_of_event(name),
    }
    alias = _add_contract(site, "event", fields, ("Event",), facts)
    site.publish(name)
    add_test(site, "test_event", site.module, facts, harness=False)
    values = [f"{each.name}=..." for each in fields]
    return site, fit(f"context.publish({alias}.{name}(", values, "))", -999)


def add_query(typed: str, given: tuple[str, ...]) -> tuple[Site, str]:
    """Plans a query with its route and its handler, which reads the module's table if it can."""
    site, name = _opened(typed, "query", "GetShipment")
    fields = fields_of(given, site.module)
    listing = not fields or words(name)[0] in ("list", "search", "find")
    fields = fields if listing else keyed(fields, typed)
    record = best(records_of(site), "" if listing else fields[0].name, name)
    if listing and record is None:
        raise CommandError(
            f"module {site.module} has no table that {name} could list",
            "a query without a key lists the rows of a table; nothing was written",
            f"amphibus add command {site.module}.Add{pascal(singular(site.module))} {singular(site.module)}_id:uuid",
        )
    facts = _facts_of_query(site, name, fields, record, listing=listing)
    used = record.fields if record else fields
    _add_contract(site, "query", (*fields, *used), ("Get", "Query", "Value"), facts)
    add_handler_to(site, "handle_query", f"{site.module}.{name}", facts, _imported_for(facts))
    add_test(site, "test_query", site.module, facts)
    return site, f"GET {facts['path']}"


def add_handler(typed: str, contract: str) -> tuple[Site, str]:
    """Plans a subscription: a handler for an event of another module."""
    module, function = split(typed, "handler", "prepare")
    site = Site.of(module, typed)
    checked_function(function, typed, f"{module}.{function}_it")
    event = _event(site, contract)
    owner, name = event.contract_owner, event.contract_name
    facts = {"name": name, "function": function}
    page = add_handler_to(site, "handle_event", f"{owner}.{name}", facts, ["Context"])
    site.declare("ignores", *unsaid(site.declared, event))
    add_test(site, "test_handler", owner, facts)
    return site, f"write what it does in {page.path}"


def said_of_event(name: str) -> str:
    """The docstring of an event, such as: The stock was reserved."""
    *thing, last = words(name)
    return f"The {' '.join(thing)} was {last}." if thing else f"It was {last}."


def add_contract(
    site: Site,
    template: str,
    fields: tuple[Field, ...],
    kinds: tuple[str, ...],
    facts: dict[str, Any],
) -> None:
    """Adds a contract's class to its page, with what it imports."""
    page = site.contracts()
    absent(page, *(str(facts[each]) for each in ("name", "answer", "item") if facts.get(each)))
    block = rendered(template, **facts)
    for module, names in _imports(block, fields, kinds):
        page = page.with_names(module, *names)
    site.plan.put(page.with_block(block))
    if template != "event":
        site.declare("purposes", *(each.purpose for each in fields if each.personal))


def add_handler_to(
    site: Site, template: str, contract: str, facts: dict[str, Any], imported: list[str]
) -> Page:
    """Adds a handler to its page, and a row to the routing table."""
    page, alias = site.handlers(facts["function"]).alias(contract.partition(".")[0])
    absent(page, facts["function"])
    page = page.with_names("amphibus", *imported)
    record = facts.get("record")
    if record is not None:
        page = page.with_names(f"modules.{site.module}.models", record.name)
    if facts.get("listing"):
        page = page.with_names("sqlmodel", "col", "select")
    page = page.with_block(rendered(template, alias=alias, **facts))
    site.plan.put(page)
    site.route(contract, facts["function"], page.path)
    return page


def add_test(
    site: Site, template: str, owner: str, facts: dict[str, Any], *, harness: bool = True
) -> None:
    """Adds a test to the module's tests."""
    page, alias = site.tests().alias(owner)

    def example_of(variable: str, name: str, indent: int) -> str:
        head = f"{variable} = {alias}.{name}.model_validate("
        return fit(head, [f"{alias}.{name}.contract_example"], ")", indent)

    block = rendered(template, alias=alias, module=site.module, example_of=example_of, **facts)
    if harness:
        page = page.with_names("pathlib", "Path").with_module("pytest")
        page = page.with_names("amphibus.testing", "Harness")
    if "Refused" in block:
        page = page.with_names("amphibus", "Refused")
    site.plan.put(page.with_block(block))


def _opened(typed: str, kind: str, example: str) -> tuple[Site, str]:
    module, name = split(typed, kind, example)
    site = Site.of(module, typed)
    checked_contract(name, typed, module)
    return site, name


def _add_contract(
    site: Site,
    template: str,
    fields: tuple[Field, ...],
    kinds: tuple[str, ...],
    facts: dict[str, Any],
) -> str:
    add_contract(site, template, fields, kinds, facts)
    refuse_bad_contracts(site)
    return site.plan.page(site.front).alias(site.module)[1]


def _record_for(site: Site, name: str, fields: tuple[Field, ...]) -> Record | None:
    """The table that a command's fields fit into, or the module's first one."""
    if site.declared.tables is None or not site.declared.tables.tables:
        return first_table(site, fields)
    fitting = [each for each in records_of(site) if each.takes(fields)]
    return best(fitting, fields[0].name, name)


def _facts_of_query(
    site: Site, name: str, fields: tuple[Field, ...], record: Record | None, *, listing: bool
) -> dict[str, Any]:
    verb, *rest = words(name)
    thing = pascal("_".join(rest))
    key = record.key if record else fields[0].name
    columns = record.fields if record else fields
    item = f"{thing}Item" if listing else f"{thing}View"
    refusal = f"{snake(record.name)}_not_found" if record and not listing else ""
    feeder = _feeder(site, record) if record else ""
    return {
        "name": name,
        "fields": fields,
        "columns": columns,
        "item": item,
        "one": snake(item),
        "answer": f"{thing}List" if listing else item,
        "listing": listing,
        "function": snake(name),
        "key": key,
        "record": record,
        "refusal": refusal,
        "feeder": feeder,
        "values": [f"{each.name}={'row' if record else 'message'}.{each.name}" for each in columns],
        "path": site.path("GET", "" if listing else key, *rest),
        "right": f"{site.module}:read",
        "summary": f"{verb.capitalize()} {' '.join(rest)}",
        "says": f"{'Lists' if listing else 'Reads one'} {' '.join(rest)}.",
        "shown": f"One {singular(' '.join(rest))}, as others see it.",
        "answered": "The first 200, in the order of their keys.",
        "outcome": "lists_what_is_there"
        if listing
        else ("finds_what_is_there" if feeder else "refuses_what_is_not_there")
        if refusal
        else "is_answered",
    }


def _imported_for(facts: dict[str, Any]) -> list[str]:
    return ["Context", "Refused"] if facts["refusal"] else ["Context"]


def _feeder(site: Site, record: Record) -> str:
    """A command whose generated handler fills the table, or nothing."""
    for row in site.declared.handles:
        code = inspect.getsource(row.handler) if inspect.isfunction(row.handler) else ""
        if _KEEPS in code and f"row = {record.name}(" in code:
            return row.contract.contract_name
    return ""


def _event(site: Site, typed: str) -> type[Message]:
    """An event of another module."""
    events = {
        name.rpartition(".")[0]: each
        for name, each in site.project.contracts.items()
        if kind_of(each) == "event" and each.contract_owner != site.module
    }
    found = events.get(typed) or events.get(typed.rpartition(".v")[0])
    if found is None:
        raise unknown("event of another module", typed, events, "amphibus contracts list")
    taken = {row.contract for row in site.declared.subscribes}
    if found in taken or found.contract_version != 1 or found.contract_example is None:
        why = "it subscribes to it already" if found in taken else "it is no v1 with an example"
        raise CommandError(
            f"module {site.module} gets no handler for {found.contract_type}",
            f"{why}; nothing was written",
            f"${{EDITOR:-vi}} {site.front}",
            Exit.USAGE,
        )
    return found


def _imports(
    block: str, fields: tuple[Field, ...], kinds: tuple[str, ...]
) -> list[tuple[str, list[str]]]:
    borders = {each.type.border for each in fields} - {"int", "bool", "UUID"}
    personal = {"Personal"} if "Personal(" in block else set()
    found = [
        ("typing", ["Annotated"] if "Annotated[" in block else []),
        ("uuid", ["UUID"] if ": UUID" in block or "[UUID" in block else []),
        ("pydantic", ["Field"] if "Field(" in block else []),
        ("amphibus.contract", sorted({*kinds, *borders, *personal})),
    ]
    return [(module, names) for module, names in found if names]
