"""Where the broker comes from when none is named."""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from amphibus.cli.broker import node as broker_node
from amphibus.cli.broker.start import broker as the_broker
from amphibus.cli.output import CommandError, Exit
from amphibus.config.settings import Settings
from amphibus.transports.rabbitmq.probe import probe
from tests.services.rabbitmq import scripts

NOBODY = "amqp://guest:guest@127.0.0.1:1/"


def settings(folder: Path) -> Settings:
    return Settings(data_dir=folder / "var")


def docker(folder: Path, place: str, *, engine: bool = True) -> str:
    """A stand-in for docker, which says what the real one says; the path that it is found on."""
    tools = folder / "tools"
    tools.mkdir()
    service = {"services": {"rabbitmq": {"environment": {"RABBITMQ_DEFAULT_USER": "guest"}}}}
    (tools / "docker").write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {folder}/docker.log\n'
        'case "$*" in\n'
        f"info) exit {0 if engine else 1} ;;\n"
        "'compose config --services') printf 'postgres\\nrabbitmq\\n' ;;\n"
        f"'compose port rabbitmq 5672') echo {place} ;;\n"
        f"'compose config --format json') echo '{json.dumps(service)}' ;;\n"
        "esac\n"
    )
    (tools / "docker").chmod(0o755)
    (folder / "compose.yaml").write_text("services: {}\n")
    return f"{tools}:/usr/bin:/bin"


def place_of(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def test_one_on_the_default_port_is_used_and_nothing_is_started(
    broker: str, tmp_path: Path
) -> None:
    told: list[str] = []
    with the_broker(settings(tmp_path), tmp_path, told.append, default=broker) as found:
        assert found.url == broker

    assert told == []


def test_what_was_used_once_is_waited_for_since_messages_may_be_there(
    broker: str, tmp_path: Path
) -> None:
    with the_broker(settings(tmp_path), tmp_path, print, default=broker):
        pass
    told: list[str] = []

    with the_broker(settings(tmp_path), tmp_path, told.append, default=NOBODY) as found:
        assert found.url == NOBODY

    assert "which does not answer; messages may wait there" in told[0]


def test_docker_compose_starts_the_project_s_own(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", docker(tmp_path, place_of(broker)))

    with the_broker(settings(tmp_path), tmp_path, print, default=NOBODY) as found:
        assert place_of(found.url) == place_of(broker)

    calls = (tmp_path / "docker.log").read_text().splitlines()
    assert "compose up -d --wait rabbitmq" in calls


def test_without_any_the_commands_to_type_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker is there, but its engine does not answer; RabbitMQ is not installed."""
    monkeypatch.setenv("PATH", docker(tmp_path, "", engine=False).replace(":/usr/bin:/bin", ""))
    monkeypatch.setattr(broker_node, "FOLDERS", ())

    with (
        pytest.raises(CommandError) as refused,
        the_broker(settings(tmp_path), tmp_path, print, default=NOBODY),
    ):
        pass

    assert refused.value.code == Exit.UNREACHABLE
    assert "sudo apt-get install rabbitmq-server" in refused.value.fix


@pytest.mark.full
def test_a_node_of_an_installed_rabbitmq_lives_as_long_as_somebody_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is the machine's: own data, own ports, own cookie, own name."""
    scripts()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    told: list[str] = []
    with the_broker(settings(tmp_path), tmp_path, told.append, default=NOBODY) as first:
        assert probe(first.url) == "lets in"
        with the_broker(settings(tmp_path), tmp_path, told.append, default=NOBODY) as second:
            assert second.url == first.url
        assert probe(first.url) == "lets in"
    assert probe(first.url) == "away"

    folder = tmp_path / "var" / "broker"
    assert len(told) == 1
    assert (folder / "home" / ".erlang.cookie").stat().st_mode & 0o777 == 0o400
    name = json.loads((folder / "node.json").read_text())["name"]
    assert name.startswith("amphibus-")
    with the_broker(settings(tmp_path), tmp_path, told.append, default=NOBODY):
        assert json.loads((folder / "node.json").read_text())["name"] == name
        assert _listens_on_loopback_only(folder)


_TAKES_ITS_PORT = """\
#!{python}
import os, socket, sys
try:
    os.mkdir({once!r})
except FileExistsError:
    pass
else:
    taken = socket.create_server(("127.0.0.1", int(os.environ["RABBITMQ_DIST_PORT"])))
    taken.set_inheritable(True)
os.execv({server!r}, sys.argv)
"""
"""The server, for which a port is taken after it was chosen, the first time."""


@pytest.mark.full
def test_a_node_whose_port_is_taken_before_it_has_it_takes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of the first one lies where its data is, and not where the command was typed."""
    monkeypatch.chdir(tmp_path)
    folder, once, program = tmp_path / "broker", tmp_path / "once", tmp_path / "rabbitmq-server"
    server = str(scripts() / "rabbitmq-server")
    program.write_text(_TAKES_ITS_PORT.format(python=sys.executable, once=str(once), server=server))
    program.chmod(0o755)
    with broker_node.private_node(folder, tmp_path, lambda _: None) as url:
        assert once.exists()
        assert probe(url) == "lets in"
    assert not (tmp_path / "erl_crash.dump").exists()
    assert probe(url) == "away"


@pytest.mark.full
def test_a_node_that_was_left_behind_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever started it was killed; its data is in use, so a second one could not start."""
    scripts()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    child = os.fork()
    if not child:
        with the_broker(settings(tmp_path), tmp_path, print, default=NOBODY):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    told: list[str] = []

    with the_broker(settings(tmp_path), tmp_path, told.append, default=NOBODY) as found:
        assert probe(found.url) == "lets in"

    assert told == []
    assert probe(found.url) == "away"


def _listens_on_loopback_only(folder: Path) -> bool:
    facts = json.loads((folder / "node.json").read_text())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; says by which address we would be seen
        outside = probe.getsockname()[0]
    for port in (facts["port"], facts["distribution"]):
        with socket.socket() as client:
            if client.connect_ex((outside, port)) == 0:
                return False
    return True
