"""Ids of spans and traces as we choose them: a message carries the id of the span that sends it."""

import secrets
import threading

from opentelemetry.sdk.trace.id_generator import IdGenerator


class ChosenIds(IdGenerator):
    """Gives the next span of a thread the ids that were chosen for it, and others random ones."""

    def __init__(self) -> None:
        self._next = threading.local()

    def choose(self, trace_id: int, span_id: int) -> None:
        """Chooses the ids of the span that this thread begins next."""
        self._next.trace_id, self._next.span_id = trace_id, span_id

    def forget(self) -> None:
        """Chooses nothing any more."""
        self._next.trace_id = self._next.span_id = 0

    def generate_span_id(self) -> int:
        """Returns the chosen id, once, or a random one."""
        chosen: int = getattr(self._next, "span_id", 0)
        self._next.span_id = 0
        return chosen or secrets.randbits(64) or 1

    def generate_trace_id(self) -> int:
        """Returns the chosen id, once, or a random one."""
        chosen: int = getattr(self._next, "trace_id", 0)
        self._next.trace_id = 0
        return chosen or secrets.randbits(128) or 1
