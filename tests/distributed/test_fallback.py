"""`amphibus run --all` while the broker is away: messages go directly; where they may not, one process takes over."""

import fcntl
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.distributed.commands import Running, answer, free_ports, running, typed, until
from tests.distributed.conftest import Kiosk
from tests.distributed.test_supervisor import heard
from tests.services.postgres import PostgresCluster, database_in
from tests.services.rabbitmq import RabbitNode

FALLBACK = {
    "AMPHIBUS_BUS__FALLBACK_AFTER_SECONDS": "2",
    "AMPHIBUS_BUS__RETURN_AFTER_SECONDS": "3",
}
DIRECTLY = FALLBACK | {"AMPHIBUS_DIRECT__MESSAGES": "on"}
WITHOUT_DIRECT = FALLBACK | {"AMPHIBUS_DIRECT__MESSAGES": "off"}


class Till:
    """Sells at a kiosk, whatever shape it has, and remembers what was accepted."""

    def __init__(self, kiosk: Kiosk, port: int) -> None:
        self._kiosk = kiosk
        self._port = port
        self.accepted: list[str] = []

    def sell(self) -> bool:
        sale = str(uuid.uuid4())
        body = {"sale_id": sale, "item": "cup"}
        try:
            url = f"http://127.0.0.1:{self._port}/v1/sales"
            taken = httpx.post(url, json=body, timeout=60).status_code == 202
        except httpx.HTTPError:
            return False
        self.accepted += [sale] if taken else []
        return taken

    def rang(self) -> bool:
        """Whether everything that was accepted has arrived, once."""
        counts = Counter(heard(self._kiosk, "till"))
        assert set(counts.values()) <= {1}
        return all(counts[sale] for sale in self.accepted)


class Customers:
    """Buy all the time, from the entry of the block to its end; whatever is answered is kept."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._buy)
        self.refused = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _buy(self) -> None:
        while not self._ended.wait(0.05):
            self.refused += not self._till.sell()


@contextmanager
def _services(
    tmp_path: Path, broker: RabbitNode, environ: dict[str, str]
) -> Iterator[tuple[Kiosk, int, Till, Running]]:
    """The kiosk as separate processes over a broker: its port, its till, and the command that runs it."""
    kiosk = Kiosk(tmp_path / "kiosk", broker.url)
    port = free_ports(3)
    options = ("--all", "--port", str(port), "--amqp", broker.url)
    with running(kiosk.root, *options, environ=kiosk.environ | environ) as command:
        command.until_said("mode=distributed")
        yield kiosk, port, Till(kiosk, port), command


@pytest.mark.parametrize("how", ["lose", pytest.param("kill", marks=pytest.mark.full)])
def test_messages_go_directly_while_the_broker_is_away_and_nothing_restarts(
    tmp_path: Path, fragile: RabbitNode, how: str
) -> None:
    with _services(tmp_path, fragile, DIRECTLY) as (kiosk, port, till, command):
        pids = _pids(kiosk)
        with Customers(till) as customers:
            until(lambda: bool(till.accepted), "sold over the broker")
            getattr(fragile, how)()
            until(lambda: "messages go directly" in _degraded(port), "messages go directly")
            apart = len(till.accepted)
            until(lambda: len(till.accepted) > apart, "sold without a broker")
            until(till.rang, "the till rang without a broker")
            fragile.start()
            until(lambda: "messages go directly" not in _degraded(port), "over the broker again")
            over = len(till.accepted)
            until(lambda: len(till.accepted) > over, "sold over the broker again")
        assert customers.refused == 0
        until(till.rang, "the till rang for everybody")
        assert _pids(kiosk) == pids
        assert command.stop() == 0
    assert "takes over" not in command.out


@pytest.mark.parametrize("how", ["kill", "lose"])
@pytest.mark.full
def test_the_system_goes_on_without_its_broker_and_gives_back(
    tmp_path: Path, fragile: RabbitNode, how: str
) -> None:
    with _services(tmp_path, fragile, WITHOUT_DIRECT) as (kiosk, port, till, command):
        with Customers(till) as customers:
            until(lambda: bool(till.accepted), "sold over the broker")
            getattr(fragile, how)()
            until(lambda: "messages go directly" in _degraded(port), "one process has taken over")
            alone = len(till.accepted)
            until(lambda: len(till.accepted) > alone, "sold in one process")

            fragile.start()
            until(lambda: command.out.count("mode=distributed") == 2, "gave back")
            apart = len(till.accepted)
            until(lambda: len(till.accepted) > apart, "sold over the broker again")
        assert customers.refused == 0
        until(till.rang, "the till rang for everybody")
        beside = typed(kiosk.root, "run", environ=kiosk.environ)
        assert f"this shop runs already: process {command.process.pid}" in beside.stderr
        assert command.stop() == 0
    assert "the broker is away: one process takes over" in command.out


@pytest.mark.full
def test_services_that_do_not_start_again_leave_the_work_to_the_one_process(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    """Another program has taken the port of one of them meanwhile; the gateway has its own."""
    with _services(tmp_path, fragile, WITHOUT_DIRECT) as (_, port, till, command):
        fragile.kill()
        until(lambda: "messages go directly" in _degraded(port), "one process has taken over")
        with socket.create_server(("127.0.0.1", port + 1)):
            fragile.start()
            command.until_said("the services did not start: one process takes over", within=90)
            until(till.sell, "sold in one process all the same")
            until(till.rang, "the till rang")
        assert command.stop() == 0


@pytest.mark.full
def test_services_stay_while_another_machine_goes_on_over_the_broker(
    tmp_path: Path, fragile: RabbitNode, cluster: PostgresCluster
) -> None:
    """One more process of a module, started by hand elsewhere, is of the mode that one process may not share."""
    with database_in(cluster) as url:
        environ = WITHOUT_DIRECT | {"AMPHIBUS_DB_URL": url}
        with _services(tmp_path, fragile, environ) as (kiosk, port, till, command):
            beside = ("--mode=distributed", "--module=till", "--port", str(free_ports(3)))
            elsewhere = ("--data-dir", str(tmp_path / "elsewhere"), "--amqp", fragile.url)
            by_hand = kiosk.environ | environ
            with running(kiosk.root, *beside, *elsewhere, environ=by_hand) as other:
                other.until_said("mode=distributed")
                fragile.kill()
                command.until_said("the services stay")
                until(till.sell, "sold while the services stay")
                assert other.stop() == 0
            command.until_said("the broker is away: one process takes over")
            until(lambda: "messages go directly" in _degraded(port), "one process has taken over")
            assert command.stop() == 0
    assert command.out.count("the services stay") == 1


@pytest.mark.full
def test_one_process_that_does_not_start_gives_back_to_the_services_at_once(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    """Another program has a database of theirs in the moment in which they are gone."""
    with _services(tmp_path, fragile, WITHOUT_DIRECT) as (kiosk, _, till, command):
        fragile.kill()
        with _taken(kiosk.data_dir / "till.lock"):
            command.until_said("it did not start: a process for each module takes over")
        services = kiosk.data_dir / "run" / "till.pid"
        until(services.exists, "the services are back")
        until(till.sell, "sold by the services")
        command.until_said("mode=monolith", within=90)
        until(till.rang, "the till rang")
        assert command.stop() == 0


@contextmanager
def _taken(lock: Path) -> Iterator[None]:
    """Takes a database as soon as its process is gone, and gives it back at the end."""
    with lock.open("r+") as opened:
        taking = threading.Thread(target=fcntl.flock, args=(opened, fcntl.LOCK_EX))
        taking.start()
        yield
        taking.join()


def _pids(kiosk: Kiosk) -> dict[str, str]:
    return {each.stem: each.read_text() for each in (kiosk.data_dir / "run").glob("*.pid")}


def _degraded(port: int) -> str:
    code, body = answer(f"http://127.0.0.1:{port}/readyz")
    return str(body) if code == 200 else ""


def test_without_any_broker_all_modules_run_in_one_process(tmp_path: Path) -> None:
    """As soon as it is asked for: a broker that nobody has is not waited for."""
    kiosk = Kiosk(tmp_path / "kiosk", "")
    options = ("--all", "--port", str(free_ports(3)), "--amqp", "amqp://127.0.0.1:1/")
    with running(kiosk.root, *options, environ=kiosk.environ | WITHOUT_DIRECT) as command:
        command.until_said("mode=monolith")
        assert command.stop() == 0


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--mode=auto",), "--mode=auto is for all modules"),
        (("--mode=distributed", "--all", "--without-broker"), "--without-broker is for all"),
        (("--module=till", "--without-broker"), "--without-broker is for all"),
        (("--mode=distributed", "--all", "--handle-again"), "--handle-again is for all"),
    ],
)
def test_what_does_not_go_together_is_said(
    kiosk: Kiosk, options: tuple[str, ...], what: str
) -> None:
    ended = typed(kiosk.root, "run", *options, environ=kiosk.environ)

    assert ended.returncode == 2
    assert what in ended.stderr
