"""The gateway's own store: what was accepted over HTTP, under every identity that could repeat it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from amphibus.access.api_keys import ApiKey
from amphibus.access.principal import (
    NOBODY,
    UNKNOWN_PRINCIPAL,
    Principal,
    attributes_of,
    principal_of,
)
from amphibus.access.request_ids import RequestIds
from amphibus.clock import Clock
from amphibus.contract import Message, Query
from amphibus.database.accepted import (
    accepted_as,
    accepted_for,
    insert_accepted,
    undelivered_command,
    withdraw_accepted,
)
from amphibus.database.envelope_rows import attributes_in
from amphibus.database.outbox import waiting_up_to
from amphibus.database.steering.api_keys import api_key
from amphibus.database.store import Store
from amphibus.errors import OwnerAway, Refused, RequestFailed
from amphibus.failpoints import failpoint
from amphibus.gateway.acceptance import Verdict
from amphibus.gateway.accepted_rows import digests_of, forget, keep_answer
from amphibus.gateway.door import known_as
from amphibus.messages.envelope import REPLY_TO, Envelope, Reply
from amphibus.messages.ids import new_id, new_trace, next_span
from amphibus.partitions.assignment import PartitionAssignment, partition_of
from amphibus.routing.codec import to_bytes
from amphibus.routing.topology import GATEWAY, Topology
from amphibus.telemetry.tracing import switch
from amphibus.transport import Bypassed, Transport
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_REFUSED_FROM: Final = 400  # statuses from here on say that it was not accepted


class AcceptedStore:
    """Keeps the promise of `acceptance.Acceptance` on a module's database. Lives as long as the gateway is hosted."""

    def __init__(
        self,
        *,
        topology: Topology,
        store: Store,
        writer: Writer,
        assignment: PartitionAssignment,
        transport: Transport,
        clock: Clock,
        ids: RequestIds,
    ) -> None:
        self.topology = topology
        self.request_id = ids.of
        self._store = store
        self._writer = writer
        self._assignment = assignment
        self._transport = transport
        self._bypass = transport.bypass if isinstance(transport, Bypassed) else None
        self._clock = clock
        self._running: set[str] = set()
        """Identities of writes that another request is working on."""
        self._worked_on: dict[str, list[str]] = {}
        """Those of each request, by the id that it came with: it alone gives them back."""
        self._replies: dict[str, asyncio.Future[Reply]] = {}

    async def accept(
        self,
        message: Message,
        *,
        message_id: str,
        key_identity: str | None,
        business_identity: str | None,
        digest: bytes,
        stored: bool,
        trace: str,
        location: str | None,
        principal: Principal = UNKNOWN_PRINCIPAL,
    ) -> Verdict:
        """Records a write under its identities and, if `stored`, puts the command into the outbox, one commit."""
        digests = digests_of(key_identity, business_identity, digest, known_as(principal))
        if self._running.intersection(digests):
            return Verdict("running")
        envelope = self._envelope(message, message_id, trace, principal) if stored else None
        reply_comes = stored
        if envelope is not None and self._sent_elsewhere(envelope):
            address = self._transport.requests.address
            reply_comes = bool(address)
            if address:
                envelope = replace(
                    envelope, extra=MappingProxyType({**envelope.extra, REPLY_TO: address})
                )
        job = partial(
            self._accept, digests, key_identity, message_id, digest, envelope, location, trace
        )
        self._running.update(digests)
        if reply_comes:
            self._expect(message_id)
        verdict = Verdict("running")
        try:
            verdict = await self._writer.submit(job, flow=message_id)
            failpoint("accept.after_commit")
        finally:
            if verdict.state == "new" or (verdict.state == "same" and not verdict.status):
                self._worked_on[message_id] = list(digests)
            else:
                self._running.difference_update(digests)
                self._expect_no_more(message_id)
        return verdict

    async def answered(self, message_id: str, *, status: int, answer: bytes) -> None:
        """Records what was answered, for the next one who asks the same."""
        await self._writer.submit(partial(keep_answer, message_id, status, answer), flow=message_id)
        self.released(message_id)

    async def abandoned(self, message_id: str) -> None:
        """Forgets a decided write that was not done."""
        await self._writer.submit(partial(forget, message_id), flow=message_id)
        self.released(message_id)

    def released(self, message_id: str) -> None:
        """Nobody works on the write any more; twice is once."""
        self._running.difference_update(self._worked_on.pop(message_id, ()))
        self._expect_no_more(message_id)

    async def waiting(self, most: int) -> int:
        """Returns how many accepted commands have not left yet, counted no further than `most`."""
        return await waiting_up_to(self._store.reader, most)

    async def owner_reply(self, message_id: str, timeout: float) -> Reply | None:  # noqa: ASYNC109
        """The owner's reply to a stored command, or None if it does not come within `timeout` seconds."""
        future = self._replies.get(message_id)
        if future is None:
            return None
        if self._bypass is not None and self._bypass.stands_still(GATEWAY):
            timeout = 0.0
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(future)
        except TimeoutError:
            return None
        finally:
            self._expect_no_more(message_id)

    async def request(
        self,
        message: Message,
        *,
        message_id: str,
        timeout: float,  # noqa: ASYNC109
        trace: str,
        principal: Principal = UNKNOWN_PRINCIPAL,
    ) -> bytes:
        """Asks the owner of a query or decided command; returns its answer's JSON, as the owner wrote it."""
        contract = type(message)
        owner = self.topology.owners.get(contract.contract_type)
        if owner is None:
            raise OwnerAway(f"nobody handles {contract.contract_type}")
        envelope = self._envelope(message, message_id, trace, principal)
        asking = self._transport.requests.request(owner, envelope, timeout)
        reply = await switch.asked(envelope, owner, trace, asking)
        match reply.outcome:
            case "answered":
                return reply.body
            case "refused":
                raise Refused(reply.code, reply.detail)
            case "unavailable":
                raise OwnerAway(f"module {owner} cannot do it now", reply.detail, "ask again later")
            case _:
                raise RequestFailed(
                    f"module {owner} failed",
                    reply.detail,
                    f"amphibus logs --correlation {message_id}",
                )

    async def ask_system(self, owner: str, asked: Query[Any], timeout: float) -> bytes:  # noqa: ASYNC109
        """Asks a module a system contract; returns its answer's JSON."""
        envelope = self._envelope(asked, new_id(), new_trace(), UNKNOWN_PRINCIPAL)
        reply = await self._transport.requests.request(owner, envelope, timeout)
        if reply.outcome != "answered":
            raise RequestFailed(f"{envelope.type} was not answered", reply.code or reply.detail)
        return reply.body

    def listen(self, identity: str, on_reply: Callable[[Reply], None] | None) -> str:
        """Calls `on_reply` once with what comes as a reply to an id; returns the address at which it comes."""
        self._transport.requests.expect_reply(identity, on_reply)
        return self._transport.requests.address

    def store_failed(self, error: BaseException) -> None:
        """Notes that its store could not be used; `host.readiness` finds out when it can be again."""
        self._store.health.failed(GATEWAY, error)

    async def undelivered(self, business_identity: str) -> Message | None:
        """The stored command accepted under this identity that has not reached its owner yet."""
        found = await undelivered_command(self._store.reader, business_identity)
        if found is None:
            return None
        contract, body = found
        return self.topology.contracts[contract].model_validate_json(body)

    async def api_key(self, identity: str) -> ApiKey | None:
        """The API key with that id."""
        return await api_key(self._store.reader, identity)

    async def accepted_of(self, business_identity: str) -> Principal:
        """Whoever the write was for that was accepted under this identity; unknown if nobody knows any more."""
        return principal_of(
            attributes_in(await accepted_for(self._store.reader, business_identity))
        )

    async def accepted_as(self, business_identity: str) -> str | None:
        """The id of the message that was accepted under this identity and not refused, or None."""
        known = await accepted_as(self._store.reader, business_identity)
        if known is None or (known.status or 0) >= _REFUSED_FROM:
            return None
        return known.message_id

    def _sent_elsewhere(self, envelope: Envelope) -> bool:
        """Says if another instance has the partition, and takes it out of the outbox that all share."""
        partition = partition_of(envelope.key, envelope.id, self._assignment.count)
        return partition not in self._assignment.owned

    def _envelope(
        self, message: Message, message_id: str, trace: str, principal: Principal
    ) -> Envelope:
        return Envelope(
            id=message_id,
            type=type(message).contract_type,
            source=GATEWAY,
            key=message.key_value(),
            time=self._clock.now(),
            correlation=message_id,
            causation=None,
            trace=trace if switch.spans is None else next_span(trace),
            body=to_bytes(message),
            reply=True,
            extra=NOBODY if principal is UNKNOWN_PRINCIPAL else attributes_of(principal),
        )

    async def _accept(
        self,
        digests: dict[str, bytes],
        key_identity: str | None,
        message_id: str,
        older: bytes,
        envelope: Envelope | None,
        location: str | None,
        trace: str,
        transaction: Transaction,
    ) -> Verdict:
        sql, now = transaction.sql, self._clock.now()
        for place, (identity, digest) in enumerate(digests.items()):
            if await insert_accepted(
                sql,
                identity=identity,
                message_id=message_id,
                digest=digest,
                accepted=now,
                location=location,
            ):
                continue
            for other in list(digests)[:place]:
                await withdraw_accepted(sql, other)
            known = await accepted_as(sql, identity)
            if known is None or known.digest not in (digest, older):
                return Verdict("other_body" if identity == key_identity else "other_content")
            return Verdict(
                "same", known.message_id, known.status or 0, known.location, known.answer or b""
            )
        if envelope is not None:
            contract = self.topology.contracts[envelope.type]
            transaction.send([(envelope, self.topology.destinations(contract))], within=trace)
            switch.takes_part(transaction.traces, trace)
        failpoint("accept.before_commit")
        return Verdict("new")

    def _expect(self, message_id: str) -> None:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[message_id] = future

        def arrived(reply: Reply) -> None:
            if not future.done():
                future.set_result(reply)

        self._transport.requests.expect_reply(message_id, arrived)

    def _expect_no_more(self, message_id: str) -> None:
        if self._replies.pop(message_id, None) is not None:
            self._transport.requests.expect_reply(message_id, None)
