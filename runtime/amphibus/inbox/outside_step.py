"""Runs the steps that call what is not ours, before the transaction."""

import asyncio
from collections.abc import Callable
from typing import Any

from amphibus.context import UNKNOWN, Outside
from amphibus.contract import Query
from amphibus.database.inbox import prior_outcome
from amphibus.database.store import Store
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, failure_of
from amphibus.messages.envelope import Envelope
from amphibus.telemetry.logs import about
from amphibus.unit_of_work.crash_journal import CrashJournal

Ask = Callable[[Query[Any], float, Envelope], Any]


class ExternalCallStep:
    """The outside steps of one module."""

    def __init__(
        self, module: str, store: Store, container: Any, *, journal: CrashJournal, ask: Ask
    ) -> None:
        self._module = module
        self._store = store
        self._container = container
        self._journal = journal
        self._ask = ask

    async def __call__(self, attempt: Attempt) -> None:
        """Runs the step before the transaction, unless the message is known or must wait behind another."""
        entry, message, envelope = attempt.entry, attempt.message, attempt.envelope
        if entry is None or message is None or entry.route.outside is None:
            return
        attempt.call_skipped = await self._needless(attempt)
        if attempt.call_skipped:
            return
        outside: Outside[Any] = Outside(
            envelope, self._container, lambda query, timeout: self._ask(query, timeout, envelope)
        )
        with about(self._module, envelope):
            try:
                failpoint("outside.before")
                with self._journal.running((self._module, envelope.source, envelope.id)):
                    async with asyncio.timeout(entry.route.outside_timeout) as limit:
                        attempt.outside = await entry.route.outside(message, outside)
                failpoint("outside.after")
            except TimeoutError as error:
                if limit.expired():
                    attempt.outside = UNKNOWN
                else:
                    attempt.given_up = failure_of(error, message)
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                attempt.given_up = failure_of(error, message)
            except Exception as error:  # noqa: BLE001 - any failure of the outside is this attempt's
                attempt.given_up = failure_of(error, message)

    async def _needless(self, attempt: Attempt) -> bool:
        if attempt.origin is Origin.DELAYED:
            return False
        return await prior_outcome(self._store.reader, attempt.envelope) is not None
