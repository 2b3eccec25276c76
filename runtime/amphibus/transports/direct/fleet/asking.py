"""The processes of a system as an operator asks them: each by the address that it announced."""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from amphibus.config.settings import Settings
from amphibus.contract import Command, Query, Value
from amphibus.errors import OwnerAway, Refused, RequestError, RequestFailed, RequestTimeout
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.ids import new_id, new_trace
from amphibus.telemetry.privacy import describe
from amphibus.transports.direct.choice import directory_of
from amphibus.transports.direct.connection import ConnectionGone, NotTaken, PeerConnection
from amphibus.transports.direct.directory import Directory, Known, PeerAddress
from amphibus.transports.direct.frames import BadFrame
from amphibus.transports.direct.handshake import NotLetIn, enter
from amphibus.transports.direct.tls import asking_context

AnswerT = TypeVar("AnswerT", bound=Value)
_GREETING_SECONDS: Final = 3.0
"""As long as a page waits: one that has much to do greets late, and is not silent."""
_FOLDER: Final = "direct"


class Fleet:
    """Lives from its first question to `close`. Asks a module with that module's own key, or in another's name."""

    def __init__(
        self, directory: Directory, *, body_limit: int, tls: ssl.SSLContext | None = None
    ) -> None:
        self._directory = directory
        self._body_limit = body_limit
        self._tls = tls
        self._known = Known()
        self._connections: dict[tuple[str, PeerAddress], PeerConnection] = {}
        self._entering: dict[tuple[str, PeerAddress], asyncio.Lock] = {}
        self._heard: dict[str, float] = {}

    async def find(self) -> list[PeerAddress]:
        """Returns the address of each module at each process.

        Raises:
            DirectoryUnusable: it may not be read.
            Exception: it is away.
        """
        return self.learn(await self._directory.beat(()))

    def learn(self, known: Known) -> list[PeerAddress]:
        """Takes what a directory knows, and returns the address of each module at each process."""
        self._known = known
        return [each for some in known.addresses.values() for each in some]

    async def ask(
        self,
        address: PeerAddress,
        asked: Query[AnswerT] | Command[AnswerT],
        *,
        seconds: float,
        asking: str | None = None,
    ) -> AnswerT:
        """Asks one process.

        Raises:
            OwnerAway: nobody is there, or not who was announced; nothing was done.
            RequestTimeout: it does not answer; what was asked may have been done.
            Refused: it may not be asked that, or will not do it.
            RequestFailed: it cannot answer that.
            RequestError: it cannot answer now.
        """
        asking = asking or address.module
        envelope = _envelope(asked, asking)
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connected(asking, address)
                reply = await connection.ask(envelope, seconds)
            self._heard[address.instance] = asyncio.get_running_loop().time()
        except (ConnectionGone, TimeoutError):
            raise _silent(address, envelope, seconds) from None
        except (OSError, EOFError, BadFrame, NotTaken, NotLetIn) as error:
            raise _gone(address, error) from error
        return _answer(address, asked, reply)

    def heard(self, instance: str, since: float) -> bool:
        """Returns whether a process has answered anything since a time of the loop."""
        return self._heard.get(instance, 0.0) > since

    async def close(self) -> None:
        """Ends every connection, and with them the look into the directory."""
        await self.hang_up()
        await self._directory.close()

    async def hang_up(self) -> None:
        """Ends every connection to a process."""
        connections, self._connections = list(self._connections.values()), {}
        await asyncio.gather(*(each.close() for each in connections))

    async def _connected(self, asking: str, address: PeerAddress) -> PeerConnection:
        # Who asks twice at once enters once: a second connection would be known to nobody, and never end.
        async with self._entering.setdefault((asking, address), asyncio.Lock()):
            return await self._entered(asking, address)

    async def _entered(self, asking: str, address: PeerAddress) -> PeerConnection:
        known = self._connections.get((asking, address))
        if known is not None and known.usable:
            return known
        key = self._known.keys.get(frozenset((asking, address.module)))
        if key is None:
            raise NotLetIn(f"we have not the key of {address.module}")
        async with asyncio.timeout(_GREETING_SECONDS):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, ssl=self._tls
            )
            try:
                await enter(reader, writer, asking=asking, address=address, key=key)
            except BaseException:
                writer.transport.abort()
                raise
        made = PeerConnection(reader, writer, body_limit=self._body_limit)
        self._connections[asking, address] = made
        return made


def fleet_of(modules: Sequence[str], settings: Settings) -> Fleet | None:
    """Returns the fleet whose processes announce themselves where these settings say; None where none ever did."""
    if settings.db_url is None and not (Path(settings.data_dir) / _FOLDER).is_dir():
        return None
    return Fleet(
        directory_of(modules, settings, make=False),
        body_limit=settings.bus.body_limit_bytes,
        tls=asking_context(settings.direct),
    )


def one_of_each_process(addresses: Iterable[PeerAddress]) -> dict[str, list[PeerAddress]]:
    """Returns the addresses of each process, by its instance."""
    found: dict[str, list[PeerAddress]] = {}
    for each in sorted(addresses, key=lambda address: address.module):
        found.setdefault(each.instance, []).append(each)
    return found


def _envelope(asked: Query[AnswerT] | Command[AnswerT], asking: str) -> Envelope:
    identity = new_id()
    return Envelope(
        id=identity,
        type=type(asked).contract_type,
        source=asking,
        key=None,
        time=0,
        correlation=identity,
        causation=None,
        trace=new_trace(),
        body=asked.model_dump_json().encode(),
        reply=True,
    )


def _answer(
    address: PeerAddress, asked: Query[AnswerT] | Command[AnswerT], reply: Reply
) -> AnswerT:
    if reply.outcome == "refused":
        raise Refused(reply.code, reply.detail)
    if reply.outcome == "unavailable":  # as it stops, say, or its database is away
        raise RequestError(
            f"module {address.module} cannot answer {type(asked).contract_type} now",
            reply.detail,
            "ask again later",
        )
    if reply.outcome != "answered":
        raise RequestFailed(
            f"module {address.module} does not answer {type(asked).contract_type}",
            reply.detail,
            "amphibus ps",
        )
    kind = type(asked).answer_type()
    assert kind is not None
    try:
        return kind.model_validate_json(reply.body)  # type: ignore[return-value]
    except ValidationError as error:
        raise RequestFailed(
            f"module {address.module} answers {type(asked).contract_type} in words that this version does not know",
            describe(error),
            "amphibus ps",
        ) from None


def _silent(address: PeerAddress, envelope: Envelope, seconds: float) -> RequestTimeout:
    return RequestTimeout(
        f"module {address.module} did not answer {envelope.type} within {seconds:g} s",
        f"its process at {address.host}:{address.port} is there and says nothing",
        "amphibus ps",
    )


def _gone(address: PeerAddress, error: BaseException) -> OwnerAway:
    return OwnerAway(
        f"module {address.module} is not at {address.host}:{address.port}",
        str(error) or type(error).__name__,
        "amphibus ps",
    )
