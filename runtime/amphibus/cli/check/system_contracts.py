"""The check of the runtime's own contracts, for the repository that has them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from amphibus.evolution.check import check_contracts
from amphibus.messages.system_requests import SYSTEM_CONTRACTS
from amphibus.routing.project import Project

if TYPE_CHECKING:
    from amphibus.evolution.check import Report

_PLACE = Path("runtime/amphibus/messages")


def of_the_runtime(root: Path) -> "tuple[Project, Report] | None":
    """Returns the system contracts as a project, and what a check of them finds; None where they do not lie."""
    if not (root / _PLACE / "contracts").is_dir():
        return None
    project = Project.declared(root / _PLACE, contracts=SYSTEM_CONTRACTS.values(), modules=())
    today = datetime.now(UTC).date()
    return project, check_contracts(project, {}, today=today, released=True)
