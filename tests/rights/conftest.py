"""A broker of the tests' own, brought to what the shop's front pages say."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.architecture.tree import ROOT
from tests.services.rabbitmq import RabbitNode, scripts
from tests.services.warm import warm_process

PREFIX = "shop.dev."


@dataclass
class Guarded:
    """A node whose users are those of the shop."""

    node: RabbitNode
    passwords: Path

    def url(self, name: str) -> str:
        """Where the user of a module, or of a program outside, connects to."""
        return f"amqp://{PREFIX}{name}:{quote(self.password(name))}@127.0.0.1:{self.node.port}/"

    def password(self, name: str) -> str:
        """What `apply` made up for it."""
        return str(json.loads(self.passwords.read_text())[PREFIX + name])

    def load(self, definitions: dict[str, Any]) -> None:
        """Brings definitions into the broker, past `amphibus broker`."""
        path = self.passwords.with_name("definitions.json")
        path.write_text(json.dumps(definitions))
        self.node.ctl("import_definitions", str(path))

    def broker(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs `amphibus broker …` against the node."""
        reached = () if "definitions" in arguments else ("--rabbitmqctl", self._rabbitmqctl)
        return warm_process().run(
            ("broker", *arguments, *reached, "--users", str(self.passwords)),
            cwd=ROOT,
            environ=self.node._environment,
        )

    @property
    def _rabbitmqctl(self) -> str:
        return shlex.join([str(self.node._scripts / "rabbitmqctl"), "-n", self.node._name])


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The node, after `amphibus broker apply`."""
    node = RabbitNode(scripts())
    try:
        node.start()
        found = Guarded(node, tmp_path_factory.mktemp("rights") / "users.json")
        outcome = found.broker("apply")
        assert outcome.returncode == 0, outcome.stderr + outcome.stdout
        yield found
    finally:
        node.destroy()
