"""Customers and the warehouse: many connections to the shop, and patience with it."""

import http.client
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

AT_ONCE: Final = 32
_PATIENCE_SECONDS: Final = 60.0
_NOT_NOW: Final = frozenset({503, 504})
_RUNNING: Final = "urn:amphibus:problem:running"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what was said."""

    status: int
    body: Any

    @property
    def passing(self) -> bool:
        """Whether the same may be answered otherwise a moment later."""
        running = isinstance(self.body, dict) and self.body.get("type") == _RUNNING
        return self.status in _NOT_NOW or running


class Visitor:
    """Asks again for as long as the shop is away or busy; the key makes that safe.

    `trouble` is called when the shop cannot be reached, from the thread that saw it.
    """

    def __init__(self, host: str, port: int, trouble: Callable[[], None]) -> None:
        self._address = (host, port)
        self._trouble = trouble
        self.put_off = 0
        """How often somebody had to ask again."""
        self._free: deque[http.client.HTTPConnection] = deque()

    def post(self, path: str, data: Mapping[str, Any], key: str) -> Answer:
        """Posts until it is answered for good."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._patiently("POST", path, json.dumps(data).encode(), headers)

    def get(self, path: str, **query: str) -> Answer:
        """Reads until it is answered for good."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._patiently("GET", target, None, {})

    def ready(self) -> bool:
        """Whether the shop answers now that it is ready."""
        try:
            return self._once("GET", "/readyz", None, {}).status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def why_not_ready(self) -> str:
        """What the shop says about itself."""
        try:
            return str(self._once("GET", "/readyz", None, {}).body)
        except (OSError, http.client.HTTPException) as error:
            return repr(error)

    def dawdle(self, path: str) -> socket.socket:
        """Begins to post and does not go on."""
        connection = socket.create_connection(self._address)
        head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 500\r\n\r\n{{".encode())
        return connection

    def close(self) -> None:
        """Hangs up."""
        while self._free:
            self._free.pop().close()

    def _patiently(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        ends = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = self._once(method, path, body, headers)
                if not answer.passing:
                    return answer
                why = str(answer)
            except (OSError, http.client.HTTPException) as error:
                why = repr(error)
                self._trouble()
            self.put_off += 1
            if time.monotonic() > ends:
                raise TimeoutError(f"{method} {path} for {_PATIENCE_SECONDS:g} s: {why}")
            time.sleep(0.05)

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        connection = self._free.pop() if self._free else self._connection()
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            text = response.read()
        except BaseException:
            connection.close()
            raise
        self._free.append(connection)
        known = response.headers.get_content_type().endswith("json") and text
        return Answer(response.status, json.loads(text) if known else None)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self._address, timeout=30.0)


def at_once(items: Iterable[T], one: Callable[[T], None], *, workers: int = AT_ONCE) -> None:
    """Begins the items in their order, as many at once as there are workers; the first error ends it."""
    rest, taking, failed = iter(items), threading.Lock(), threading.Event()

    def take() -> Iterator[T]:
        while not failed.is_set():
            with taking:
                try:
                    item = next(rest)
                except StopIteration:
                    return
            yield item

    def work() -> None:
        try:
            for item in take():
                one(item)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()


def path_part(text: str) -> str:
    """A text as one part of a path, whatever is in it."""
    return quote(text, safe="")
