"""The tree of all errors that Amphibus raises.

AmphibusError
├── DeclarationError      front pages or contracts that do not fit together; all problems at once
├── NoProject             a folder without a project in or above it
├── ConfigError           a setting that is unknown or not allowed
├── Overtaken             a change of the settings before which another one came
├── StoreError            a database that cannot be used as it is
│   ├── NoStore           no module has made one there yet
│   ├── StoreInUse        another process has it
│   ├── StoreUnwritable   no right or no room to write
│   ├── StoreAway         its server does not answer
│   ├── NewerStore        written by a newer version
│   └── OlderStore        written by an older version, and not upgraded yet
├── Undeclared            a handler publishes, sends or asks what its front page does not declare
├── HandlerEnded          a context or session that was used after its handler had ended
├── OutlivesHandler       a statement that would change what later handlers do
├── Undecodable           a message whose type, version or body is not understood
├── Refused               a business refusal: an answer, not a failure
├── StaleRow              a row to be written that is gone, or that somebody else has changed
├── UnsavedRow            a row that a handler changed and did not save
├── Oversized             a message that is larger than its receivers take
├── Overdue               a handler that did not end in time
├── Unavailable           something outside is away: try again, no attempt spent
└── RequestError          a request without an answer
    ├── OwnerAway         nobody listens: not done
    ├── RequestTimeout    no answer in time: may have been done
    └── RequestFailed     the owner failed: its transaction was rolled back
"""

from collections.abc import Sequence


class AmphibusError(Exception):
    """The base of the tree. Each error says what happened, why, and what to type or change."""

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        """The text: what happened, then why and what to type, each on a line of its own."""
        more = (("why", self.why), ("fix", self.fix))
        return "\n".join((self.what, *(f"  {label}  {text}" for label, text in more if text)))

    @property
    def line(self) -> str:
        """The same as one sentence, for logs and tables."""
        said = f"{self.what}: {self.why}" if self.why else self.what
        return " ".join((f"{said}; {self.fix}" if self.fix else said).split())


class DeclarationError(AmphibusError):
    """Declarations that do not fit together. Nothing was started."""

    def __init__(self, problems: Sequence[str], fix: str = "") -> None:
        self.problems = tuple(problems)
        count = "1 declaration" if len(problems) == 1 else f"{len(problems)} declarations"
        why = "\n        ".join(self.problems)
        super().__init__(f"{count} cannot be right", why, fix or "amphibus check")


class NoProject(AmphibusError):
    """A folder that lies in no project. Nothing was done."""


class ConfigError(AmphibusError):
    """A setting that is unknown or not allowed. Nothing was started."""


class Overtaken(AmphibusError):
    """Somebody else has changed the settings meanwhile. Nothing was changed."""


class StoreError(AmphibusError):
    """A database that cannot be used as it is. Nothing was written."""


class NoStore(StoreError):
    """There is no database yet: no module has run there. Nothing was read."""


class StoreInUse(StoreError):
    """Another process works on this database. Nothing was written."""


class StoreUnwritable(StoreError):
    """The database's folder cannot be written. Nothing was written."""


class StoreAway(StoreError):
    """The database's server does not answer. The runtime retries until it does."""


class NewerStore(StoreError):
    """The database was written by a newer version than this one. Nothing was written."""


class OlderStore(StoreError):
    """An older version wrote the database, and nobody has upgraded it yet. Nothing was written."""


class Undeclared(AmphibusError):
    """A handler used a message that its module's front page does not declare. Its changes were rolled back."""


class HandlerEnded(AmphibusError):
    """A task outlived its handler and used its context or session. Nothing was written or sent."""


class OutlivesHandler(AmphibusError):
    """A handler's statement would change its connection for the handlers after it. It was not run."""


class Undecodable(AmphibusError):
    """A message whose type, version or body is not understood. It becomes a dead letter; a retry would be useless."""


class Refused(AmphibusError):
    """A business refusal, raised by a handler: its changes are rolled back and the sender gets the code.

    The same message asked again gets the same refusal. `code` is one of those its contract declares.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code.replace("_", " "))
        self.code = code
        self.detail = detail


class StaleRow(AmphibusError):
    """A row that a repository was to write is gone, or somebody else has changed it. Nothing was written."""


class UnsavedRow(AmphibusError):
    """A handler changed a row that a repository had given it, and did not save it. Its changes were rolled back."""


class Oversized(AmphibusError):
    """A handler published or sent a message larger than any receiver takes. Its changes were rolled back."""


class Overdue(AmphibusError):
    """A handler did not end in time. Its changes were rolled back; it is retried like any other failure."""


class Unavailable(AmphibusError):
    """A system outside is away. The message is retried later without spending an attempt.

    `retry_after` is in seconds; None leaves it to the module's backoff.
    """

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class RequestError(AmphibusError):
    """A request that got no answer. The subclasses say whether the work may have been done."""


class OwnerAway(RequestError):
    """Nobody handles this request at the moment. It was not done; trying again is safe."""


class RequestTimeout(RequestError):
    """No answer in time. The work may have been done; the same id asked again gets the same answer."""


class RequestFailed(RequestError):
    """The owner failed while it worked on the request. Its transaction was rolled back."""
