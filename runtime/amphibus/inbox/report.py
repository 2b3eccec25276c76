"""The outcome report: what is counted and logged of an attempt once its transaction is committed."""

import time
from collections.abc import Callable
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
UNKNOWN: Final = "unknown"
"""Stands in the metrics for all types that no contract has: who sends them makes up as many as he likes."""
_STATES: Final = {Delayed: "delayed", Dead: "dead", Unanswered: "failed"}


def report_outcome(
    module: str,
    attempt: Attempt,
    outcome: Outcome,
    meters: Meters,
    now: int,
    contract_of: Callable[[str], object | None],
) -> None:
    """Counts what an attempt came to, and logs what an operator should know."""
    envelope, kind = attempt.envelope, _kind(attempt, contract_of)
    if isinstance(outcome, Delayed | Dead | Unanswered) and outcome.failure is not None:
        state = _STATES[type(outcome)]
        meters.last_failures.append(
            FailedMessage(module, envelope.type, envelope.id, envelope.key, state, outcome.failure)
        )
    match outcome:
        case Handled():
            late = (now - envelope.time) / 1_000_000
            took = time.perf_counter() - attempt.began
            meters.handled(module, kind, took, late, envelope.trace)
        case Repeated():
            meters.repeated(module, kind)
            with about(module, envelope):
                if outcome.conflicting:
                    _log.warning("message.conflicting", source=envelope.source)
                else:
                    _log.debug("message.repeated", source=envelope.source)
        case Rejected():
            meters.refused(module, kind)
            with about(module, envelope):
                _log.info("message.refused", code=outcome.reply.code)
        case Delayed(failure, failures):
            failpoint("delay.after")
            meters.delayed(module, kind)
            with about(module, envelope):
                _log.warning("message.delayed", error=failure.error, attempt=failures)
        case Dead(failure, failures):
            failpoint("dead.after")
            meters.died(module, kind)
            with about(module, envelope):
                _log.error(
                    "message.died", reason=failure.reason, error=failure.error, attempts=failures
                )
        case _:
            pass


def _kind(attempt: Attempt, contract_of: Callable[[str], object | None]) -> str:
    """Returns the type under which an attempt is counted."""
    type_ = attempt.envelope.type
    ours = attempt.of_timer and attempt.arrived is None
    return type_ if ours or contract_of(type_) is not None else UNKNOWN


def end_span(span: "Received", outcome: Outcome) -> None:
    """Ends what was traced of an attempt."""
    failure = getattr(outcome, "failure", None)
    why = ("", "") if failure is None else (failure.reason, failure.error)
    span.settled(type(outcome).__name__.lower(), *why)
