"""The shop's contracts with some of their text changed, as a programmer would change it."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Final

from amphibus.contract import Message
from amphibus.evolution.assessment import assess
from amphibus.evolution.findings import Finding
from amphibus.evolution.forms.form import form_of
from amphibus.evolution.proof.sides import Classes
from amphibus.evolution.proof.trials import with_documents
from tests.architecture.tree import ROOT

Change = tuple[str, str]
Contracts = dict[str, type[Message]]
MODULES: Final = ("catalog", "inventory", "notifications", "orders", "payments", "reporting")


def released(module: str) -> Contracts:
    """The contracts of a module as they are."""
    return _contracts(vars(importlib.import_module(f"contracts.{module}.v1")))


def changed(module: str, folder: Path, *changes: Change) -> Contracts:
    """The contracts of a module after each text was replaced once by another."""
    text = (ROOT / f"contracts/{module}/v1.py").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / f"{module}_v1.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(f"contracts.{module}.v1", path)
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    # Pydantic looks for the names of an annotation in the module that is registered under its name.
    before = importlib.import_module(spec.name)
    sys.modules[spec.name] = page
    try:
        spec.loader.exec_module(page)
        contracts = _contracts(vars(page))
        for each in contracts.values():
            each.model_rebuild(force=True)
            answer = each.answer_type()
            if answer is not None:
                answer.model_rebuild(force=True)
    finally:
        sys.modules[spec.name] = before
    return contracts


def findings(old: Contracts, new: Contracts) -> list[Finding]:
    """Every finding about contracts that both have, with documents that both versions' classes were asked about."""
    found = [
        each
        for type_, contract in old.items()
        if type_ in new
        for each in assess(form_of(contract), form_of(new[type_]))
    ]
    return with_documents(found, Classes(old), Classes(new))


def _contracts(page: dict[str, object]) -> Contracts:
    return {
        each.contract_type: each
        for each in page.values()
        if isinstance(each, type)
        and issubclass(each, Message)
        and each.__module__ == page["__name__"]
        and each.contract_type
    }
