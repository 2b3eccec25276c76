"""Expressions of Erlang in a node that runs, without the second that an interpreter of its own takes to start."""

import shutil
import subprocess
from collections.abc import Mapping


def evaluate(expression: str, node: str, cookie: str, environment: Mapping[str, str]) -> bool:
    """Evaluates one; returns False where the small program is not installed that does it.

    Raises:
        CalledProcessError: the node does not answer, or the expression fails.
    """
    program = shutil.which("erl_call")
    if program is None:
        return False
    said = subprocess.run(
        [program, "-sname", node, "-c", cookie, "-e"],
        env=environment,
        input=f"{expression}\n",
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if not said.startswith("{ok,"):
        raise subprocess.CalledProcessError(1, program, said)
    return True
