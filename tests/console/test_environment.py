"""What surrounds a command: proxies, addresses of all families, folders with odd names, rights of files."""

import asyncio
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from amphibus.config.addresses import http_url, is_loopback, local_url
from amphibus.config.settings import load_settings
from amphibus.database.sqlite.store import SqliteStore
from amphibus.host.http.server import HttpServer
from tests.console.conftest import Console

NOWHERE = "http://127.0.0.1:9"
PROXIES = {name: NOWHERE for each in ("http_proxy", "all_proxy") for name in (each, each.upper())}


class Answering(BaseHTTPRequestHandler):
    """Says yes to everything."""

    def do_GET(self) -> None:
        body = b'{"pieces": 3}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the server looks for

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where a process of this machine answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_probe_asks_the_process_here_and_no_proxy(console: Console, port: int) -> None:
    ended = console("probe", "--port", str(port), **PROXIES)
    assert (ended.code, ended.out) == (0, f"http://127.0.0.1:{port}/readyz  200\n")


def test_a_port_where_something_else_answers_is_told_to_be_no_process_of_ours(
    console: Console,
) -> None:
    """Such as a server of HTTPS: whoever checks the health gets the code that says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        asked = threading.Thread(
            target=_answer_with, args=(server, b"\x15\x03\x03\0\x02\x02\x32\r\n\r\n")
        )
        asked.start()
        ended = console("probe", "--port", str(port))
        asked.join()

    assert (ended.code, ended.err) == (4, "")
    assert ended.out.startswith(f"http://127.0.0.1:{port}/readyz  ")


def _answer_with(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)


def test_a_question_to_this_machine_goes_by_no_proxy(console: Console, port: int) -> None:
    shop = f"http://127.0.0.1:{port}"
    ended = console(
        "ask", "shelf.GetShelf.v1", "--data", '{"name": "a"}', "--http", shop, **PROXIES
    )
    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {"pieces": 3}


def test_what_is_sent_to_this_machine_goes_by_no_proxy(console: Console, port: int) -> None:
    data = json.dumps({"item": "cup"})
    shop = f"http://127.0.0.1:{port}"
    ended = console("send", "shelf.Sell.v1", "--data", data, "--http", shop, **PROXIES)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("host", "port", "there", "here"),
    [
        ("127.0.0.1", 80, "http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("::1", 80, "http://[::1]:80", "http://[::1]:80"),
        ("[::1]", 80, "http://[::1]:80", "http://[::1]:80"),
        ("::", 80, "http://[::]:80", "http://[::1]:80"),
        ("0.0.0.0", 80, "http://0.0.0.0:80", "http://127.0.0.1:80"),
        ("shop.example", 80, "http://shop.example:80", "http://shop.example:80"),
    ],
)
def test_an_address_is_written_as_a_url_writes_it(
    host: str, port: int, there: str, here: str
) -> None:
    assert (http_url(host, port), local_url(host, port)) == (there, here)


def test_this_machine_is_known_by_all_its_names() -> None:
    here = ("http://127.0.0.1:1", "http://127.9.9.9", "http://localhost:1", "http://[::1]:1/x")
    assert [is_loopback(url) for url in here] == [True] * 4
    assert not any(map(is_loopback, ("http://shop.example", "http://10.0.0.1", "http://[", "x")))


@pytest.mark.asyncio
async def test_a_server_on_an_address_of_ipv6_says_where_it_is(tmp_path: Path) -> None:
    async def app(_scope: object, _receive: object, _send: object) -> None:
        """Serves nobody."""

    settings = load_settings(
        tmp_path, mode="monolith", flags={"host": "::1", "port": 0}, environ={}
    )
    server = HttpServer(app, settings)
    await server.start()
    try:
        assert server.url.startswith("http://[::1]:")
    finally:
        await server.stop()


@pytest.mark.parametrize(
    "name", ["a b", "what?", "no#1", "50%25", "ä", "a'b\"c", "file:x", "a:b@c"]
)
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Each module has its file there, and nothing of the name is taken for something else."""
    folder = tmp_path / name

    async def open_both() -> None:
        for module in ("one", "two"):
            store = SqliteStore(module, folder)
            await store.open()
            await store.close()

    asyncio.run(open_both())
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    assert {path.stem for path in folder.glob("*.db")} == {"one", "two"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_limit_of_open_files_that_is_too_low_is_refused_before_anything_is_made(
    console: Console,
) -> None:
    ended = _limited("ulimit -n 64", console.command("run", "--port", "0"), console.root)

    assert ended.returncode == 1
    what, why, fix = ended.stderr.splitlines()
    assert re.fullmatch(r"error  this process may have 64 files open at once, and needs \d+", what)
    assert "LimitNOFILE=" in why
    assert fix == "  fix  ulimit -n 1024; amphibus run"
    assert not console.data_dir.exists()


def test_a_limit_that_needs_no_right_is_raised(tmp_path: Path) -> None:
    program = (
        "import resource; from amphibus.cli.run.open_files import refuse_few_files;"
        " refuse_few_files(6); print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )

    ended = _limited("ulimit -Sn 64; ulimit -Hn 300", [sys.executable, "-c", program], tmp_path)

    assert ended.stdout == "(300, 300)\n"


def _limited(how: str, command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    limited = ["sh", "-c", f'{how}; exec "$@"', "sh", *command]
    ours = {name: each for name, each in os.environ.items() if not name.startswith("AMPHIBUS_")}
    return subprocess.run(
        limited, cwd=folder, env=ours, capture_output=True, text=True, timeout=50, check=False
    )
