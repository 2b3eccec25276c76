"""The gateway speaks HTTPS where it has a certificate, and clients may show who they are by theirs."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop

from amphibus.access.roles import Roles
from amphibus.config.settings import Settings
from amphibus.errors import ConfigError
from amphibus.gateway.door import Door
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import Problem
from amphibus.host.http.server import HttpServer
from tests.gateway.authority import Authority

ROLES = Roles({"importer": frozenset({"stock:receive"})})
CERTIFICATES = {"till-7": ("importer",)}
Loop = Callable[[], asyncio.AbstractEventLoop]


@asynccontextmanager
async def gateway(
    folder: Path, certificates: dict[str, Any] = CERTIFICATES, **http: Any
) -> AsyncIterator[tuple[HttpServer, Authority]]:
    """A server of HTTPS that says who asks."""
    authority = Authority(folder, "authority")
    pem, key = authority.make("server")
    settings = Settings.model_validate(
        {
            "port": 0,
            "host": "127.0.0.1",
            "gateway": {
                "tls_certificate_file": pem,
                "tls_key_file": key,
                "tls_client_ca_file": authority.file,
            },
            "access": {"certificates": certificates},
            "http": http,
        }
    )
    door = Door(roles=ROLES, certificates=settings.access.certificates)

    async def who(scope: Any, receive: Any, send: Any) -> None:
        try:
            found = await door.who(HttpExchange(scope, receive, {}))
            text, status = f"{found.name} {' '.join(found.scopes)}", 200
        except Problem as problem:
            text, status = problem.detail, 401
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})

    async def signals(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ready"})

    server = HttpServer(who, settings, signals=signals)
    await server.start()
    try:
        yield server, authority
    finally:
        await server.stop()


async def asked(
    server: HttpServer, authority: Authority, shown: tuple[Path, Path] | None = None, **more: Any
) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=str(authority.file))
    if shown is not None:
        context.load_cert_chain(*shown)
    url = server.url.replace("127.0.0.1", "localhost")
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        answer = await client.get(url, **more)
    return answer.status_code, answer.text


@pytest.mark.asyncio
async def test_a_client_is_whom_its_certificate_names(tmp_path: Path) -> None:
    """With the roles that the configuration gives that name, and no others."""
    async with gateway(tmp_path) as (server, authority):
        known = await asked(server, authority, authority.make("till-7"))
        unknown = await asked(server, authority, authority.make("till-8"))
        nobody = await asked(server, authority)
        two = await asked(
            server, authority, authority.make("till-7"), headers={"Authorization": "Bearer x"}
        )

    assert server.url.startswith("https://")
    assert known == (200, "service:till-7 stock:receive")
    assert unknown == (401, "the certificate is good, and nobody here knows its name")
    assert nobody == (200, "anonymous: ")
    assert two[0] == 401  # a credential that is not good is refused whatever else is shown


@pytest.mark.asyncio
async def test_a_certificate_of_another_authority_gets_no_connection(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other", "authority").make("till-7")
    async with gateway(tmp_path) as (server, authority):
        with pytest.raises(httpx.TransportError):
            await asked(server, authority, stranger)


@pytest.mark.asyncio
async def test_plain_http_and_old_tls_get_no_answer(tmp_path: Path) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with gateway(tmp_path) as (server, _):
        port = int(server.url.rpartition(":")[2])
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.TransportError):
                await client.get(server.url.replace("https:", "http:"))
        with pytest.raises((ssl.SSLError, OSError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)


LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])


@LOOPS
def test_who_never_begins_to_speak_tls_takes_nobodys_place(loop: Loop, tmp_path: Path) -> None:
    """He is counted from the moment at which he is accepted, since he has a descriptor."""

    async def shown() -> None:
        async with gateway(tmp_path, connections=8, head_seconds=300.0) as (server, authority):
            silent = [await connected(server) for _ in range(40)]

            assert await asked(server, authority) == (200, "anonymous: ")
            for reader, _ in silent[:32]:
                assert await within_a_minute(reader.read(1)) == b""
            for _, writer in silent:
                writer.close()

    run(loop, shown())


@LOOPS
def test_a_handshake_has_a_time_as_a_head_has(loop: Loop, tmp_path: Path) -> None:
    async def shown() -> None:
        async with gateway(tmp_path, head_seconds=0.5) as (server, authority):
            silent, slow = await connected(server), await connected(server)
            slow[1].write(b"\x16\x03\x01\x02\x00")  # the beginning of a ClientHello

            for reader, writer in (silent, slow):
                assert await within_a_minute(reader.read(1)) == b""
                writer.close()
            assert await asked(server, authority) == (200, "anonymous: ")

    run(loop, shown())


@LOOPS
def test_many_clients_at_once_are_answered_and_a_stop_waits_for_no_handshake(
    loop: Loop, tmp_path: Path
) -> None:
    async def shown() -> None:
        async with gateway(tmp_path) as (server, authority):
            answers = await asyncio.gather(*(asked(server, authority) for _ in range(30)))
            reader, writer = await connected(server)
            await asked(server, authority)  # by now the silent one is accepted
            url = server.url
        assert set(answers) == {(200, "anonymous: ")}
        assert await within_a_minute(reader.read(1)) == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))

    run(loop, shown())


async def connected(server: HttpServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which nothing is said."""
    return await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))


async def within_a_minute(reading: Awaitable[bytes]) -> bytes:
    """What was read; nothing where the other side has hung up."""
    async with asyncio.timeout(60):
        try:
            return await reading
        except ConnectionError:
            return b""


def run(loop: Loop, shown: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(shown)


@pytest.mark.asyncio
async def test_health_checks_of_this_machine_need_no_certificate(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (server, _):
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(server.health_url)

        assert server.health_url.startswith("http://127.0.0.1:")
        assert answer.text == "ready"


@pytest.mark.asyncio
async def test_a_header_names_no_certificate(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (server, authority):
        said = {"amphibus.client_certificate": "till-7", "x-client-certificate": "till-7"}

        assert await asked(server, authority, headers=said) == (200, "anonymous: ")


@pytest.mark.asyncio
async def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "server.pem").write_text("nothing")
    settings = Settings.model_validate(
        {"gateway": {"tls_certificate_file": tmp_path / "server.pem"}}
    )
    server = HttpServer(None, settings, signals=object())
    with pytest.raises(ConfigError, match="certificate or key cannot be used"):
        await server.start()

    unchecked = Settings.model_validate({"access": {"certificates": CERTIFICATES}})
    with pytest.raises(ConfigError, match="nothing checks those"):
        HttpServer(None, unchecked, signals=object())
