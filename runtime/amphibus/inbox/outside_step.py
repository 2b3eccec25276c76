"""Runs the steps that call what is not ours (external calls, side effects), before the transaction."""

import asyncio
import inspect
from dataclasses import replace
from typing import Any

from amphibus.context import UNKNOWN, Outside
from amphibus.contract import Message
from amphibus.database.inbox import prior_outcome
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, Prepared
from amphibus.inbox.failures import failure_of
from amphibus.inbox.services import InboxServices
from amphibus.module import On
from amphibus.supervision import we_are_cancelled
from amphibus.telemetry.logs import about


class ExternalCallStep:
    """Makes the external calls (side effects) of one module: the steps that its front page calls `outside`."""

    def __init__(self, services: InboxServices) -> None:
        self._services = services

    async def __call__(self, attempt: Attempt) -> None:
        """Runs the step before the transaction, unless the message is known or must wait behind another."""
        prepared = attempt.prepared
        if prepared.entry is None or prepared.message is None or prepared.failure is not None:
            return
        if await self._needless(attempt):
            attempt.prepared = replace(prepared, call_skipped=True)
            return
        with about(self._services.module.name, attempt.envelope):
            try:
                failpoint("outside.before")
                call = self._result(prepared.entry.route, prepared.message, attempt)
                result = await (call if attempt.span is None else attempt.span.outside(call))
                attempt.prepared = replace(prepared, outside=result, call_skipped=False)
                failpoint("outside.after")
            except asyncio.CancelledError as error:
                if we_are_cancelled():
                    raise
                attempt.prepared = self._failed(attempt, error)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - any failure of the outside is this attempt's
                attempt.prepared = self._failed(attempt, error)

    def _failed(self, attempt: Attempt, error: BaseException) -> Prepared:
        prepared, policy = attempt.prepared, self._services.policies.of(attempt.route)
        return replace(prepared, failure=failure_of(error, prepared.message, policy))

    async def _result(self, route: On, message: Message, attempt: Attempt) -> Any:
        """Returns what the step returned, or UNKNOWN if it did not end in time."""
        envelope, services = attempt.envelope, self._services
        outside: Outside[Any] = Outside(
            envelope,
            services.container,
            lambda query, timeout: services.ask(query, timeout, envelope),
        )
        step: Any = route.outside
        who = services.identity(envelope)
        if attempt.in_thread is not None and not _is_coroutine_function(step):
            step = attempt.in_thread(step)
        call = services.journal.watched(who, _begun(step, message, outside))
        try:
            async with asyncio.timeout(services.policies.of(route).outside_timeout) as limit:
                return await call
        except TimeoutError:
            if limit.expired():
                return UNKNOWN
            raise

    async def _needless(self, attempt: Attempt) -> bool:
        if attempt.origin is Origin.DELAYED:
            return False
        return await prior_outcome(self._services.store.reader, attempt.envelope) is not None


async def _begun(step: Any, message: Message, outside: Outside[Any]) -> Any:
    """Runs a coroutine function here, and a plain one in a thread, where it may block."""
    if _is_coroutine_function(step):
        return await step(message, outside)
    returned = await asyncio.to_thread(step, message, outside)
    return await returned if inspect.isawaitable(returned) else returned


def _is_coroutine_function(step: Any) -> bool:
    return inspect.iscoroutinefunction(inspect.unwrap(step))
