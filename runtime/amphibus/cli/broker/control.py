"""Speaks to a broker by `rabbitmqctl`, the tool that every RabbitMQ has."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

from amphibus.cli.output import CommandError, Exit, typed


class Control:
    """One way to call `rabbitmqctl`: directly, or by `docker compose exec -T rabbitmq rabbitmqctl`."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    def export(self) -> dict[str, Any]:
        """Returns all definitions of the broker, hashes of passwords included.

        Raises:
            CommandError: it cannot be called, or does not reach its broker.
        """
        said = self.run("export_definitions", "-")
        try:
            found = json.loads(said[said.index("{") :])
        except ValueError:
            raise CommandError(
                f"{self._shown()} export_definitions printed no definitions",
                said[:200],
                f"{self._shown()} export_definitions",
            ) from None
        return dict(found)

    def load(self, wanted: dict[str, Any]) -> None:
        """Imports definitions; what is there already stays."""
        # With a path, since rabbitmqctl of RabbitMQ 4.0.5 waits for ever without one.
        self.run("import_definitions", "/dev/stdin", given=json.dumps(wanted))

    def run(self, *arguments: str, given: str = "") -> str:
        """Runs a command with some standard input; returns its output.

        Raises:
            CommandError: it cannot be called, or fails.
        """
        try:
            with _readable(given) as input_:
                outcome = subprocess.run(
                    [*self._command, "-q", *arguments],
                    stdin=input_,
                    capture_output=True,
                    text=True,
                    check=True,
                    env=os.environ | {"LC_ALL": "C.UTF-8"},
                )
        except FileNotFoundError:
            raise CommandError(
                f"there is no {self._command[0]} here",
                "users and rights are made where the broker runs: rabbitmqctl import_definitions FILE",
                "amphibus broker definitions > definitions.json",
                Exit.UNREACHABLE,
            ) from None
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or error.stdout or "").strip().splitlines()
            raise CommandError(
                f"{self._shown()} {arguments[0]} failed",
                "\n       ".join(lines[:6]) or f"exit code {error.returncode}",
                "start the broker, or name it: --rabbitmqctl 'rabbitmqctl -n rabbit@HOST'",
                Exit.UNREACHABLE,
            ) from None
        return outcome.stdout

    def show(self, steps: list[list[str]]) -> None:
        """Prints what would be run."""
        print(typed("\namphibus broker definitions > FILE"))
        print(f"{self._shown()} import_definitions FILE")
        for step in steps:
            print(f"{self._shown()} {shlex.join(step)}")

    def _shown(self) -> str:
        return shlex.join(self._command)


@contextmanager
def _readable(text: str) -> Iterator[IO[str]]:
    """Opens a nameless file with a text in it: only a process that is given it can open it again.

    Debian's `rabbitmqctl` does that as another user.
    """
    with TemporaryFile("w+", encoding="utf-8") as file:
        file.write(text)
        file.seek(0)
        os.fchmod(file.fileno(), 0o444)
        yield file
