"""`amphibus contracts`: the messages between modules, and their form on the wire."""

import json
from typing import TYPE_CHECKING, Any

from amphibus.cli import options
from amphibus.cli.output import printable, show_columns, show_json, unknown

if TYPE_CHECKING:
    from amphibus.contract import Message
    from amphibus.routing.topology import Topology


def list_contracts(*, as_json: options.AsJson = False) -> None:
    """List every contract with its kind, its key, its route, its receivers, and the day on which it ends.

    Example: amphibus contracts list
    """
    from amphibus.routing.topology import build_topology

    project = options.project()
    topology = build_topology(project.modules.values(), project.contracts)
    rows = [_row(topology, contract) for contract in project.contracts.values()]
    if as_json:
        show_json(rows)
        return
    names = ["type", "kind", "key", "http", "taken_by"]
    if any(row["ends"] for row in rows):
        names.append("ends")
    show_columns(
        [name.replace("_", " ").upper() for name in names],
        [[row[name] or "-" for name in names] for row in rows],
    )


def show(type_: str, *, as_json: options.AsJson = False) -> None:
    """Show one contract on the wire: its fields as JSON Schema, its refusals and an example.

    Example: amphibus contracts show orders.PlaceOrder.v1

    Args:
        type_: The contract's type, such as orders.PlaceOrder.v1.
    """
    from amphibus.evolution.forms.form import form_of, written_in

    project = options.project()
    contract = project.contracts.get(type_)
    if contract is None:
        raise unknown("contract", type_, project.contracts, "amphibus contracts list")
    said = form_of(contract)
    said["payload"] = said["payload"]["taken"]
    said["answer"] = None if said["answer"] is None else written_in(said["answer"])
    if as_json:
        show_json(said)
        return
    says = (contract.__doc__ or "").strip().splitlines()[0]
    print(printable(f"{contract.contract_type}  {says}"))
    if contract.contract_deprecated is not None:
        print(printable(f"It is {contract.contract_deprecated}."))
    print(json.dumps(said, indent=2))


def _row(topology: "Topology", contract: "type[Message]") -> dict[str, Any]:
    from amphibus.contract import kind_of

    http, end = contract.contract_http, contract.contract_deprecated
    return {
        "type": contract.contract_type,
        "kind": kind_of(contract),
        "key": contract.contract_key,
        "http": None if http is None else f"{http.method} {http.path}",
        "taken_by": ", ".join(topology.destinations(contract)),
        "ends": None if end is None else f"{end.sunset}",
    }
