"""The choices of whoever begins a project, and what follows from them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from amphibus import __version__
from amphibus.cli.add.names import checked_project, words
from amphibus.cli.new.wheel import own_wheel

_ID: Final = "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"
_MESSAGES: Final = {
    "minimal": ("notes.WriteNote.v1", "Buy milk", "notes.GetNote.v1", "note_id"),
    "worker": ("jobs.StartJob.v1", "to be or not to be", "jobs.GetJob.v1", "job_id"),
}
_STORIES: Final = {
    "minimal": "The module `notes` keeps notes: `WriteNote` is its command, `GetNote` its query.",
    "worker": (
        "`jobs` takes a job in, hands it to `workers` and looks after it: its process (`modules/jobs/process.py`)\n"
        "ends when the workers have answered, or after an hour. `workers` does the work: put yours there."
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
        contract, text, _, key = _MESSAGES[self.template]
        payload = f'{{"{key}": "{_ID}", "text": "{text}"}}'
        return f"amphibus send {contract} --data '{payload}'"

    @property
    def ask(self) -> str:
        """A command line that reads what it did."""
        _, _, contract, key = _MESSAGES[self.template]
        payload = f'{{"{key}": "{_ID}"}}'
        return f"amphibus ask {contract} --data '{payload}'"

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
            "first": "notes" if self.template == "minimal" else "jobs",
            "send": self.send,
            "ask": self.ask,
            "story": _STORIES[self.template],
        }
