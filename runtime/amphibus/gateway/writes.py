"""Commands over HTTP: done once, answered the same however often they are asked.

A *stored* command is accepted as soon as the gateway's own store has it; its owner may be away. A *decided* one is
accepted by its owner, or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Final, Protocol, TypeVar

from amphibus.access.principal import Principal
from amphibus.contract import Message
from amphibus.errors import OwnerAway, Refused, RequestFailed, RequestTimeout, StoreError
from amphibus.gateway.acceptance import Acceptance, Verdict
from amphibus.gateway.answers import HttpAnswer
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.door import Door, known_as
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.limits.backlog import Backlog
from amphibus.gateway.limits.bodies import LargeBodies
from amphibus.gateway.limits.quotas import Quotas
from amphibus.gateway.outcomes.waiting import WaitLimits
from amphibus.gateway.problems import (
    AWAY,
    FAILED,
    ID_TAKEN,
    KEY_REUSED,
    NO_ANSWER,
    RUNNING,
    Problem,
    refusal,
)
from amphibus.gateway.texts import read_object
from amphibus.messages.ids import derived_id, new_id
from amphibus.messages.json_text import LARGE_BYTES
from amphibus.routing.codec import fill, to_bytes

T = TypeVar("T")
SOON: Final = ((b"retry-after", b"1"),)
_REPLAYED: Final = ((b"idempotent-replayed", b"true"),)


class Limits(WaitLimits, Protocol):
    """The settings of the gateway that requests are held to."""

    @property
    def body_limit_bytes(self) -> int: ...  # noqa: D102
    @property
    def accept_within_seconds(self) -> float: ...  # noqa: D102
    @property
    def request_timeout_seconds(self) -> float: ...  # noqa: D102
    @property
    def page_limit(self) -> int: ...  # noqa: D102


class BodyLimits(Protocol):
    """The settings that bodies, and what waits already, are held to."""

    @property
    def body_seconds(self) -> float: ...  # noqa: D102
    @property
    def bodies_bytes(self) -> int: ...  # noqa: D102
    @property
    def waiting_messages(self) -> int: ...  # noqa: D102


class Intake:
    """The parts that all routes of commands share. Lives as long as the gateway."""

    def __init__(self, acceptance: Acceptance, limits: BodyLimits, quotas: Quotas) -> None:
        self.limits = limits
        self.quotas = quotas
        self.large = LargeBodies(lambda: limits.bodies_bytes)
        self.backlog = Backlog(acceptance.waiting)

    async def read(self, exchange: HttpExchange, limit: int, reading: Callable[[bytes], T]) -> T:
        """Takes a body in and returns what is read in it; others are served while a large one is.

        Raises:
            Problem: it is too large, came too slowly, or is not what `reading` wants.
            ClientGone: it never came whole.
        """
        size, within = exchange.body_size(limit), self.limits.body_seconds
        if size <= LARGE_BYTES:
            return reading(await exchange.body(limit, within))
        with self.large.room(size):
            body = await exchange.body(limit, within)
            return await self.large.read(partial(reading, body))


@dataclass(frozen=True, slots=True)
class Write:
    """A command, what it is known as, and what was sent."""

    message: Message
    id: str
    key_identity: str | None
    business_identity: str | None
    digest: bytes
    location: str | None
    repeatable: bool
    """True where a second request can ask for the same; only then is its answer remembered."""
    known_as: Callable[[str], Message]
    """Returns the message as it is under an id, which stands in it where the client names no id."""


class CommandEndpoint:
    """Answers the requests of one command's route."""

    def __init__(
        self,
        binding: RouteBinding,
        acceptance: Acceptance,
        limits: Limits,
        door: Door,
        intake: Intake,
    ) -> None:
        self._door = door
        self._intake = intake
        self._binding = binding
        self._acceptance = acceptance
        self.store_failed = acceptance.store_failed
        self.ends = binding.ends
        self._limits = limits

    async def __call__(self, exchange: HttpExchange) -> HttpAnswer:
        """Accepts a command.

        Raises:
            Problem: it was not accepted.
            ClientGone: it never came whole.
        """
        exchange.asked, exchange.unchanged = "write", True
        await self._door.let_in(exchange, self._binding.contract)
        limit = min(self._limits.body_limit_bytes, self._binding.http.body_bytes)
        write = await self._intake.read(exchange, limit, partial(self._read, exchange))
        exchange.request_id = write.id
        self._intake.quotas.another(write.message, exchange.principal, exchange.peer)
        if stored := self._binding.http.stored:
            await self._intake.backlog.another(self._intake.limits.waiting_messages)
        exchange.unchanged = False
        if stored or write.repeatable:
            verdict = await self._accept(write, exchange)
            if verdict.state == "same":
                exchange.request_id = verdict.message_id or write.id
                if verdict.status:
                    return _replay(verdict)
                write = self._as_accepted(write, exchange.request_id)
            elif verdict.state != "new":
                raise _not_accepted(verdict)
        try:
            if stored:
                return await self._stored(write, exchange)
            return await self._decided(write, exchange)
        finally:
            self._acceptance.released(write.id)

    def _read(self, exchange: HttpExchange, body: bytes) -> Write:
        binding = self._binding
        key = exchange.idempotency_key()
        values = binding.path_values(exchange.parameters)
        content, named = binding.content(read_object(body, binding.bounds), values)
        whose = known_as(exchange.principal)
        repeated = (
            None if key is None else (whose, f"{exchange.method} {binding.path(values)}", key)
        )
        message_id = self._acceptance.request_id(*repeated) if repeated else new_id()

        def known(identity: str) -> Message:
            return binding.command(content, None if named else identity, values)

        message = known(message_id)
        identity = None
        if binding.own_id is not None and (named or binding.http.location is not None):
            identity = binding.identity(getattr(message, binding.own_id))
        if named and identity is not None and key is None:
            message_id = self._acceptance.request_id(whose, identity)
        return Write(
            message=message,
            id=message_id,
            key_identity=f"key {derived_id(*repeated)}" if repeated else None,
            repeatable=key is not None or named,
            business_identity=identity,
            digest=sha256(content).digest(),
            location=binding.location(message),
            known_as=known,
        )

    def _as_accepted(self, write: Write, message_id: str) -> Write:
        """Returns a write as it was accepted, maybe under an id that was derived otherwise."""
        if message_id == write.id:
            return write
        message = write.known_as(message_id)
        return replace(write, message=message, location=self._binding.location(message))

    async def _accept(self, write: Write, exchange: HttpExchange) -> Verdict:
        try:
            return await self._acceptance.accept(
                write.message,
                message_id=write.id,
                key_identity=write.key_identity,
                business_identity=write.business_identity,
                digest=write.digest,
                stored=self._binding.http.stored,
                trace=exchange.trace,
                location=write.location,
                principal=exchange.principal,
            )
        except StoreError as error:
            self.store_failed(error)
            raise Problem(
                AWAY, "it could not be stored and was not accepted; try again", headers=SOON
            ) from None

    async def _stored(self, write: Write, exchange: HttpExchange) -> HttpAnswer:
        message_id = exchange.request_id
        within = self._limits.accept_within_seconds
        reply = await self._acceptance.owner_reply(message_id, within) if within else None
        if reply is not None and reply.outcome == "refused":
            said = self._refusal(reply.code, reply.detail, exchange.principal)
            answer = said.answer(message_id)
            return await self._recorded(write, message_id, answer)
        body = reply.body if reply is not None and reply.outcome == "answered" else b""
        return await self._done(write, message_id, body)

    async def _decided(self, write: Write, exchange: HttpExchange) -> HttpAnswer:
        message_id = exchange.request_id
        try:
            answer = await self._acceptance.request(
                write.message,
                message_id=message_id,
                timeout=self._limits.request_timeout_seconds,
                trace=exchange.trace,
                principal=exchange.principal,
            )
        except Refused as refused:
            problem = self._refusal(refused.code, refused.detail, exchange.principal)
            return await self._recorded(write, message_id, problem.answer(message_id))
        except OwnerAway:
            await self._forget(write, message_id)
            raise away("nothing was done; try again") from None
        except RequestFailed:
            await self._forget(write, message_id)
            raise Problem(FAILED, f"nothing was changed; the message is {message_id}") from None
        except RequestTimeout:
            again = "the same Idempotency-Key" if write.key_identity else "the same id"
            how = (
                f"ask again with {again} to get the answer"
                if write.repeatable
                else "read before you repeat it"
            )
            raise Problem(NO_ANSWER, f"it may have been done; {how}", headers=SOON) from None
        return await self._done(write, message_id, answer)

    def _refusal(self, code: str, detail: str, principal: Principal) -> Problem:
        return refusal(code, detail, self._binding.contract.contract_refuses).for_(
            principal, self._binding.contract
        )

    async def _done(self, write: Write, message_id: str, body: bytes) -> HttpAnswer:
        """The answer of the owner or, where there is none, one made of the command's own fields."""
        expected = self._binding.answer
        if not body:
            body = b"{}" if expected is None else to_bytes(fill(expected, write.message))
        status, location = self._binding.http.status, _location(write.location)
        return await self._recorded(write, message_id, HttpAnswer(status, body, location))

    async def _recorded(self, write: Write, message_id: str, answer: HttpAnswer) -> HttpAnswer:
        if write.repeatable:
            await self._acceptance.answered(message_id, status=answer.status, answer=answer.body)
        return answer

    async def _forget(self, write: Write, message_id: str) -> None:
        if write.repeatable:
            await self._acceptance.abandoned(message_id)


def away(consequence: str) -> Problem:
    """The owner cannot be asked."""
    return Problem(AWAY, f"who decides this is away; {consequence}", headers=SOON)


def _replay(verdict: Verdict) -> HttpAnswer:
    return HttpAnswer(
        verdict.status, verdict.answer, _REPLAYED + _location(verdict.location, verdict.status)
    )


def _location(path: str | None, status: int = 202) -> tuple[tuple[bytes, bytes], ...]:
    return () if path is None or status >= 400 else ((b"location", path.encode("ascii")),)


def _not_accepted(verdict: Verdict) -> Problem:
    if verdict.state == "running":
        return Problem(RUNNING, "ask again in a moment to get its answer", headers=SOON)
    if verdict.state == "other_body":
        return Problem(KEY_REUSED, "this Idempotency-Key was used with another body")
    return Problem(ID_TAKEN, "this id was used with other content")
