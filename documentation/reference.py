"""The reference, read from the code while the site is built: what it says is what the code does."""

import contextlib
import inspect
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_DOORS: Final = (
    *("amphibus", "amphibus.contract", "amphibus.module", "amphibus.process", "amphibus.columns"),
    *("amphibus.testing", "amphibus.pytest_plugin.modes", "amphibus.testing.conformance.transport"),
    *("amphibus.producer", "amphibus.client"),
)
"""The modules that a project may import, and whose names are kept: docs/stability.md."""


def reference(root: Path) -> Iterator[tuple[str, str]]:
    """Yields path and text of each page that follows from the code."""
    yield (
        "reference/commands.md",
        _page("Commands", "Every command, with its options.", _commands()),
    )
    yield "reference/settings.md", _page("Settings", _SETTINGS, _settings())
    yield "reference/messages.md", _page("Messages of the shop", _MESSAGES, _messages(root))
    yield "reference/problems.md", _page("Problems over HTTP", _PROBLEMS, _problems())
    yield (
        "reference/errors.md",
        _page("Errors in Python", "The tree of `amphibus.errors`.", _errors()),
    )
    yield "reference/logs.md", _page("Log lines", _LOGS, _logs())
    yield "reference/metrics.md", _page("Metrics", "What `/metrics` says of a process.", _metrics())
    yield "reference/names.md", _page("Names in Python", _NAMES, _names())


_SETTINGS: Final = (
    "Every setting but those of your modules; `amphibus config explain KEY` says where a value comes from. "
    "What is *hot* changes while processes run: `amphibus config set KEY VALUE`."
)
_MESSAGES: Final = "The contracts of this repository; `amphibus contracts show TYPE` shows one as it is on the wire."
_PROBLEMS: Final = (
    "An error over HTTP is a problem (RFC 9457) whose `type` is `urn:amphibus:problem:` and one of these. "
    "A `refused` one has the `code` of the contract beside it, and the status that the contract gives it."
)
_LOGS: Final = (
    "Every log line, with all the fields that it may carry besides `time`, `level` and its context."
)
_NAMES: Final = "What a project may import; everything else may change without notice."


def undocumented() -> list[str]:
    """The public names without a docstring."""
    return [f"{door}.{name}" for door in _DOORS for name, each in _public(door) if not _said(each)]


def _page(title: str, lead: str, parts: Iterable[str]) -> str:
    return f"# {title}\n\n{lead}\n\n" + "\n".join(parts)


def _commands() -> Iterator[str]:
    from amphibus.cli.commands import COMMANDS, GROUPS

    for name, target, line in COMMANDS:
        yield from _command(name, target, line)
    for group, line, commands in GROUPS:
        yield f"## amphibus {group}\n\n{line}\n"
        for name, target, help_line in commands:
            yield from _command(f"{group} {name}", target, help_line, level="###")


def _command(name: str, target: str, line: str, level: str = "##") -> Iterator[str]:
    from amphibus.cli.description import described

    options = "" if name == "demo" else _options(name)
    yield f"{level} amphibus {name}\n\n```text\n{described(target) or line}\n\n{options}```\n"


def _options(name: str) -> str:
    """What `--help` says after the description."""
    from amphibus.cli.main import application

    printed = io.StringIO()
    os.environ["COLUMNS"] = "100"
    with contextlib.redirect_stdout(printed):
        application()([*name.split(), "--help"], exit_on_error=False)
    text = printed.getvalue()
    begins = re.search(r"^(Parameters|Arguments|Options|Commands):", text, re.MULTILINE)
    return text[begins.start() :].partition("\nExit codes:")[0].strip() + "\n" if begins else ""


def _settings() -> Iterator[str]:
    from amphibus.config.described import described
    from amphibus.config.leaves import leaves
    from amphibus.config.settings import Settings

    rows = []
    for key, leaf in leaves(Settings):
        about = described(key, leaf)
        kind = ", ".join(filter(None, (about.type, about.range, about.unit)))
        default = "" if about.default in (None, "") else f"`{about.default}`"
        rows.append((f"`{key}`", about.meaning, kind, default, "hot" if about.hot else ""))
    yield _table(("setting", "meaning", "is", "default", ""), rows)


def _messages(root: Path) -> Iterator[str]:
    from amphibus.contract import kind_of
    from amphibus.routing.project import Project

    for name, contract in sorted(Project.find(root).contracts.items()):
        if name.startswith("amphibus."):
            continue
        fields = contract.model_json_schema()["properties"]
        needed = contract.model_json_schema().get("required", ())
        rows = [
            (f"`{field}`", _type(schema), "" if field in needed else "optional")
            for field, schema in fields.items()
        ]
        yield f"## {name}\n\nA {kind_of(contract)}. {inspect.getdoc(contract)}\n"
        yield _table(("field", "is", ""), rows) if rows else ""


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each) for each in schema["anyOf"]))
    return str(schema.get("format") or schema.get("type", "value"))


def _problems() -> Iterator[str]:
    from amphibus.gateway.problems import KINDS

    rows = [(f"`{each.name}`", str(each.status), each.title) for each in KINDS]
    yield _table(("type", "status", "title"), rows)


def _errors() -> Iterator[str]:
    from amphibus import errors

    tree = (errors.__doc__ or "").partition("\n\n")[2]
    yield f"```text\n{tree.strip()}\n```\n"
    for name, each in vars(errors).items():
        if inspect.isclass(each) and each.__module__ == errors.__name__:
            yield f"## {name}\n\n```text\n{_said(each)}\n```\n"


def _logs() -> Iterator[str]:
    from amphibus.telemetry.catalogue import CONTEXT, EVENTS

    yield "The context is " + ", ".join(f"`{each}`" for each in CONTEXT) + ".\n"
    rows = [
        (f"`{name}`", event.says, ", ".join(f"`{each}`" for each in sorted(event.fields)))
        for name, event in sorted(EVENTS.items())
    ]
    yield _table(("event", "says", "fields"), rows)


def _metrics() -> Iterator[str]:
    from amphibus.telemetry.metrics import Meters

    found = {each.name: each for each in Meters().registry.collect()}
    rows = [(f"`{name}`", each.type, each.documentation) for name, each in sorted(found.items())]
    yield _table(("metric", "kind", "says"), rows)


def _names() -> Iterator[str]:
    for door in _DOORS:
        yield f"## {door}\n\n{_first(import_module(door))}\n"
        for name, each in _public(door):
            yield f"### {door}.{name}\n\n```text\n{_signature(name, each)}{_said(each)}\n```\n"


def _public(door: str) -> Iterator[tuple[str, Any]]:
    module = import_module(door)
    names: Sequence[str] = getattr(module, "__all__", ()) or [
        name
        for name, each in vars(module).items()
        if not name.startswith("_") and getattr(each, "__module__", None) == door
    ]
    for name in names:
        each = getattr(module, name)
        if inspect.isclass(each) or inspect.isroutine(each):
            yield name, each


def _signature(name: str, each: Any) -> str:
    if inspect.isclass(each) and issubclass(each, BaseException):
        return ""
    try:
        return f"{name}{inspect.signature(each)}\n\n"
    except (TypeError, ValueError):
        return ""


def _said(each: Any) -> str:
    own = each.__dict__.get("__doc__") if inspect.isclass(each) else each.__doc__
    return inspect.cleandoc(own or "")


def _first(module: Any) -> str:
    return str(inspect.cleandoc(module.__doc__ or "")).partition("\n\n")[0].replace("\n", " ")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
