"""A PostgreSQL cluster of the tests' own, on a private port, made in a second and thrown away.

Found installed, else installed with apt when we may.
"""

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amphibus.admin.inspection import on_server
from tests.services.installing import installed
from tests.services.ports import free_ports

SUPERUSER = "amphibus"
_PLACES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/bin")


class PostgresCluster:
    """One server; `start` it, `destroy` it. Other roles than its superuser need their passwords."""

    def __init__(self, programs: Path, *, durable: bool = False) -> None:
        self._programs = programs
        self._settings = "max_connections=300\n"
        if not durable:  # what a test writes need not outlive the machine
            self._settings += "fsync=off\nfull_page_writes=off\n"
        self._folder = Path(tempfile.mkdtemp(prefix="amphibus-postgres-"))
        (self.port,) = free_ports(1)
        # PostgreSQL refuses to run as root; its package made a user for it.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._names = itertools.count(1)

    def url(self, database: str = "postgres") -> str:
        """A database of it, as its superuser."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """The URL of a database that does not exist yet."""
        return self.url(f"fresh{next(self._names)}")

    def start(self) -> None:
        """Returns when it takes connections; makes the cluster at the first time."""
        data = self._folder / "data"
        if not data.exists():
            self._run("initdb", "-D", str(data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "-N")
            with (data / "postgresql.conf").open("a") as settings:
                settings.write(
                    f"listen_addresses='127.0.0.1'\nport={self.port}\nunix_socket_directories=''\n"
                    + self._settings
                )
            (data / "pg_hba.conf").write_text(
                f"host all {SUPERUSER} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            )
        self._run("pg_ctl", "-D", str(data), "-l", str(self._folder / "log"), "-w", "start")

    def stop(self) -> None:
        """Ends it as an operator does who will not wait for clients."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "fast", "-w", "stop")

    def kill(self) -> None:
        """Ends it as a power failure does."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        while Path(f"/proc/{pid}").exists() or _answers(self.port):
            time.sleep(0.01)

    def destroy(self) -> None:
        """Ends it and removes its files."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    async def do(self, what: str) -> None:
        """`start`, `stop` or `kill` it while other things go on."""
        await asyncio.to_thread(getattr(self, what))

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            check=True,
            stdout=subprocess.DEVNULL,
        )


def programs() -> Path:
    """Where PostgreSQL is installed."""
    return installed(_find, "postgresql")


def cluster() -> Iterator[PostgresCluster]:
    """A cluster of our own for as long as the tests run."""
    found = PostgresCluster(programs())
    try:
        found.start()
        yield found
    finally:
        found.destroy()


@contextmanager
def database_in(server: PostgresCluster, like: str = "/template1") -> Iterator[str]:
    """The URL of a database of a cluster, empty or like that of another URL; it is removed in the end."""
    url, copied = server.fresh(), like.rpartition("/")[2]
    name = url.rpartition("/")[2]
    on_server(server.url(), "public", f"CREATE DATABASE {name} TEMPLATE {copied}")
    try:
        yield url
    finally:
        on_server(server.url(), "public", f"DROP DATABASE {name} WITH (FORCE)")


def _find() -> Path | None:
    for place in _PLACES:
        root, _, pattern = place[1:].partition("/")
        for folder in sorted(Path(f"/{root}").glob(pattern), reverse=True):
            if (folder / "initdb").exists():
                return folder
    return None


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True
