"""The contracts of this process as others compare them: a digest of all, a fingerprint and a form of each."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pydantic

from amphibus import __version__
from amphibus.config.settings import Settings
from amphibus.contract import Message
from amphibus.evolution.forms.form import digest, form_of
from amphibus.messages.contracts.amphibus.fitting import (
    ContractForms,
    ContractUse,
    ProcessContracts,
)
from amphibus.messages.contracts.amphibus.v1 import ShowForms, TellContracts
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY, Topology

CHECKING = "checking"
WAITING = "waiting"
JOINED = "joined"


class OwnContracts:
    """The contracts of one process. Lives as long as its host."""

    def __init__(
        self, project: Project, topology: Topology, modules: Collection[str], settings: Settings
    ) -> None:
        self._root = project.root
        self.topology = topology
        self.modules = tuple(sorted(modules))
        self._outside = {each for some in settings.producers.values() for each in some.sends}
        self._forms: dict[str, dict[str, Any]] = {}
        self._fingerprints: dict[str, str] = {}
        self.stage = JOINED
        """The stage of the handshake; a process that makes none has joined."""
        self.since = 0

    @cached_property
    def digest(self) -> str:
        """The same for processes whose contracts, senders and receivers are the same; it costs a read of the code."""
        total = hashlib.sha256(f"{__version__} {pydantic.VERSION}".encode())
        total.update(json.dumps(self.topology.as_lock()).encode())
        for name, path in sorted(self._code()):
            total.update(f"{name}\0".encode() + path.read_bytes())
        return total.hexdigest()[:32]

    def _code(self) -> Iterator[tuple[str, Path]]:
        """The files of contracts: those of the project, and those of classes from elsewhere."""
        folder = self._root / "contracts"
        for path in folder.rglob("*.py"):
            if path.is_file():
                yield str(path.relative_to(folder)), path
        for module in {each.__module__ for each in self.topology.contracts.values()}:
            found = getattr(sys.modules.get(module), "__file__", None)
            if found is not None and not Path(found).is_relative_to(folder):
                yield module, Path(found)

    def contract(self, type_: str) -> type[Message] | None:
        """Returns the class of a type, where there is one here."""
        return self.topology.contracts.get(type_)

    def form(self, type_: str) -> dict[str, Any] | None:
        """Returns the form of a contract; what is costly about it is done once."""
        contract = self.contract(type_)
        if contract is not None and type_ not in self._forms:
            self._forms[type_] = form_of(contract)
        return self._forms.get(type_)

    def fingerprint(self, type_: str) -> str:
        """Returns the digest of a contract's form; empty where there is no such contract."""
        if type_ not in self._fingerprints:
            form = self.form(type_)
            self._fingerprints[type_] = "" if form is None else digest(form)
        return self._fingerprints[type_]

    @cached_property
    def uses(self) -> tuple[ContractUse, ...]:
        """The contracts that the modules here write and take."""
        return tuple(each for name in self.modules for each in self._of_module(name))

    def _of_module(self, module: str) -> Iterator[ContractUse]:
        topology = self.topology
        for type_ in self._sent(module):
            owner = topology.owners.get(type_)
            yield self._use(module, type_, to=() if owner is None else (owner,))
        for type_ in topology.publishes.get(module, ()):
            yield self._use(module, type_, to=topology.subscribers.get(type_, ()))
        taken = [type_ for type_, owner in topology.owners.items() if owner == module]
        taken += [type_ for type_, who in topology.subscribers.items() if module in who]
        for type_ in sorted(taken):
            yield ContractUse(
                module=module, type=type_, fingerprint=self.fingerprint(type_), writes=False
            )

    def _sent(self, module: str) -> Iterator[str]:
        """Yields the types that a module sends; of the gateway, those that can come from outside."""
        for type_ in self.topology.sends.get(module, ()):
            contract = self.contract(type_)
            routed = contract is not None and contract.contract_http is not None
            if module != GATEWAY or routed or type_ in self._outside:
                yield type_

    def _use(self, module: str, type_: str, *, to: tuple[str, ...]) -> ContractUse:
        return ContractUse(
            module=module, type=type_, fingerprint=self.fingerprint(type_), writes=True, to=to
        )

    async def tell(self, asked: TellContracts) -> ProcessContracts:
        """Answers a process that starts."""
        same = asked.known == self.digest
        return ProcessContracts(
            digest=self.digest,
            stage=self.stage,
            since=self.since,
            version=__version__,
            modules=self.modules,
            uses=() if same else await asyncio.to_thread(lambda: self.uses),
        )

    async def show(self, asked: ShowForms) -> ContractForms:
        """Answers a process that has other contracts."""
        found = await asyncio.to_thread(lambda: [self.form(each) for each in asked.types])
        return ContractForms(forms=tuple(json.dumps(each) for each in found if each is not None))
