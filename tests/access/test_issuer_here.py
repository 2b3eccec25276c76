"""An issuer on this machine is asked past any proxy that the environment names."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from amphibus.clock import SystemClock
from amphibus.config.settings import load_settings
from amphibus.gateway.exchanges import HttpExchange
from amphibus.host.front_door import front_door
from tests.access.issuing import AUDIENCE, ISSUER, Issuer

_NOWHERE = "http://127.0.0.1:9"


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


async def _none(*_: Any) -> Any:
    return None


@pytest.mark.asyncio
async def test_the_keys_of_an_issuer_here_come_by_no_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, _NOWHERE)
        monkeypatch.setenv(name.upper(), _NOWHERE)
    issuer = Issuer(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            jwks = f"http://127.0.0.1:{server.server_port}/jwks.json"
            flags = {"issuer": ISSUER, "jwks": jwks, "audience": AUDIENCE}
            settings = load_settings(
                tmp_path,
                flags={f"access.{name}": each for name, each in flags.items()},
                environ={},
            )
            door = front_door(tmp_path, settings, _none, SystemClock())
            asked = await door.who(_with(issuer.token()))
        finally:
            server.shutdown()
            thread.join()

    assert asked.subject == "ada"


def _with(token: str) -> HttpExchange:
    headers = [(b"authorization", b"Bearer " + token.encode())]
    scope = {"method": "GET", "query_string": b"", "client": ("10.0.0.9", 1), "headers": headers}
    return HttpExchange(scope, _none, {})
