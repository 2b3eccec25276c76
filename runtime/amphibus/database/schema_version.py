"""Whether a database's runtime tables are ones that this version can work with."""

from collections.abc import Mapping

from amphibus.database.tables import SCHEMA_VERSION
from amphibus.errors import NewerStore, StoreError


def check_facts(facts: Mapping[str, str], module: str, where: str) -> None:
    """Checks what a database says of itself.

    Raises:
        StoreError: it belongs to another module.
        NewerStore: a newer version wrote it.
    """
    if facts["module"] != module:
        raise StoreError(
            f"{where} belongs to module {facts['module']}",
            "one database belongs to one module",
            "choose another folder with --data",
        )
    if int(facts["schema_version"]) > SCHEMA_VERSION:
        raise NewerStore(
            f"{where} was written by a newer version of Amphibus",
            f"its tables have version {facts['schema_version']}, this one knows up to {SCHEMA_VERSION}",
            "install the newer version, or restore a backup: amphibus db restore",
        )
