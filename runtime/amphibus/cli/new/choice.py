"""The choices of whoever begins a project, and what follows from them."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from amphibus import __version__
from amphibus.cli.add.names import checked_project, words
from amphibus.cli.new.wheel import own_wheel

_ID: Final = "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"
_ORDERED: Final = {
    "order_id": _ID,
    "item": "lantern",
    "pieces": 2,
    "amount_cents": 2_598,
    "payment_token": "tok_visa",
}
_COMMANDS: Final[dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "minimal": (("notes.WriteNote.v1", {"note_id": _ID, "text": "Buy milk"}),),
    "worker": (("jobs.StartJob.v1", {"job_id": _ID, "text": "to be or not to be"}),),
    "shop": (
        ("inventory.SetStock.v1", {"item": "lantern", "on_hand": 10}),
        ("orders.PlaceOrder.v1", _ORDERED),
    ),
}
_QUERIES: Final = {
    "minimal": ("notes.GetNote.v1", {"note_id": _ID}),
    "worker": ("jobs.GetJob.v1", {"job_id": _ID}),
    "shop": ("orders.GetOrder.v1", {"order_id": _ID}),
}
_FIRST: Final = {"minimal": "notes", "worker": "jobs", "shop": "orders"}
_STORIES: Final = {
    "minimal": "The module `notes` keeps notes: `WriteNote` is its command, `GetNote` its query.",
    "worker": (
        "`jobs` takes a job in, hands it to `workers` and looks after it: its process (`modules/jobs/process.py`)\n"
        "ends when the workers have answered, or after an hour. `workers` does the work: put yours there."
    ),
    "shop": (
        "`orders` takes an order in and leads it on (`modules/orders/process.py`): `inventory` sets its pieces aside,\n"
        "`payments` has a provider hold the money. Where either fails, or nobody answers, what was done is undone.\n"
        "`modules/payments/adapters.py` stands in for a provider of payments: put yours there."
    ),
}


@dataclass(frozen=True)
class Choice:
    """A project that is wanted."""

    folder: Path
    template: str
    postgres: bool = False
    broker: bool = False

    @cached_property
    def target(self) -> Path:
        """The folder of the project."""
        return self.folder.expanduser().absolute()

    @cached_property
    def name(self) -> str:
        """The name of the project.

        Raises:
            CommandError: it cannot be one.
        """
        return checked_project(self.target.name)

    @cached_property
    def wheel(self) -> Path | None:
        """The wheel that this Amphibus was installed from, if there is one on this machine."""
        return own_wheel()

    @property
    def pip(self) -> str:
        """The command by which pip finds Amphibus."""
        return "pip install --find-links wheels" if self.wheel else "pip install"

    @property
    def install(self) -> str:
        """The command that brings what the project needs, and its tests."""
        if self.wheel:
            return 'pip install --find-links wheels --editable ".[dev]"'
        return 'pip install --editable ".[dev]"'

    @property
    def send(self) -> str:
        """A command line that sends the project's first message."""
        lines = (
            f"amphibus send {contract} --data '{json.dumps(payload)}'"
            for contract, payload in _COMMANDS[self.template]
        )
        return " && ".join(lines)

    @property
    def ask(self) -> str:
        """A command line that reads what it did."""
        contract, payload = _QUERIES[self.template]
        return f"amphibus ask {contract} --data '{json.dumps(payload)}'"

    def facts(self) -> dict[str, Any]:
        """The facts that templates tell."""
        major, minor, _ = __version__.split(".", 2)
        chosen = (("postgresql", self.postgres), ("rabbitmq", self.broker))
        return {
            "name": self.name,
            "title": " ".join(words(self.name)).capitalize(),
            "extras": ["server", *(extra for extra, wanted in chosen if wanted)],
            "version": __version__,
            "before": f"{major}.{int(minor) + 1}",
            "postgres": self.postgres,
            "broker": self.broker,
            "wheel": self.wheel is not None,
            "pip": self.pip,
            "install": self.install,
            "run": "amphibus run" + (" --mode=distributed --all" if self.broker else ""),
            "passwords": ", ".join(
                f"{server}_PASSWORD"
                for server, wanted in (("POSTGRES", self.postgres), ("RABBITMQ", self.broker))
                if wanted
            ),
            "first": _FIRST[self.template],
            "send": self.send,
            "ask": self.ask,
            "story": _STORIES[self.template],
        }
