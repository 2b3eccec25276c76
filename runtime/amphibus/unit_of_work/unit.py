"""One unit of work in its writer's line, and who waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from amphibus.errors import StoreError
from amphibus.messages.envelope import Envelope
from amphibus.unit_of_work.transaction import Transaction


class Unit:
    """Something to do in a transaction. `done` has its result once that is durable."""

    __slots__ = ("about", "done", "flow", "job")

    def __init__(
        self,
        job: Callable[[Transaction], Awaitable[Any]],
        done: "asyncio.Future[Any]",
        about: Envelope | None,
        flow: str = "",
    ) -> None:
        self.job = job
        self.done = done
        self.about = about
        self.flow = flow

    def fail(self, error: BaseException) -> None:
        """Tells who waits for it why it failed."""
        if not self.done.done():
            self.done.set_exception(error)

    def end(self) -> None:
        """Tells who waits for it that it will not run. The message that it is about comes again by itself."""
        if self.about is not None:
            self.done.cancel()
        elif not self.done.done():
            self.done.set_exception(
                StoreError(
                    "this was not committed",
                    "the module was stopped before its turn came",
                    "send it again",
                )
            )
            self.done.exception()  # a unit that nobody waits for is no fault


class BatchFailed(Exception):
    """Carries why a batch was rolled back."""

    def __init__(self, cause: BaseException, *, begun: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.begun = begun
        """Returns whether there was a transaction, or not even that."""
