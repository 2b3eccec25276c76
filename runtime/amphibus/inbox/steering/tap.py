"""A wire tap: shows the messages of a module to who asks for them as they pass, and changes nothing about them.

Messages are remembered only while somebody asks, and so many at most: who looks slowly misses some and is told how
many, and who has gone is forgotten. While nobody looks, a message costs one look at a flag.
"""

from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from amphibus.clock import SECOND, Clock
from amphibus.contract import Message
from amphibus.inbox.attempt import Attempt
from amphibus.inbox.outcome import (
    Dead,
    Delayed,
    Handled,
    Held,
    Outcome,
    Rejected,
    Repeated,
    Unanswered,
)
from amphibus.messages.contracts.amphibus.passing import (
    MessagesPassed,
    PassedMessage,
    PassedRevealed,
    PayloadOfPassed,
)
from amphibus.messages.contracts.amphibus.v1 import RevealPassed, TapMessages
from amphibus.messages.envelope import Envelope, Reply
from amphibus.telemetry.privacy import masked_payload

_OPEN: Final = 10 * SECOND
"""The time for which messages are remembered after a question."""
_MOST: Final = 1_000
_LONGEST: Final = 16_384
"""Bytes of a payload that is remembered."""
_MOST_BYTES: Final = 1 << 20
"""Bytes of all payloads that are remembered."""
_LONGEST_ERROR: Final = 500
_WILD: Final = frozenset("*?[")
_NAMES: Final = {
    Handled: "handled",
    Rejected: "refused",
    Repeated: "repeated",
    Delayed: "delayed",
    Held: "held",
    Dead: "dead",
    Unanswered: "failed",
}
ContractOf = Callable[[str], type[Message] | None]


class _Passed(NamedTuple):
    number: int
    envelope: Envelope
    """Without its payload, which may be long."""
    body: bytes | None
    size: int
    done: int
    attempts: int
    outcome: str
    error: str


class Tap:
    """The messages that one instance of a module was done with last. Lives as long as its receiver."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.watched = False
        """True while somebody asks: nothing is remembered otherwise."""
        self._until = 0
        self._count = 0
        self._bytes = 0
        self._passed: deque[_Passed] = deque()

    def settled(self, attempt: Attempt, outcome: Outcome) -> None:
        """Remembers a message whose attempt was committed; what goes on at once, or elsewhere, is none yet."""
        name = _NAMES.get(type(outcome))
        if name is not None:
            self._note(attempt.envelope, name, attempt.spent, _error_of(outcome))

    def answered(self, envelope: Envelope, reply: Reply) -> None:
        """Remembers a query."""
        self._note(envelope, reply.outcome, 0, reply.code or reply.detail)

    def tell(self, asked: TapMessages, contract_of: ContractOf) -> MessagesPassed:
        """Answers who looks: the newest of those behind a number, if there are more than are wanted."""
        self.watched, self._until = True, self._clock.now() + _OPEN
        oldest = self._passed[0].number if self._passed else self._count + 1
        found = list(self._wanted(asked))
        told = found[-asked.limit :]
        fallen = max(0, oldest - 1 - asked.after) if asked.after else 0
        return MessagesPassed(
            messages=tuple(_told(each, contract_of, bodies=asked.bodies) for each in told),
            last=self._count,
            missed=fallen + (len(found) - len(told) if asked.after else 0),
        )

    def reveal(self, wanted: RevealPassed) -> PassedRevealed:
        """Returns payloads as they came; they are shown to nobody before the audit has it."""
        ids = frozenset(wanted.ids)
        return PassedRevealed(
            payloads=tuple(
                PayloadOfPassed(id=each.envelope.id, body=b64encode(each.body))
                for each in self._passed
                if each.envelope.id in ids and each.body is not None
            )
        )

    def _note(self, envelope: Envelope, outcome: str, attempts: int, error: str) -> None:
        now = self._clock.now()
        if now > self._until:
            self._close()
            return
        self._count += 1
        body = envelope.body if len(envelope.body) <= _LONGEST else None
        head, size = replace(envelope, body=b"", decoded=[]), len(envelope.body)
        passed = _Passed(
            self._count, head, body, size, now, attempts, outcome, error[:_LONGEST_ERROR]
        )
        self._passed.append(passed)
        self._bytes += len(body or b"")
        while len(self._passed) > _MOST or self._bytes > _MOST_BYTES:
            self._bytes -= len(self._passed.popleft().body or b"")

    def _close(self) -> None:
        self.watched = False
        self._passed.clear()
        self._bytes = 0

    def _wanted(self, asked: TapMessages) -> Iterator[_Passed]:
        pattern = asked.pattern.lower()
        pattern = pattern if _WILD & set(pattern) else f"*{pattern}*"
        for each in self._passed:
            envelope = each.envelope
            if (
                each.number > asked.after
                and asked.key in (None, envelope.key)
                and asked.correlation in (None, envelope.correlation)
                and fnmatchcase(envelope.type.lower(), pattern)
            ):
                yield each


def _error_of(outcome: Outcome) -> str:
    if isinstance(outcome, Rejected):
        return outcome.reply.code
    if isinstance(outcome, Held):
        return outcome.why
    failure = getattr(outcome, "failure", None)
    return "" if failure is None else str(failure.error)


def _told(passed: _Passed, contract_of: ContractOf, *, bodies: bool) -> PassedMessage:
    envelope, body, masked = passed.envelope, None, False
    if bodies and passed.body is not None:
        body, masked = masked_payload(passed.body, contract_of(envelope.type))
    return PassedMessage(
        number=passed.number,
        id=envelope.id,
        type=envelope.type,
        source=envelope.source,
        key=envelope.key,
        correlation=envelope.correlation,
        sent=envelope.time,
        done=passed.done,
        attempts=passed.attempts,
        outcome=passed.outcome,
        error=passed.error,
        size=passed.size,
        body=None if body is None else b64encode(body),
        masked=masked,
    )
