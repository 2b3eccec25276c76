"""A project on disk: the folder that holds `config/amphibus.toml`, its contracts and its modules."""

import importlib
import json
import os
import shlex
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from amphibus.config.root import project_root
from amphibus.config.webhooks import declared_webhooks
from amphibus.contract import Message, kind_of
from amphibus.errors import AmphibusError, DeclarationError
from amphibus.module import Module
from amphibus.routing.lean_import import import_lean
from amphibus.routing.topology import GATEWAY, Topology, build_topology, problems_of_topology
from amphibus.routing.topology_lock import elsewhere, together

LOCK = Path("config/topology.lock.json")


@dataclass(frozen=True)
class Project:
    """The declarations in a project's folders, loaded on demand."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> "Project":
        """Finds the project that `start` lies in; its root is importable afterwards.

        Raises:
            NoProject: neither `start` nor a folder above it holds `config/amphibus.toml`.
        """
        folder = project_root(start)
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        return cls(folder)

    @classmethod
    def declared(
        cls, root: Path, *, contracts: Iterable[type[Message]], modules: Iterable[Module]
    ) -> "Project":
        """Makes a project from given contracts and modules, for a test; its gateway may send every command."""
        project = cls(root)
        project.__dict__["contracts"] = {each.contract_type: each for each in contracts}
        project.__dict__["modules"] = {each.name: each for each in modules}
        project.modules.update(project._webhooks())
        project.modules[GATEWAY] = _gateway_of_tests(project.contracts)
        return project

    @cached_property
    def contracts(self) -> dict[str, type[Message]]:
        """Every contract in `contracts/<module>/v<N>.py`, by its type."""
        found: dict[str, type[Message]] = {}
        for path in sorted(self.root.glob("contracts/*/v[0-9]*.py")):
            page = self._import(f"contracts.{path.parent.name}.{path.stem}")
            found |= {each.contract_type: each for each in _contracts_in(page)}
        return found

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Every `module` in `modules/<name>/module.py`, by its name, the gateway last."""
        import_lean()
        found: dict[str, Module] = {}
        for path in sorted(self.root.glob("modules/*/module.py")):
            name = path.parent.name
            page = self._import(f"modules.{name}.module")
            module = getattr(page, "module", None)
            if not isinstance(module, Module):
                raise DeclarationError([f"modules/{name}/module.py has no `module = Module(...)`"])
            if module.name != name:
                raise DeclarationError(
                    [f"modules/{name}/module.py names itself '{module.name}': name it '{name}'"]
                )
            found[name] = module
        found |= self._webhooks()
        found[GATEWAY] = gateway_module(self.contracts)
        return found

    def _webhooks(self) -> dict[str, Module]:
        if not declared_webhooks(self.root):
            return {}
        from amphibus.webhooks.declared import webhook_modules  # who has none loads nothing of it

        return webhook_modules(self.root, self.contracts)

    def problems(self) -> list[str]:
        """Returns every problem of the declarations."""
        return problems_of_topology(self.modules.values(), self.contracts, self._elsewhere)

    def topology(self) -> Topology:
        """Returns the checked topology of all modules.

        The lock stands in for modules whose code is not here, as in an image that holds one module.

        Raises:
            DeclarationError: the declarations do not fit together, all problems at once.
        """
        problems = self.problems()
        if problems:
            raise DeclarationError(problems)
        here = build_topology(self.modules.values(), self.contracts)
        return here if self._elsewhere is None else together(here, self._elsewhere)

    def last_topology(self) -> Topology:
        """Returns the topology that the lock holds, for front pages that cannot be loaded; empty without a lock."""
        found = elsewhere(self._lock(), (), self.contracts)
        return found or Topology(self.contracts, {}, {})

    def lock_differs(self) -> bool:
        """Returns whether `config/topology.lock.json` differs from the front pages."""
        topology = build_topology(self.modules.values(), self.contracts)
        return bool(self._lock() != topology.as_lock())

    def write_lock(self) -> None:
        """Writes `config/topology.lock.json`: the declarations of the modules that are here, and no others."""
        self.topology()
        lock = build_topology(self.modules.values(), self.contracts).as_lock()
        (self.root / LOCK).write_text(json.dumps(lock, indent=2) + "\n")

    @cached_property
    def _elsewhere(self) -> Topology | None:
        """The declarations of modules that the lock names and whose code is not here."""
        return elsewhere(self._lock(), self.modules, self.contracts)

    def _lock(self) -> Any:
        """Returns the lock's content. An unreadable lock is empty; `amphibus check` reports it as old."""
        try:
            return json.loads((self.root / LOCK).read_text())
        except (OSError, ValueError):
            return None

    def _import(self, name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except DeclarationError as error:
            raise DeclarationError(error.problems, _edited(*self._culprit(error, name))) from error
        except AmphibusError:
            raise
        except Exception as error:
            path, line = self._culprit(error, name)
            where = f"{name.replace('.', '/')}.py"
            said = (
                f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
            )
            raise DeclarationError(
                [f"{where} cannot be imported: {said}, at {path.relative_to(self.root)}:{line}"],
                _edited(path, line),
            ) from error

    def _culprit(self, error: Exception, name: str) -> tuple[Path, int]:
        """The innermost line of the project's own code at which an import failed."""
        page = self.root / f"{name.replace('.', '/')}.py"
        places = [(page, 1)]
        for frame, line in traceback.walk_tb(error.__traceback__):
            places.append((Path(frame.f_code.co_filename), line))
        if isinstance(error, SyntaxError) and error.filename:
            places.append((Path(error.filename), error.lineno or 1))
        ours = [(path, line) for path, line in places if self._is_ours(path)]
        return ours[-1]

    def _is_ours(self, path: Path) -> bool:
        """True if a file is code of the contracts or modules."""
        return any(path.is_relative_to(self.root / each) for each in ("contracts", "modules"))


def _edited(path: Path, line: int) -> str:
    """The command that opens a file at a line, in the editor of whoever types it."""
    return f"${{EDITOR:-vi}} +{line} {shlex.quote(os.path.relpath(path))}"


def gateway_module(contracts: Mapping[str, type[Message]]) -> Module:
    """Returns the gateway's front page: it may send and ask whatever has a route, and nothing else."""
    routed = [each for each in contracts.values() if each.contract_http is not None]
    return Module(
        name=GATEWAY,
        sends=tuple(each for each in routed if kind_of(each) == "command"),
        asks=tuple(each for each in routed if kind_of(each) == "query"),
    )


def _gateway_of_tests(contracts: Mapping[str, type[Message]]) -> Module:
    """The gateway of declared modules: by it a test sends each command, with a route or without."""
    page = gateway_module(contracts)
    commands = tuple(each for each in contracts.values() if kind_of(each) == "command")
    return replace(page, sends=commands)


def _contracts_in(page: ModuleType) -> Iterator[type[Message]]:
    for each in vars(page).values():
        if _is_contract(each) and each.__module__ == page.__name__ and each.contract_type:
            yield each


def _is_contract(each: Any) -> bool:
    return isinstance(each, type) and issubclass(each, Message)
