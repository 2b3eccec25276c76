"""Imports over the borders of modules are refused; those that are there already are noted once, and only go."""

import json
from pathlib import Path

import pytest

from amphibus.cli.check.borders import (
    BASELINE,
    begin_baseline,
    crossings,
    problems_of_borders,
    shrink_baseline,
)
from amphibus.errors import ConfigError
from tests.architecture.tree import ROOT
from tests.console.conftest import Console

HANDLERS = "modules/orders/handlers.py"


def project(root: Path, **files: str) -> Path:
    """A project of an application that is on its way to modules."""
    for name in ("app", "config", "modules/orders", "modules/stock", "contracts/orders"):
        (root / name).mkdir(parents=True)
    (root / "app/__init__.py").touch()
    for name, text in files.items():
        write(root, name.replace("__", "/") + ".py", text)
    return root


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("path", "code", "imported"),
    [
        (HANDLERS, "from modules.stock.models import Stock", "modules.stock.models"),
        (HANDLERS, "from modules import stock", "modules.stock"),
        (HANDLERS, "from ..stock import models", "modules.stock"),
        (HANDLERS, "def f():\n    import modules.stock.models", "modules.stock.models"),
        (HANDLERS, "importlib.import_module('modules.stock')", "modules.stock"),
        (HANDLERS, "from app.db import session", "app.db"),
        ("contracts/orders/v1.py", "from modules.orders import models", "modules.orders"),
        ("contracts/orders/v1.py", "from contracts.stock import v1", "contracts.stock"),
        ("app/views.py", "from modules.orders.models import Order", "modules.orders.models"),
    ],
)
def test_an_import_over_a_border_is_told_with_its_place(
    tmp_path: Path, path: str, code: str, imported: str
) -> None:
    root = project(tmp_path)
    write(root, path, f"{code}\n")

    (problem,) = problems_of_borders(root)
    assert problem.startswith(f"{path}:{code.count(chr(10)) + 1} imports {imported}: ")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (HANDLERS, "from modules.orders.models import Order\nfrom .models import Order"),
        (HANDLERS, "from contracts.stock import v1\nimport amphibus, json, sqlmodel"),
        ("contracts/orders/v1.py", "from contracts.orders import v2\nfrom contracts import orders"),
        ("app/views.py", "from contracts.orders import v1\nimport app.db, modules"),
        (HANDLERS, "this is no Python"),
    ],
)
def test_what_a_file_may_import_is_no_problem(tmp_path: Path, path: str, code: str) -> None:
    root = project(tmp_path)
    write(root, path, code)

    assert problems_of_borders(root) == []


def test_a_baseline_holds_what_is_there_and_nothing_new(tmp_path: Path) -> None:
    root = project(tmp_path)
    write(root, HANDLERS, "from modules.stock import models\n")
    assert begin_baseline(root)
    assert problems_of_borders(root) == []

    write(root, HANDLERS, "\n\nfrom modules.stock import models\nfrom modules.stock import x\n")
    assert problems_of_borders(root) == []  # the same border, in other lines
    write(root, HANDLERS, "from modules.stock.models import Stock\n")
    new, gone = problems_of_borders(root)
    assert new.startswith(f"{HANDLERS}:1 imports modules.stock.models: ")
    assert gone == f"{BASELINE} lists 1 import too many: --fix takes out what is gone"


def test_a_baseline_only_shrinks_whoever_writes_it(tmp_path: Path) -> None:
    root = project(tmp_path)
    write(root, HANDLERS, "from modules.stock import models\nfrom app.db import x\n")
    begin_baseline(root)
    write(root, HANDLERS, "from app.db import x\nfrom app.mail import y\n")

    assert begin_baseline(root)
    assert json.loads((root / BASELINE).read_text()) == {"imports": {HANDLERS: ["app.db"]}}
    assert len(problems_of_borders(root)) == 1
    write(root, HANDLERS, "")
    assert shrink_baseline(root)
    assert not (root / BASELINE).exists()
    assert not shrink_baseline(root)


@pytest.mark.parametrize("text", ["", "[]", '{"imports": 7}', "<<<<<<< HEAD"])
def test_a_baseline_that_cannot_be_read_is_no_leave_for_everything(
    tmp_path: Path, text: str
) -> None:
    root = project(tmp_path)
    (root / BASELINE).write_text(text)

    with pytest.raises(ConfigError, match=r"borders\.lock\.json cannot be read"):
        problems_of_borders(root)


def test_the_shop_keeps_its_borders() -> None:
    assert crossings(ROOT) == []


@pytest.mark.full
def test_check_notes_a_baseline_and_fix_shrinks_it(console: Console) -> None:
    handlers = console.root / "modules/till/module.py"
    before = handlers.read_text()
    console("check", "--fix")
    handlers.write_text("from modules.shelf import module as _\n\n" + before)

    assert "modules/till/module.py:1 imports modules.shelf" in console("check").out
    noted = console("check", "--baseline")
    assert noted.out == (
        "wrote  config/borders.lock.json\n"
        "ok  3 modules, 3 contracts, 1 import over borders left to take away\n"
    )
    handlers.write_text(before)
    assert console("check").code == 3
    assert console("check", "--fix").out.startswith("wrote  config/borders.lock.json\n")
    assert console("check").out == "ok  3 modules, 3 contracts\n"
