"""Who may know whom, where the import rules in pyproject.toml cannot say it."""

import importlib
import sys
from functools import cache
from importlib.util import find_spec

import grimp
import pytest

from amphibus import Module
from tests.architecture.tree import ROOT

FRONT_DOORS = ("amphibus", "amphibus.contract")
AMQP = {"aio_pika", "aiormq", "faststream", "pamqp"}


def test_contracts_import_the_standard_library_pydantic_and_amphibus_contract_alone() -> None:
    """They are what other teams copy or install; whatever they need, everyone needs."""
    foreign = {
        f"{contracts} -> {imported}"
        for contracts in _below("contracts")
        for imported in _graph().find_modules_directly_imported_by(contracts)
        if imported not in {"amphibus.contract", "pydantic"}
        and not imported.startswith("contracts")
        and imported not in sys.stdlib_module_names
    }

    assert foreign == set()


def test_amphibus_contract_imports_nothing_else_of_amphibus() -> None:
    """A producer outside gets it with Pydantic and no more."""
    foreign = {
        f"{part} -> {imported}"
        for part in _below("amphibus.contract")
        for imported in _graph().find_modules_directly_imported_by(part)
        if imported.startswith("amphibus") and not imported.startswith("amphibus.contract")
    }

    assert foreign == set()


def test_only_the_rabbitmq_transport_knows_amqp() -> None:
    """One file is replaced when the client library changes. A router for FastStream is what its name says."""
    knowing = {
        importer
        for package in AMQP & _graph().modules
        for importer in _graph().find_modules_that_directly_import(package)
    }

    assert {name for name in knowing if "rabbitmq" not in name} <= {
        "amphibus.integrations.faststream"
    }


def test_modules_and_contracts_import_nothing_by_name() -> None:
    """An import that is computed escapes every rule."""
    if "importlib" in _graph().modules:
        importers = _graph().find_modules_that_directly_import("importlib")

        assert {name for name in importers if not name.startswith("amphibus")} == set()


@pytest.mark.parametrize("folder", ["amphibus", "contracts", "modules", "tests"])
def test_no_installed_package_shadows_a_folder_of_ours(folder: str) -> None:
    """Some packages install a `tests` of their own beside themselves."""
    spec = find_spec(folder)

    assert spec is not None
    assert spec.origin is not None
    assert spec.origin.startswith(str(ROOT))


@pytest.mark.parametrize("door", FRONT_DOORS)
def test_a_front_door_lists_what_it_offers(door: str) -> None:
    """What is not listed is nobody's promise."""
    page = importlib.import_module(door)

    assert [name for name in page.__all__ if not hasattr(page, name)] == []


def test_every_module_has_a_front_page_and_is_called_like_its_folder() -> None:
    """The folder is what people see, the name is what goes over the wire."""
    folders = sorted(path.parent.name for path in (ROOT / "modules").glob("*/__init__.py"))
    pages = [importlib.import_module(f"modules.{folder}.module").module for folder in folders]

    assert [page for page in pages if not isinstance(page, Module)] == []
    assert [page.name for page in pages] == folders
    assert folders != []


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "amphibus", "contracts", "modules", include_external_packages=True, cache_dir=None
    )


def _below(package: str) -> set[str]:
    return {package} | _graph().find_descendants(package)
