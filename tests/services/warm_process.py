"""A process that has loaded the command line, and becomes a command each time it is asked: `python -m … SOCKET`.

It ends when its standard input does.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from amphibus.cli.commands import COMMANDS, GROUPS

_BEFORE: Final = (
    "amphibus.cli.main",
    *(f"amphibus.cli.{target.partition(':')[0]}" for _, target, _ in COMMANDS),
    *(
        f"amphibus.cli.{target.partition(':')[0]}"
        for _, _, commands in GROUPS
        for _, target, _ in commands
    ),
    # What only `run` loads, and only when it needs it.
    "amphibus.cli.broker.start",
    "amphibus.host.serve",
    "amphibus.gateway.app",
    "amphibus.console.console",
    "amphibus.database.sqlite.store",
    "amphibus.database.postgres.store",
    "amphibus.transports.memory",
    "amphibus.transports.direct.choice",
    "amphibus.transports.rabbitmq.transport",
    "amphibus.transports.rabbitmq.probe",
    "cyclopts.help",
    "pydantic_settings",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.off",
    "uvicorn.supervisors",
    "uvloop",
    "yaml",
)


def main() -> None:
    """Serves until nobody wants it any more; in a process of its own, runs a command."""
    for name in _BEFORE:
        import_module(name)
    gc.collect()
    gc.freeze()  # what is never collected stays in memory that all of them share
    command = _asked(sys.argv[1])
    if command is not None:
        command()


def _asked(path: str) -> Callable[[], None] | None:
    """Returns what a new process has to do, or None in the old one, at its end."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            ready, _, _ = select.select((listener, sys.stdin), (), ())
            if sys.stdin in ready:
                return None
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    return _attended(connection)


def _attended(connection: socket.socket) -> Callable[[], None]:
    """Returns in the process that is to be the command; the other tells how that ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, outputs, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    while not text.endswith(b"\n"):
        text += connection.recv(1 << 16)
    request = json.loads(text)
    child = os.fork()
    if child == 0:
        connection.close()
        return _become(request, outputs)
    for each in outputs:
        os.close(each)
    connection.sendall(b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(request: dict[str, Any], outputs: list[int]) -> Callable[[], None]:
    """Makes of this process what a new one would be; returns what that does."""
    for number, descriptor in enumerate(outputs):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        for number, mode in enumerate(("r", "w", "w"))
    )
    from amphibus.cli import __file__ as package
    from amphibus.cli import door

    sys.argv = [str(Path(package).with_name("__main__.py")), *request["words"]]
    more = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [request["cwd"], *(each for each in more if each)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # a project has its own
    return door.main


if __name__ == "__main__":
    main()
