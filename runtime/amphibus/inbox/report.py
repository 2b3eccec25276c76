"""The outcome report: what is counted and logged of an attempt once its transaction is committed."""

import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt
from amphibus.inbox.outcome import Dead, Delayed, Handled, Outcome, Rejected, Repeated, Unanswered
from amphibus.messages.failure import FailedMessage
from amphibus.telemetry.logs import about
from amphibus.telemetry.metrics import Meters

if TYPE_CHECKING:
    from amphibus.telemetry.tracing.spans import Received

_log: Any = structlog.get_logger()
_STATES: Final = {Delayed: "delayed", Dead: "dead", Unanswered: "failed"}


def report_outcome(
    module: str, attempt: Attempt, outcome: Outcome, meters: Meters, now: int
) -> None:
    """Counts what an attempt came to, and logs what an operator should know."""
    envelope = attempt.envelope
    if isinstance(outcome, Delayed | Dead | Unanswered) and outcome.failure is not None:
        state = _STATES[type(outcome)]
        meters.last_failures.append(
            FailedMessage(module, envelope.type, envelope.id, envelope.key, state, outcome.failure)
        )
    match outcome:
        case Handled():
            late = (now - envelope.time) / 1_000_000
            took = time.perf_counter() - attempt.began
            meters.handled(module, envelope.type, took, late, envelope.trace)
        case Repeated():
            meters.repeated(module, envelope.type)
            with about(module, envelope):
                if outcome.conflicting:
                    _log.warning("message.conflicting", source=envelope.source)
                else:
                    _log.debug("message.repeated", source=envelope.source)
        case Rejected():
            meters.refused(module, envelope.type)
            with about(module, envelope):
                _log.info("message.refused", code=outcome.reply.code)
        case Delayed(failure, failures):
            failpoint("delay.after")
            meters.delayed(module, envelope.type)
            with about(module, envelope):
                _log.warning("message.delayed", error=failure.error, attempt=failures)
        case Dead(failure, failures):
            failpoint("dead.after")
            meters.died(module, envelope.type)
            with about(module, envelope):
                _log.error(
                    "message.died", reason=failure.reason, error=failure.error, attempts=failures
                )
        case _:
            pass


def end_span(span: "Received", outcome: Outcome) -> None:
    """Ends what was traced of an attempt."""
    failure = getattr(outcome, "failure", None)
    why = ("", "") if failure is None else (failure.reason, failure.error)
    span.settled(type(outcome).__name__.lower(), *why)
