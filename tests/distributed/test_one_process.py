"""`amphibus run --mode=distributed --module=X`: alone, and with a broker that is away."""

import socket

import httpx
import pytest

from tests.console.stores import SALE
from tests.distributed.commands import answer, free_ports, running, typed, until
from tests.distributed.conftest import Kiosk
from tests.distributed.door import door
from tests.distributed.test_supervisor import heard
from tests.services.addresses import addressed


def refused(kiosk: Kiosk, *options: str) -> list[str]:
    ended = typed(kiosk.root, "run", "--mode=distributed", *options, environ=kiosk.environ)
    return [str(ended.returncode), *ended.stderr.splitlines()[-3:]]


def test_a_module_alone_takes_work_and_what_goes_to_the_others_waits(kiosk: Kiosk) -> None:
    """The gateway accepts a sale while nobody sells; the shelf, started later, handles it."""
    port = free_ports(3)
    options = ("--mode=distributed", "--port", str(port), "--amqp", kiosk.amqp_url)
    with running(kiosk.root, *options, "--module=gateway", environ=kiosk.environ) as gateway:
        gateway.until_said("  Try  ")
        body = {"sale_id": SALE, "item": "cup"}
        sold = httpx.post(f"{gateway.named('API')}/v1/sales", json=body, timeout=100)
        assert sold.status_code == 202
        with running(kiosk.root, *options, "--module=shelf", environ=kiosk.environ) as shelf:
            shelf.until_said("  Modules  shelf")
            assert shelf.named("Health") == f"http://127.0.0.1:{port + 1}/readyz"
            assert answer(shelf.named("Health"))[0] == 200
            until(lambda: SALE in heard(kiosk, "shelf"), "the shelf sold it")
            assert shelf.stop() == 0


def test_a_broker_that_is_away_at_the_start_is_waited_for(kiosk: Kiosk) -> None:
    """It says so, for people and for whoever asks /readyz, and takes work when the broker is there."""
    port = free_ports(3)
    with door(kiosk.amqp_url) as broker:
        options = ("--mode=distributed", "--module=till", "--port", str(port), "--amqp", broker.url)
        with running(kiosk.root, *options, environ=kiosk.environ) as till:
            till.until_said("broker.lost")
            till.until_said("  waiting: broker: ")
            url = f"http://127.0.0.1:{port + 2}/readyz"
            until(lambda: answer(url)[0] == 503, "it is not ready")
            assert "broker" in answer(url)[1]["reasons"]
            broker.open()
            until(lambda: answer(url)[0] == 200, "it is ready", lambda: till.err)
            assert till.stop() == 0


def test_wrong_credentials_end_it_with_what_to_correct(kiosk: Kiosk) -> None:
    wrong = kiosk.amqp_url.replace("guest:guest", "guest:wrong")
    port = str(free_ports(3))

    given = addressed(wrong, kiosk.root)
    code, what, why, fix = refused(kiosk, "--module=till", "--port", port, "--amqp", given)

    assert code == "2"
    assert what.endswith("does not let 'guest' in")
    assert why == "  why  user name or password is wrong, or the user may not connect from here"
    assert fix == "  fix  correct --amqp or AMPHIBUS_AMQP_URL"


@pytest.mark.full
def test_wrong_credentials_end_all_and_are_said_once(kiosk: Kiosk) -> None:
    wrong = kiosk.amqp_url.replace("guest:guest", "guest:wrong")
    given = addressed(wrong, kiosk.root)
    options = ("--mode=distributed", "--all", "--port", "0", "--amqp", given)
    with running(kiosk.root, *options, environ=kiosk.environ) as command:
        assert command.end() == 2

    what, why, fix = command.err.splitlines()[-3:]
    assert what.endswith("does not let 'guest' in")
    assert why.startswith("  why  ")
    assert fix.startswith("  fix  ")
    assert command.err.count("error  ") == 1


@pytest.mark.parametrize("options", [("--all",), ("--module=shelf", "--module=till")])
def test_a_taken_port_is_said_before_anything_starts(
    kiosk: Kiosk, options: tuple[str, ...]
) -> None:
    """The till's would be two above --port, or that of the first of its process."""
    port = free_ports(3)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 1))
        other.listen()
        code, what, why, fix = refused(kiosk, *options, "--port", str(port))

    whose = "shelf" if options == ("--all",) else "shelf, till"
    assert (code, what) == ("1", f"error  cannot listen on 127.0.0.1:{port + 1} for {whose}")
    assert why == "  why  another program listens there"
    again = " ".join(("--mode=distributed", *options))
    assert fix == f"  fix  amphibus run {again} --port {port + 100}"


@pytest.mark.parametrize(
    ("options", "what", "fix"),
    [
        ((), "which modules?", "amphibus run --mode=distributed --all"),
        (("--module=tlil",), "no module tlil", "amphibus run --mode=distributed --module=till"),
        (("--all", "--module=till"), "--all starts a process for each", "amphibus run --mode="),
        (("--module=till", "--instances=2"), "--instances is a number", "amphibus run --mode="),
        (("--all", "--instances=2"), "2 instances of a module cannot share", "amphibus run --mode"),
        (("--all", "--amqp=http://a"), "the broker's address cannot be", "--amqp amqp://"),
    ],
)
def test_what_cannot_run_is_a_three_line_error(
    kiosk: Kiosk, options: tuple[str, ...], what: str, fix: str
) -> None:
    said = refused(kiosk, *options, "--port", str(free_ports(3)))

    assert said[0] == "2"
    assert said[-3].startswith(f"error  {what}")
    assert said[-2].startswith("  why  ")
    assert said[-1].startswith(f"  fix  {fix}")
