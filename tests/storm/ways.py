"""A way to a server that a test can break: connections that say nothing more, that are cut, that end in a COMMIT."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

_COMMIT: Final = b"COMMIT"
_CHUNK: Final = 65_536
_BEGINNING: Final = 4_096
T = TypeVar("T")


class Way:
    """Carries TCP between its own port and that of a server, in a thread, until it is closed."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._open: set[_Pair] = set()
        self._mood = "passes"
        self._passes = asyncio.Event()
        self._passes.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(self._listen()).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.cut_commits = 0

    def hold(self) -> None:
        """Nothing passes any more, and nobody is told: half-open connections, old and new."""
        self._do(self._change("holds")).result(10)

    def cut(self) -> None:
        """Ends every connection, and each new one as soon as it is made."""
        self._do(self._change("cuts")).result(10)

    def cut_commits_after(self) -> None:
        """Ends a connection as soon as it has carried a COMMIT, before the answer."""
        self._do(self._change("cuts after commit")).result(10)

    def cut_commits_before(self) -> None:
        """Ends a connection that would carry a COMMIT."""
        self._do(self._change("cuts before commit")).result(10)

    def silence(self, said: bytes) -> int:
        """Lets nothing more pass, ever, on connections whose client has said something; how many there are.

        New ones work: so is a way on which a router has forgotten what it carried.
        """
        return self._do(self._silence(said)).result(10)

    def heal(self, *, resume: bool = True) -> None:
        """Lets all pass; what was held goes on, or is ended if it should not."""
        self._do(self._heal(resume=resume)).result(10)

    def close(self) -> None:
        """Ends it with all its connections."""
        with contextlib.suppress(TimeoutError):
            self._do(self._end()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        if not self._thread.is_alive():
            self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._carry, "127.0.0.1", 0)

    async def _change(self, mood: str) -> None:
        self._mood = mood
        if mood == "holds":
            self._passes.clear()
        if mood == "cuts":
            self._cut_all()

    async def _silence(self, said: bytes) -> int:
        found = [pair for pair in self._open if said in pair.said]
        for pair in found:
            pair.passes.clear()
        return len(found)

    async def _heal(self, *, resume: bool) -> None:
        self._mood = "passes"
        if not resume:
            self._cut_all()
        self._passes.set()

    async def _end(self) -> None:
        self._server.close()
        self._mood = "cuts"
        self._cut_all()
        self._passes.set()
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _cut_all(self) -> None:
        for pair in list(self._open):
            pair.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mood == "cuts":
            writer.transport.abort()
            return
        await self._passes.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        pair = _Pair(writer, back)
        self._open.add(pair)
        try:
            await asyncio.gather(self._pump(reader, back, pair), self._pump(there, writer, pair))
        except asyncio.CancelledError:
            pass  # by `close`; asyncio would log it as a fault of the server
        finally:
            pair.abort()
            self._open.discard(pair)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: "_Pair"
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._passes.wait()
                await pair.passes.wait()
                pair.hear(data)
                commits = self._mood.endswith("commit") and _COMMIT in data
                if not (commits and "before" in self._mood):
                    writer.write(data)
                    await writer.drain()
                if commits:
                    self.cut_commits += 1
                    pair.abort()
        writer.close()


class _Pair:
    """The two ends of a connection."""

    def __init__(self, *ends: asyncio.StreamWriter) -> None:
        self._ends = ends
        self.passes = asyncio.Event()
        self.passes.set()
        self.said = b""
        """How it began."""

    def hear(self, data: bytes) -> None:
        """Notes the beginning."""
        if len(self.said) < _BEGINNING:
            self.said += data

    def abort(self) -> None:
        """Ends it at once."""
        for each in self._ends:
            each.transport.abort()
