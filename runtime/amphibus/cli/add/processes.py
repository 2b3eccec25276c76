"""A process that is added to a module: its commands, its events, its table and its deadline."""

from pathlib import Path
from typing import Any

from amphibus.cli.add.fields import Field, fields_of, keyed
from amphibus.cli.add.layout import rendered
from amphibus.cli.add.messages import add_contract, add_test, said_of_event
from amphibus.cli.add.names import checked_contract, pascal, snake, split, words
from amphibus.cli.add.records import add_table
from amphibus.cli.add.site import Site
from amphibus.cli.add.trial import refuse_bad_contracts
from amphibus.cli.output import CommandError, Exit

_STATE = Field("state", "text")


def add_process(typed: str, given: tuple[str, ...]) -> tuple[Site, str]:
    """Plans a process that a command begins, and that another one finishes before its deadline."""
    module, typed_name = split(typed, "process", "Delivery")
    name = pascal(typed_name) if typed_name == snake(typed_name) else typed_name
    site = Site.of(module, typed)
    checked_contract(name, typed, module)
    fields = keyed(fields_of(given, module), typed)
    _free(site, name, fields)
    _add_messages(site, name, fields)
    refuse_bad_contracts(site)
    key, *others = fields
    add_table(site, name, (key, _STATE, *others))
    facts = {"name": name, "function": snake(name), "key": key.name}
    _add_page(site, fields, facts)
    add_test(site, "test_process", module, facts)
    return site, f"POST {_path(site, 'Start', name, key.name)}"


def _free(site: Site, name: str, fields: tuple[Field, ...]) -> None:
    wrong = {
        f"the process {snake(name)} is called like its module": snake(name) == site.module,
        "the field state is the process's own": _STATE.name in {each.name for each in fields},
    }
    for what in (each for each, holds in wrong.items() if holds):
        raise CommandError(what, "nothing was written", "choose another name", Exit.USAGE)


def _add_messages(site: Site, name: str, fields: tuple[Field, ...]) -> None:
    key = fields[0]
    function = snake(name)
    not_there = {f"{function}_not_found": 404, f"{function}_not_started": 409}
    for verb, given, refusals in (("Start", fields, {}), ("Finish", (key,), not_there)):
        _add_command(site, verb, name, given, refusals)
    for ending in ("Started", "Finished", "Expired"):
        event = f"{name}{ending}"
        facts = {"name": event, "fields": (key,), "says": said_of_event(event)}
        add_contract(site, "event", (key,), ("Event",), facts)
    site.publish(*(f"{name}{ending}" for ending in ("Started", "Finished", "Expired")))


def _add_command(
    site: Site, verb: str, name: str, fields: tuple[Field, ...], refusals: dict[str, int]
) -> None:
    asked = " ".join([verb.lower(), "a", *words(name)])
    facts: dict[str, Any] = {
        "name": f"{verb}{name}",
        "answer": f"{verb}{name}Answer",
        "fields": fields,
        "path": _path(site, verb, name, fields[0].name),
        "right": f"{site.module}:{verb.lower()}",
        "summary": asked.capitalize(),
        "says": f"Asks to {asked}.",
        "answered": f"What was asked with {verb}{name} is done.",
        "refusals": refusals,
    }
    add_contract(site, "command", fields, ("Command", "Post", "Value"), facts)


def _path(site: Site, verb: str, name: str, key: str) -> str:
    return site.path("POST", key, verb.lower(), *words(name))


def _add_page(site: Site, fields: tuple[Field, ...], facts: dict[str, Any]) -> None:
    path = Path("modules", site.module, "process.py")
    name, function = facts["name"], facts["function"]
    kept = [f"{each.name}=message.{each.name}" for each in fields]
    kept.insert(1, 'state="started"')
    text = rendered("process", alias=site.module, noun=" ".join(words(name)), kept=kept, **facts)
    site.plan.make(path, text)
    page, _ = site.plan.page(path).alias(site.module)
    site.plan.put(page.with_names(f"modules.{site.module}.models", name))
    for verb in ("Start", "Finish"):
        site.route(f"{site.module}.{verb}{name}", function, path)
