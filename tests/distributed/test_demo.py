"""The shop as separate processes: the demo prints what it prints for the monolith."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from amphibus.testing import environment
from tests.distributed.commands import Running, free_ports, running, typed

ROOT = Path(__file__).parents[2]


class Shop:
    """All of it under a supervisor."""

    def __init__(self, command: Running, environ: Mapping[str, str]) -> None:
        self.command = command
        self.environ = environ


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, broker: str) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    environ = {
        "AMPHIBUS_ENV": environment(folder),
        "AMPHIBUS_PORT": str(free_ports(7)),
        "AMPHIBUS_DATA_DIR": str(folder / "var"),
        "AMPHIBUS_AMQP_URL": broker,
    }
    options = ("--mode=distributed", "--all")
    with running(ROOT, *options, environ=environ, said=folder) as command:
        command.until_said("  Try  ")
        yield Shop(command, environ)


def told(out: str) -> list[str]:
    """What a demo printed, without ids and times; what happens at once in either order is sorted."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", out)
    text = re.sub(r"\d+\.\d ms|in \d+ ms|http://\S+ \(.*\)", "", text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return sorted(line for line in lines if not line.startswith(("see", "next", "console")))


@pytest.mark.full
def test_the_demo_prints_the_same_as_for_the_monolith(shop: Shop) -> None:
    of_processes = typed(ROOT, "demo", environ=shop.environ)
    of_monolith = typed(ROOT, "demo", environ={"AMPHIBUS_PORT": "1"})

    assert of_processes.returncode == 0, of_processes.stderr
    assert "(running)" in of_processes.stdout
    assert told(of_processes.stdout) == told(of_monolith.stdout)


@pytest.mark.full
def test_an_order_outlives_the_death_of_the_payments_process(shop: Shop) -> None:
    pid_file = Path(shop.environ["AMPHIBUS_DATA_DIR"]) / "run" / "payments.pid"
    before = int(pid_file.read_text())

    ended = typed(ROOT, "demo", "--outage", environ=shop.environ)

    assert ended.returncode == 0, ended.stderr
    assert f"process  {before}: kill -9, so that payments are away" in ended.stdout
    waited, _, after = ended.stdout.partition("PENDING  what goes to payments waits")
    assert "payments -> PaymentAuthorized" not in waited
    assert "payments -> PaymentAuthorized" in after
    assert "CONFIRMED" in after
    os.kill(int(pid_file.read_text()), 0)


@pytest.mark.full
def test_orders_go_on_though_the_broker_is_lost_for_ever() -> None:
    ended = typed(ROOT, "demo", "--outage=broker", environ={})

    assert ended.returncode == 0, ended.stderr
    way = re.findall(r"(?:CONFIRMED +|kill -9, |shop     )([a-z ]+)", ended.stdout)
    assert [words.strip() for words in way] == [
        "http",
        "over the broker",
        "and its data folder deleted",
        "the same processes",
        "without a broker",
        "messages go over the broker again",
        "over the new broker",
    ]
    assert "1 broker lost for ever, 3 orders, nothing lost, nothing done twice" in ended.stdout
