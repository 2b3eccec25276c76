"""Checks that no process stands in a state, or has a deadline, that the code does not know."""

from typing import TYPE_CHECKING

from amphibus.errors import AmphibusError
from amphibus.telemetry.privacy import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amphibus.admin.stores import AdminStore
    from amphibus.module import Module
    from amphibus.routing.project import Project


async def left_behind_in(project: "Project", stores: "Mapping[str, AdminStore]") -> list[str]:
    """Returns what modules would lose of what is in their databases, and what they would say at the start."""
    return [
        f"module {name}: {each}"
        for name, module in project.modules.items()
        if name in stores
        for each in await _left_behind(module, stores[name])
    ]


async def _left_behind(module: "Module", store: "AdminStore") -> list[str]:
    from amphibus.inbox.process_versions import left_behind
    from amphibus.routing.topology import processes_of

    try:
        async with store.reading() as sql:
            lost = [
                each for process in processes_of(module) for each in await left_behind(sql, process)
            ]
    except AmphibusError as error:
        return [error.line]
    except Exception as error:  # noqa: BLE001 - a table that was not migrated yet, say
        return [f"its database cannot be read: {describe(error)}"]
    return [f"{each.what}; declare {each.fix}" for each in lost]
