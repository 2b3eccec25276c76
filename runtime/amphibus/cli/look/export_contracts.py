"""`amphibus contracts export`: what others need to talk to the system: JSON Schema, AsyncAPI, OpenAPI."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import CommandError, check_module, show_json

if TYPE_CHECKING:
    from amphibus.routing.topology import Topology

Format: TypeAlias = Literal["asyncapi", "openapi", "jsonschema"]


def export(
    format_: Annotated[Format, Parameter(help="asyncapi, openapi or jsonschema.")] = "asyncapi",
    /,
    *,
    module: str | None = None,
    to: Path | None = None,
) -> None:
    """Export the contracts in a format that other programs read.

    asyncapi is the whole system or one module: channels, operations, headers, replies, examples.
    openapi is the HTTP API. jsonschema is one schema of the draft 2020-12 for each contract.
    Example: amphibus contracts export asyncapi --module=orders --to=orders.asyncapi.json

    Args:
        module: Only what this module or outside program sends and takes; not for openapi.
        to: Write into this file, or for jsonschema into this folder, instead of printing it.
    """
    from amphibus.routing.topology import build_topology

    project = options.project()
    topology = build_topology(project.modules.values(), project.contracts)
    made = _made(format_, topology, module)
    if to is None:
        show_json(made)
    elif format_ == "jsonschema":
        _write(to, {f"{name}.schema.json": each for name, each in made.items()})
    else:
        _write(to.parent, {to.name: made})


def _made(format_: Format, topology: "Topology", module: str | None) -> dict[str, Any]:
    from amphibus.documents.asyncapi import asyncapi
    from amphibus.documents.operations import operations_of
    from amphibus.documents.schemas import standing_alone
    from amphibus.documents.system import system_of
    from amphibus.gateway.app import routes_of
    from amphibus.gateway.openapi import openapi

    settings = options.settings(mode="distributed")
    if format_ == "openapi":
        if module is not None:
            raise CommandError(
                "the HTTP API is that of the whole system",
                "one gateway serves the routes of all modules",
                "amphibus contracts export openapi",
            )
        return openapi(routes_of(topology), settings.app)
    system = system_of(topology, settings)
    operations = list(operations_of(system))
    known = {each.who for each in operations}
    if module is not None:
        check_module(module, known)
    if format_ == "asyncapi":
        return asyncapi(system, module)
    wanted = {
        each.contract.contract_type: each.contract
        for each in operations
        if module in (None, each.who)
    }
    return {name: standing_alone(each) for name, each in sorted(wanted.items())}


def _write(folder: Path, files: dict[str, dict[str, Any]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"cannot write to {folder}",
            error.strerror or str(error),
            "amphibus contracts export --to=/tmp/contracts",
        ) from None
    for name in files:
        print(folder / name)
