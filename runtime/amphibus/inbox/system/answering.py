"""Answers what other modules and operators ask on behalf of the runtime; no handler of the module is involved."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog
from pydantic import ValidationError

from amphibus.access.refusal_counts import NOT_AUTHORIZED, Refusal
from amphibus.contract import Command, Value
from amphibus.database.acting.audit import note_act
from amphibus.database.acting.retrying import Overtaken
from amphibus.database.answers.acting import Acting
from amphibus.database.answers.audit import act_of
from amphibus.database.answers.letters import overtaken_by
from amphibus.database.answers.table import ACTS, act, answer
from amphibus.errors import RequestFailed
from amphibus.inbox.services import InboxServices
from amphibus.inbox.system.cancelling import Handle, cancel
from amphibus.messages.contracts.amphibus.v1 import (
    Arrived,
    CancelProcess,
    CheckArrived,
    FollowFlows,
    RetryDead,
    RevealPassed,
    TapMessages,
)
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.system_requests import SYSTEM_CONTRACTS, why_not_allowed
from amphibus.partitions.assignment import partition_of
from amphibus.routing.topology import GATEWAY
from amphibus.telemetry.privacy import describe
from amphibus.unit_of_work.transaction import Transaction

_log: Any = structlog.get_logger()
OfProcess = Mapping[type[Any], Callable[[Any], Awaitable[Value]]]
"""The answers that are not those of a store, by the contract."""


class SystemAnswers:
    """The answers of one module to system contracts. Lives as long as its receiver."""

    def __init__(self, services: InboxServices) -> None:
        self._services = services
        self._module = services.module.name
        self.of_process: OfProcess = {}
        """The answers of the process that hosts the module."""
        self.acts = False
        """True once the store may be changed; before that a process only answers."""
        self.handle: Handle = _nowhere
        """Handles a message to the module itself."""
        self.on_acted: Callable[[], None] = lambda: None
        """Called when the store was changed: something may be due."""

    async def __call__(self, envelope: Envelope) -> Reply | None:
        """Returns the reply to a system request; None if it is none that this version knows."""
        contract = SYSTEM_CONTRACTS.get(envelope.type)
        if contract is None:
            return None
        why = why_not_allowed(
            envelope.type, asking=envelope.source, asked=self._module, gateway=GATEWAY
        )
        if why:
            what, whom = NOT_AUTHORIZED, f"sender {envelope.source}"
            self._services.refusals.note(Refusal(what, whom, envelope.type, why))
            return Reply("refused", code="not_allowed", detail=why)
        try:
            return await self._reply(contract.model_validate_json(envelope.body), envelope)
        except RequestFailed as error:
            return Reply("failed", detail=error.line)
        except ValidationError as error:
            return Reply("failed", detail=f"{envelope.type} has {error.error_count()} wrong values")
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            return Reply("unavailable", detail=describe(error))

    async def _reply(self, asked: Any, envelope: Envelope) -> Reply:
        if isinstance(asked, Command) and not self.acts:
            return Reply("unavailable", detail=f"module {self._module} has not started yet")
        if isinstance(asked, CancelProcess):
            await self._services.writer.submit(partial(self._note_first, asked, None))
            self._note(asked)
            return await cancel(self._services, asked, envelope, self.handle)
        said = await self._said(asked, envelope)
        return Reply("answered", said.model_dump_json().encode())

    async def _said(self, asked: Any, envelope: Envelope) -> Value:
        if isinstance(asked, Arrived):
            asked = CheckArrived(sender=envelope.source, ids=asked.ids)
        if type(asked) in self.of_process:
            return await self.of_process[type(asked)](asked)
        if isinstance(asked, FollowFlows):
            outcomes, reader = self._services.outcomes, self._services.store.reader
            return await outcomes.follow(reader, asked, envelope.source)
        if isinstance(asked, TapMessages):
            return self._services.tap.tell(asked, self._services.codec.contract_of)
        if isinstance(asked, RevealPassed):
            revealed = self._services.tap.reveal(asked)
            await self._services.writer.submit(partial(self._note_first, asked, revealed))
            self._note(asked)
            return revealed
        if type(asked) in ACTS:
            return await self._act(asked)
        said: Value = await answer(self._services.store.reader, asked, self._acting())
        return said

    def _note(self, wanted: Any) -> None:
        what, why, who = type(wanted).__name__, getattr(wanted, "reason", ""), wanted.by.who
        _log.info("module.steered", module=self._module, what=what, why=why, who=who)

    async def _note_first(
        self, wanted: Command[Any], said: Value | None, transaction: Transaction
    ) -> None:
        """Adds an act to the audit before its effect: it is that of a message, which may be refused, or is seen."""
        await note_act(transaction.sql, act_of(wanted, said, self._services.clock.now()))

    def _acting(self, overtaken: Overtaken | None = None) -> Acting:
        services = self._services
        place = partial(partition_of, count=services.assignment.count)
        personal = services.module.personal
        return Acting(services.clock.now(), place, services.codec.contract_of, personal, overtaken)

    async def _act(self, wanted: Command[Any]) -> Value:
        """Changes the store by its one writer; this instance takes it in at once, the others within a second."""
        services, overtaken = self._services, None
        if isinstance(wanted, RetryDead):
            # The inbox may be long: it is not read while others wait to write.
            overtaken = await overtaken_by(services.store.reader, wanted)

        async def job(transaction: Transaction) -> Value:
            done: Value = await act(transaction.sql, wanted, self._acting(overtaken))
            return done

        done = await services.writer.submit(job)
        self._note(wanted)
        # It is done: who has asked is told so, also where it can only be taken in a second later.
        with contextlib.suppress(Exception):
            await services.pauses.look()
            await services.limits.look()
        self.on_acted()
        return done


async def _nowhere(envelope: Envelope) -> Reply:
    return Reply("unavailable", detail=f"nobody handles {envelope.type} yet")
