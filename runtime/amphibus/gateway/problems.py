"""The problem details (RFC 9457) with which an HTTP request is answered that is not done."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from amphibus.access.ownership import NOT_YOURS, sees_all
from amphibus.access.principal import Principal
from amphibus.contract import Message
from amphibus.contract.personal import field_of
from amphibus.contract.texts import SafeReason
from amphibus.contract.wording import details_of, in_words
from amphibus.gateway.answers import HttpAnswer
from amphibus.nearest import nearest

_MOST: Final = 1_000
_MOST_BUILT: Final = 2_000
"""Of more errors each takes time and memory, only to be left out."""
_LONGEST_NAME: Final = 100
Headers = tuple[tuple[bytes, bytes], ...]
Wrong = Mapping[str, str]
"""One wrong field: `{"field": ..., "message": ...}`."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A problem type: its name in the type URI, its usual status and its title."""

    name: str
    status: int
    title: str


MALFORMED: Final = ProblemKind("malformed", 400, "The request cannot be read")
UNAUTHORIZED: Final = ProblemKind("unauthorized", 401, "Say who you are")
FORBIDDEN: Final = ProblemKind("forbidden", 403, "Not allowed")
NOT_FOUND: Final = ProblemKind("not-found", 404, "There is nothing here")
METHOD: Final = ProblemKind("method-not-allowed", 405, "The method does not fit")
SLOW: Final = ProblemKind("body-too-slow", 408, "The body took too long")
HEAD_SLOW: Final = ProblemKind("head-too-slow", 408, "The head took too long")
RUNNING: Final = ProblemKind("running", 409, "The same request is being worked on")
ID_TAKEN: Final = ProblemKind("id-taken", 409, "The id is taken")
TOO_LARGE: Final = ProblemKind("too-large", 413, "The body is too large")
NOT_JSON: Final = ProblemKind("not-json", 415, "The body must be JSON")
INVALID: Final = ProblemKind("invalid", 422, "Fields are wrong")
KEY_REUSED: Final = ProblemKind("key-reused", 422, "The idempotency key was used before")
TOO_MANY: Final = ProblemKind("too-many-requests", 429, "Too many requests")
HEAD_TOO_LARGE: Final = ProblemKind("head-too-large", 431, "The head is too large")
REFUSED: Final = ProblemKind("refused", 409, "Refused")
FAULT: Final = ProblemKind("fault", 500, "A fault of ours")
FAILED: Final = ProblemKind("owner-failed", 502, "The work failed")
AWAY: Final = ProblemKind("away", 503, "Not possible at the moment")
BUSY: Final = ProblemKind("busy", 503, "Too much at the moment")
NOT_DONE: Final = ProblemKind("accepted-not-done", 503, "Accepted, and not done")
NO_ANSWER: Final = ProblemKind("no-answer", 504, "No answer in time")

KINDS: Final = (
    *(
        MALFORMED,
        UNAUTHORIZED,
        FORBIDDEN,
        NOT_FOUND,
        METHOD,
        SLOW,
        RUNNING,
        ID_TAKEN,
        TOO_LARGE,
        NOT_JSON,
        INVALID,
    ),
    *(KEY_REUSED, TOO_MANY, REFUSED, FAULT, FAILED, AWAY, BUSY, NOT_DONE, NO_ANSWER),
)


class Problem(Exception):
    """Ends the work on a request; becomes its answer."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        status: int | None = None,
        title: str | None = None,
        code: str | None = None,
        errors: Sequence[Wrong] = (),
        more_errors: int = 0,
        headers: Headers = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = status or kind.status
        self.title = title or kind.title
        self.code = code
        self.errors = errors
        self.more_errors = more_errors
        self.headers = headers

    def for_(self, principal: Principal, contract: type[Message]) -> "Problem":
        """Returns it for somebody who may see his own alone: what is another's looks as what is not there."""
        if self.status != NOT_FOUND.status or sees_all(principal, contract):
            return self
        return Problem(self.kind, self.title, status=self.status, title=self.title, code=self.code)

    def answer(self, request_id: str) -> HttpAnswer:
        """The answer; `instance` names this occurrence, for whoever looks for it in the logs."""
        body: dict[str, Any] = {
            "type": f"urn:amphibus:problem:{self.kind.name}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:uuid:{request_id}",
        }
        if self.code is not None:
            body["code"] = self.code
        if self.errors:
            body["errors"] = self.errors
        if self.more_errors:
            body["more_errors"] = self.more_errors
        return HttpAnswer(self.status, json.dumps(body).encode(), self.headers)


class ProjectCodeFailed(Exception):
    """Code of the project that the gateway calls has failed. Whatever it raised, no store of ours is to blame."""


def refusal(code: str, detail: str, statuses: Mapping[str, int]) -> Problem:
    """Returns what a business refusal becomes: the status that the contract declares for its code."""
    if code == NOT_YOURS and code not in statuses:
        statuses = {code: NOT_FOUND.status}
    title = code.replace("_", " ").capitalize()
    return Problem(
        REFUSED, detail or title, status=statuses.get(code, REFUSED.status), title=title, code=code
    )


def invalid(errors: Sequence[Wrong]) -> Problem:
    """Names every wrong field, up to a thousand of them."""
    count = "1 field is" if len(errors) == 1 else f"{len(errors)} fields are"
    more = max(0, len(errors) - _MOST)
    return Problem(INVALID, f"{count} wrong", errors=errors[:_MOST], more_errors=more)


def wrong(field: str, message: str) -> Wrong:
    """One wrong field."""
    return {"field": field, "message": message}


def wrong_fields(
    error: ValidationError, *, known: Iterable[str], personal: frozenset[str]
) -> list[Wrong]:
    """The fields that a validation found wrong, without a value and without Pydantic's own words.

    Args:
        error: what the validation raised.
        known: names of the outermost fields, for a misspelt one.
        personal: paths of the personal fields, whose values no message may repeat.

    Raises:
        Problem: they are too many to name.
    """
    if error.error_count() > _MOST_BUILT:
        count = error.error_count()
        raise Problem(
            INVALID, f"{count} fields are wrong, which is too many to name", more_errors=count
        )
    details = details_of(error)
    inner = {each["loc"][:depth] for each in details for depth in range(1, len(each["loc"]))}
    # A collection whose items are wrong is also said to be too short; that is only an echo.
    real = [each for each in details if each["type"] != "too_short" or each["loc"] not in inner]
    named = [
        wrong(path_of(each["loc"]), _message(each, tuple(known), personal)) for each in real[:_MOST]
    ]
    # What nobody will read needs no words, only a count.
    return named + [wrong("", "")] * (len(real) - len(named))


def path_of(place: Sequence[str | int]) -> str:
    """`lines[3].quantity`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step[:_LONGEST_NAME]}" if text else step[:_LONGEST_NAME]
    return text or "body"


def _message(error: ErrorDetails, known: Sequence[str], personal: frozenset[str]) -> str:
    kind, place = error["type"], error["loc"]
    if kind == "extra_forbidden":
        return in_words(error) + _hint(str(place[-1]), known if len(place) == 1 else ())
    # A union or a mapping puts a step of its own into the place.
    named = {field_of(path).rpartition(".")[2] for path in personal}
    safe = isinstance(error.get("ctx", {}).get("error"), SafeReason)
    if named & set(place) and kind in ("value_error", "assertion_error") and not safe:
        return "is not valid"
    return in_words(error)


def _hint(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else ""
