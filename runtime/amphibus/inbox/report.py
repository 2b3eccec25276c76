"""What is said of an attempt once its transaction is committed."""

import time
from typing import Any

import structlog

from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Outcome
from amphibus.telemetry.logs import about
from amphibus.telemetry.metrics import Meters

_log: Any = structlog.get_logger()


def report_outcome(
    module: str, attempt: Attempt, outcome: Outcome, meters: Meters, now: int
) -> None:
    """Counts what an attempt came to, and logs what an operator should know."""
    envelope = attempt.envelope
    match outcome:
        case Outcome.HANDLED:
            late = (now - envelope.time) / 1_000_000
            meters.handled(module, envelope.type, time.perf_counter() - attempt.began, late)
        case Outcome.REPEATED:
            meters.repeated(module, envelope.type)
        case Outcome.REFUSED:
            meters.refused(module, envelope.type)
            code = attempt.reply.code if attempt.reply else ""
            with about(module, envelope):
                _log.info("message.refused", code=code)
        case Outcome.DELAYED:
            failpoint("delay.after")
            meters.delayed(module, envelope.type)
            with about(module, envelope):
                _log.warning("message.delayed", error=_error(attempt), attempt=attempt.failures)
        case Outcome.DEAD:
            failpoint("dead.after")
            meters.died(module, envelope.type)
            reason = attempt.failed.reason if attempt.failed else ""
            with about(module, envelope):
                _log.error(
                    "message.died",
                    reason=reason,
                    error=_error(attempt),
                    attempts=attempt.failures,
                )
        case _:
            pass


def _error(attempt: Attempt) -> str:
    return attempt.failed.error if attempt.failed else ""
