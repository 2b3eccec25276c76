"""`./run` finds the environment that it needs, or makes it; with stand-ins for uv and Python."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from setup_pip import pinned
from tests.architecture.tree import ROOT

# What the scripts need of the system. Nothing else is on PATH: no real uv, Python or apt.
TOOLS = ("cat", "chmod", "cksum", "dirname", "grep", "id", "ln", "mkdir", "readlink", "rm", "tail")

UV = """#!/bin/sh
[ "$1" = --version ] && exit
echo "uv $*" >>"$LOG"
[ "$1" = pip ] || make_environment "$UV_PROJECT_ENVIRONMENT"
"""
PYTHON = """#!/bin/sh
case $1 in
-c) ;;
-V) echo "Python 3.13.1" ;;
*) echo "python $*" >>"$LOG" ;;
esac
if [ "${2:-}" = venv ]; then
    for folder; do :; done
    make_environment "$folder"
fi
"""
WITHOUT_PIP = PYTHON.replace("-c) ;;", "-c) case $2 in *ensurepip*) exit 1 ;; esac ;;")
ENVIRONMENT = """#!/bin/sh
mkdir -p "$1/bin"
cat "$STAND_INS/python" >"$1/bin/python"
echo "#!/bin/sh\n# $1/bin/python\necho" '"$@"' >"$1/bin/amphibus"
chmod +x "$1/bin/python" "$1/bin/amphibus"
"""
BROKEN = "#!/bin/sh\nexit 2\n"


class Machine:
    """A project folder with the scripts, and a PATH with only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "a shop"
        (self.project / "runtime").mkdir(parents=True)
        for name in ("run", "setup.sh", "uv.lock", "requirements.lock", "runtime/pyproject.toml"):
            shutil.copy(ROOT / name, self.project / name)
        (folder / "bin").mkdir()
        for tool in TOOLS:
            (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
        (folder / "python").write_text(PYTHON)
        self.install("make_environment", ENVIRONMENT)

    def install(self, name: str, script: str) -> None:
        """Puts a program on PATH."""
        program = self.folder / "bin" / name
        program.write_text(script)
        program.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Types `./run ...`."""
        environment = {
            "PATH": str(self.folder / "bin"),
            "HOME": "/nonexistent",
            "LOG": str(self.folder / "log"),
            "STAND_INS": str(self.folder),
        }
        return subprocess.run(
            [self.project / "run", *arguments],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def steps(self) -> list[str]:
        """What was done to set up since this was last asked."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with nothing on it."""
    return Machine(tmp_path)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a server of the files in a folder."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], "run"),
        (["--mode=monolith"], "run --mode=monolith"),
        (["demo", "--outage"], "demo --outage"),
    ],
)
def test_run_means_amphibus_run_unless_it_names_a_command(
    typed: list[str], meant: str, machine: Machine
) -> None:
    """Both `./run --mode=monolith` and `./run demo` are what people type."""
    machine.install("uv", UV)

    assert machine.run(*typed).stdout.strip() == meant


def test_uv_takes_the_lock_as_it_is(machine: Machine) -> None:
    """Without `--frozen`, uv would write the address of a configured index into uv.lock."""
    machine.install("uv", UV)
    machine.run()

    sync, install = machine.steps()
    assert sync.startswith("uv sync --frozen ")
    assert install.endswith("--no-deps --no-build-isolation --editable runtime")


def test_a_second_start_sets_nothing_up(machine: Machine) -> None:
    """Whoever types `./run` often must not wait for what is already there."""
    machine.install("uv", UV)
    machine.run()
    machine.steps()

    assert machine.run("version").stderr == ""
    assert machine.steps() == []


def test_a_changed_lock_is_set_up_again(machine: Machine) -> None:
    """After a `git pull` the environment is that of the new commit."""
    machine.install("uv", UV)
    machine.run()
    machine.steps()
    (machine.project / "uv.lock").write_text("changed")
    machine.run()

    assert len(machine.steps()) == 2


def test_an_environment_that_was_moved_is_made_anew(machine: Machine) -> None:
    """Its scripts hold the path where it was."""
    machine.install("uv", UV)
    machine.run()
    machine.project = machine.project.rename(machine.folder / "another shop")
    (machine.project / ".venv/stale").touch()
    machine.run()

    assert not (machine.project / ".venv/stale").exists()


def test_without_uv_pip_installs_by_hash(machine: Machine) -> None:
    """pip cannot read uv.lock; requirements.lock pins the same."""
    machine.install("python3", PYTHON)
    outcome = machine.run("demo")

    create, requirements, ours = machine.steps()
    assert create.startswith("python -m venv --clear ")
    assert "--require-hashes --requirement" in requirements
    assert "--no-deps --no-build-isolation --editable" in ours
    assert outcome.stdout.strip() == "demo"


def test_where_python_has_come_without_pip_it_is_fetched(machine: Machine) -> None:
    """As on a bare Debian, where only an administrator could install what is missing."""
    (machine.folder / "python").write_text(WITHOUT_PIP)
    machine.install("python3", WITHOUT_PIP)
    outcome = machine.run("demo")

    create, fetch, *installs = machine.steps()
    assert create.startswith("python -m venv --clear --without-pip ")
    assert fetch == f"python {machine.project}/setup_pip.py"
    assert len(installs) == 2
    assert outcome.stdout.strip() == "demo"


def test_the_pip_that_is_fetched_is_the_one_of_the_lock() -> None:
    """Whoever the file comes from: its hash is known."""
    lock = (ROOT / "requirements.lock").read_text()
    version, hashes = pinned(lock)

    assert f"\npip=={version} " in lock
    assert len(hashes) == 2


def test_another_file_under_the_name_of_pip_is_not_run(tmp_path: Path) -> None:
    version, _ = pinned((ROOT / "requirements.lock").read_text())
    wheel = f"pip-{version}-py3-none-any.whl"
    index = tmp_path / "pip" / "index.html"
    index.parent.mkdir()
    index.write_text(f'<a href="../{wheel}#sha256=abc">{wheel}</a>')
    (tmp_path / wheel).write_text("raise SystemExit('run')")
    with serving(tmp_path) as address:
        outcome = subprocess.run(
            [sys.executable, ROOT / "setup_pip.py"],
            env={"PIP_INDEX_URL": address},
            capture_output=True,
            text=True,
            check=False,
        )

    assert outcome.returncode == 1
    assert outcome.stderr.strip().endswith("is not the file that requirements.lock names")


def test_where_uv_fails_pip_takes_over(machine: Machine) -> None:
    """A uv that is too old for the lock, or that cannot reach its index, is no reason to stop."""
    machine.install("uv", '#!/bin/sh\n[ "$1" = --version ]\n')
    machine.install("python3", PYTHON)

    assert machine.run("demo").stdout.strip() == "demo"


def test_a_name_that_does_not_run_is_no_python(machine: Machine) -> None:
    """Version managers put names on PATH that only say that nothing is behind them."""
    machine.install("python3.13", BROKEN)
    machine.install("python3.12", PYTHON)

    assert "with python3.12" in machine.run().stderr


def test_where_nothing_can_be_done_it_says_what_to_do(machine: Machine) -> None:
    """An error says what, why, and what to type."""
    outcome = machine.run()

    assert outcome.returncode == 1
    assert "needs Python 3.11 or newer (found: none)" in outcome.stderr
    assert "Install Python 3.13 or uv" in outcome.stderr
    assert not (machine.project / ".venv.lock").is_symlink()


def test_a_set_up_that_was_killed_blocks_nobody(machine: Machine) -> None:
    """The lock names a process, and that is no more."""
    machine.install("uv", UV)
    (machine.project / ".venv.lock").symlink_to("999999999")

    assert machine.run("demo").stdout.strip() == "demo"
