"""The servers that modes need: found at the address that is given, or where one usually is."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, NoReturn
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

_CONNECTED_WITHIN_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Server:
    """A kind of server: where it is looked for, and what is to type where it is not."""

    name: str
    variable: str
    usual: str
    port: int
    package: str
    extra: str
    start: str


BROKER: Final = Server(
    name="RabbitMQ",
    variable="AMPHIBUS_TEST_AMQP",
    usual="amqp://guest:guest@127.0.0.1:5672/",
    port=5672,
    package="aiormq",
    extra="rabbitmq",
    start="docker run --detach --publish 5672:5672 rabbitmq:4",
)
POSTGRES: Final = Server(
    name="PostgreSQL",
    variable="AMPHIBUS_TEST_POSTGRES",
    usual="postgresql://postgres:postgres@127.0.0.1:5432/postgres",
    port=5432,
    package="asyncpg",
    extra="postgresql",
    start="docker run --detach --publish 5432:5432 --env POSTGRES_PASSWORD=postgres postgres:17",
)


def found(server: Server, config: pytest.Config) -> str:
    """Returns the address of a server that answers; without one the test ends, saying so."""
    if find_spec(server.package) is None:
        _missing(
            f"the package {server.package} is not installed; "
            f"type: pip install 'amphibus[{server.extra}]'",
            config,
        )
    given = os.environ.get(server.variable)
    url = given or server.usual
    if not _answers(url, server.port):
        place = urlsplit(url)
        where = f"{place.hostname}:{place.port or server.port}"
        otherwise = f", or set {server.variable}" if given is None else ""
        _missing(f"no {server.name} answers at {where}; type: {server.start}{otherwise}", config)
    return url


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """Makes a database on a server, whose address it yields; it is removed in the end."""
    from amphibus.admin.inspection import on_server

    name = f"amphibus_test_{uuid4().hex[:12]}"
    on_server(server, "public", f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        on_server(server, "public", f"DROP DATABASE {name} WITH (FORCE)")


def _answers(url: str, port: int) -> bool:
    place = urlsplit(url)
    at = (place.hostname or "127.0.0.1", place.port or port)
    try:
        socket.create_connection(at, _CONNECTED_WITHIN_SECONDS).close()
    except OSError:
        return False
    return True


def _missing(why: str, config: pytest.Config) -> NoReturn:
    """Ends a test that cannot run here: as a skip, or where its server has to be there as a failure."""
    if config.getoption("--amphibus-strict"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
