"""Applies each defect to a copy of the project and runs the tests that should catch it.

python -m tests.mutants [NAME...] [--jobs N] [--list]
"""
# ruff: noqa: T201 - a command prints

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection
from functools import partial
from itertools import product
from pathlib import Path

from tests.mutants.defect import Defect
from tests.mutants.defects_of_access import ACCESS
from tests.mutants.defects_of_acting import ACTING
from tests.mutants.defects_of_adding import ADDING
from tests.mutants.defects_of_backups import BACKUPS
from tests.mutants.defects_of_border import BORDER
from tests.mutants.defects_of_clients import CLIENTS
from tests.mutants.defects_of_consuming import CONSUMING
from tests.mutants.defects_of_contracts import CONTRACTS
from tests.mutants.defects_of_delivery import DELIVERY
from tests.mutants.defects_of_direct import DIRECT
from tests.mutants.defects_of_growth import GROWTH
from tests.mutants.defects_of_handling import HANDLING
from tests.mutants.defects_of_joining import JOINING
from tests.mutants.defects_of_leases import LEASES
from tests.mutants.defects_of_limits import LIMITS
from tests.mutants.defects_of_misbehaviour import MISBEHAVIOUR
from tests.mutants.defects_of_modes import MODES
from tests.mutants.defects_of_policies import POLICIES
from tests.mutants.defects_of_privacy import PRIVACY
from tests.mutants.defects_of_project_code import PROJECT_CODE
from tests.mutants.defects_of_projects import PROJECTS
from tests.mutants.defects_of_recognition import RECOGNITION
from tests.mutants.defects_of_repeating import REPEATING
from tests.mutants.defects_of_retention import RETENTION
from tests.mutants.defects_of_schedules import SCHEDULES
from tests.mutants.defects_of_settings import SETTINGS
from tests.mutants.defects_of_shop import SHOP
from tests.mutants.defects_of_small_changes import SMALL_CHANGES
from tests.mutants.defects_of_speech import SPEECH
from tests.mutants.defects_of_starting import STARTING
from tests.mutants.defects_of_stores import STORES
from tests.mutants.defects_of_tasks import TASKS
from tests.mutants.defects_of_the_console import CONSOLE
from tests.mutants.defects_of_the_exam import OF_THE_EXAM
from tests.mutants.defects_of_the_fleet import FLEET
from tests.mutants.defects_of_the_handshake import HANDSHAKE
from tests.mutants.defects_of_time import TIME
from tests.mutants.defects_of_tracing import TRACING
from tests.mutants.defects_of_transports import TRANSPORTS
from tests.mutants.defects_of_upgrades import UPGRADES
from tests.mutants.defects_of_values import VALUES
from tests.mutants.defects_of_versions import VERSIONS
from tests.mutants.defects_of_waits import WAITS

ROOT = Path(__file__).resolve().parents[2]
ALL = (
    *BORDER,
    *ACCESS,
    *LEASES,
    *LIMITS,
    *ACTING,
    *ADDING,
    *CLIENTS,
    *CONSOLE,
    *CONTRACTS,
    *SMALL_CHANGES,
    *DELIVERY,
    *DIRECT,
    *HANDLING,
    *MISBEHAVIOUR,
    *MODES,
    *POLICIES,
    *BACKUPS,
    *PRIVACY,
    *PROJECTS,
    *PROJECT_CODE,
    *RECOGNITION,
    *REPEATING,
    *RETENTION,
    *FLEET,
    *GROWTH,
    *HANDSHAKE,
    *SETTINGS,
    *JOINING,
    *SCHEDULES,
    *SHOP,
    *SPEECH,
    *STARTING,
    *STORES,
    *TASKS,
    *TIME,
    *OF_THE_EXAM,
    *CONSUMING,
    *TRACING,
    *TRANSPORTS,
    *UPGRADES,
    *VALUES,
    *VERSIONS,
    *WAITS,
)
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", "__pycache__", "var", "data", "demo", "*.egg-info", ".ci"
)
_SECONDS = 240
_PASSED, _FAILED, _NOT_RUN, _NOT_THE_COPY = 0, 1, 98, 99


class Copy:
    """A copy of the project in a folder of its own; one defect at a time."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.said = ""
        """What pytest said last."""
        shutil.copytree(ROOT, self.root, ignore=_LEFT_OUT)

    def result_with(self, defect: Defect) -> str:
        """`killed`, `survived`, or what went wrong."""
        path = self.root / defect.file
        original = path.read_text()
        path.write_text(original.replace(defect.old, defect.new))
        try:
            code = self.test(defect.tests, broker=defect.broker, named=defect.named)
        finally:
            path.write_text(original)
        known = {
            _PASSED: "survived",
            _FAILED: "killed",
            _NOT_RUN: "its test did not come to run",
            _NOT_THE_COPY: "the copy was not tested",
        }
        return known.get(code, f"pytest ended with {code}")

    def test(self, tests: Collection[str], *, broker: bool = False, named: bool = False) -> int:
        """Runs tests on the copy; the witness makes sure that it is the copy that they import."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=line"]
        command += ["-p", "tests.mutants.witness", "-p", "no:cacheprovider", "--timeout=40"]
        command += ["-o", "timeout_func_only=true"]  # a server that starts slowly catches no defect
        command += ["-p", "no:unraisableexception", "--hypothesis-profile=any", *tests]
        if not broker:
            command += ["-k", "not rabbitmq"]
        if named:
            command += ["-m", ""]
        environment = os.environ | {
            "PYTHONPATH": f"{self.root}/runtime{os.pathsep}{self.root}",
            "AMPHIBUS_MUTANT": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        environment.pop("AMPHIBUS_FAILPOINT", None)
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_SECONDS * len(tests),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _FAILED
        self.said = done.stdout.decode(errors="replace")
        code = done.returncode
        if code == _FAILED and "\nFAILED " not in self.said:
            code = _NOT_RUN  # a server that does not start, say, catches no defect
        if code not in (_PASSED, _FAILED):
            sys.stdout.write(self.said[-2000:])
        return code


def main() -> int:
    """Returns 0 if every defect was caught."""
    chosen, jobs = _arguments()
    with tempfile.TemporaryDirectory(prefix="amphibus-mutants-") as folder:
        copies = [Copy(Path(folder) / str(number)) for number in range(jobs)]
        problems = {each.name: each.problem_in(copies[0].root) for each in chosen}
        for name, problem in problems.items():
            if problem:
                print(f"cannot be applied: {name}: {problem}", flush=True)
        applicable = [each for each in chosen if not problems[each.name]]
        results = _run(copies, applicable)
    survivors = [name for name, result in results.items() if result != "killed"]
    broken = [name for name, problem in problems.items() if problem]
    print(f"\n{len(results) - len(survivors)} of {len(chosen)} defects killed")
    for name in (*survivors, *broken):
        print(f"  not killed: {name}")
    return 1 if survivors or broken or not chosen else 0


def _arguments() -> tuple[list[Defect], int]:
    parser = argparse.ArgumentParser(prog="./test --mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="defects whose names hold one of these words")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="only list them")
    given = parser.parse_args()
    chosen = [
        each for each in ALL if not given.names or any(word in each.name for word in given.names)
    ]
    if given.list:
        for each in chosen:
            print(f"{each.name}: {each.file}")
        sys.exit(0)
    return chosen, max(1, given.jobs)


def _run(copies: list[Copy], defects: list[Defect]) -> dict[str, str]:
    """All defects, one for each copy at a time; first all their tests without any."""
    results: dict[str, str] = {}
    waiting: queue.SimpleQueue[Defect] = queue.SimpleQueue()
    for each in defects:
        waiting.put(each)

    def work(copy: Copy) -> None:
        while True:
            try:
                defect = waiting.get_nowait()
            except queue.Empty:
                return
            began = time.monotonic()
            results[defect.name] = result = copy.result_with(defect)
            seconds = time.monotonic() - began
            print(
                f"[{len(results):2}/{len(defects)}] {result:9} {seconds:5.1f} s  {defect.name}",
                flush=True,
            )

    for broker, named in product((False, True), repeat=2):
        some = [each for each in defects if (each.broker, each.named) == (broker, named)]
        check = partial(_check_healthy, broker=broker, named=named)
        _each_in_a_thread([partial(check, *part) for part in _shared(copies, some)])
    _each_in_a_thread([lambda copy=each: work(copy) for each in copies])
    return results


def _shared(copies: list[Copy], defects: list[Defect]) -> list[tuple[Copy, list[str]]]:
    tests = sorted({test for each in defects for test in each.tests})
    return [(copy, tests[number :: len(copies)]) for number, copy in enumerate(copies)]


def _check_healthy(copy: Copy, tests: list[str], *, broker: bool, named: bool) -> None:
    if not tests:
        return
    print(f"running {len(tests)} tests and files without any defect", flush=True)
    if copy.test(tests, broker=broker, named=named) != _PASSED:
        print(
            f"{copy.said[-2000:]}\nthe tests fail without any defect: repair that first", flush=True
        )
        os._exit(1)


def _each_in_a_thread(jobs: list) -> None:  # type: ignore[type-arg]
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
