"""The gateway's view of the runtime: its own store, the answers of owners, requests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from amphibus.access.principal import Principal
from amphibus.contract import Message, Query
from amphibus.messages.envelope import Reply
from amphibus.routing.topology import Topology


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of the store on a write that wants to be accepted.

    * `new`: nothing; it is recorded now, and a stored command is in the outbox, durable;
    * `same`: accepted before with this body; `status`, `location` and `answer` are what was answered
      then, `status` 0 where no answer was recorded (it timed out, or the process died on it);
    * `running`: the same write is being worked on by another request right now;
    * `other_body`: its idempotency key was used with another body;
    * `other_content`: its business id was accepted with other content.

    `new`, and `same` with status 0, make it running until it is answered, abandoned or released.
    """

    state: Literal["new", "same", "running", "other_body", "other_content"]
    message_id: str = ""
    """Of `same`: what it was accepted as. A business id may repeat a request that had a key."""
    status: int = 0
    location: str | None = None
    answer: bytes = b""


class Acceptance(Protocol):
    """The gateway's side of the runtime."""

    topology: Topology

    def request_id(self, *parts: str) -> str:
        """Returns the message id of a request: the same for the same parts, and nobody outside can tell it."""
        ...

    async def accept(
        self,
        message: Message,
        *,
        message_id: str,
        key_identity: str | None,
        business_identity: str | None,
        digest: bytes,
        stored: bool,
        trace: str,
        location: str | None,
        principal: Principal,
    ) -> Verdict:
        """Records a write under its identities and, if `stored`, puts the command into the outbox, one commit.

        `key_identity` stands for (principal, route, Idempotency-Key), `business_identity` for (type, business id);
        either may be None. The same digest means the same canonical body. Under a business identity, what somebody
        else sent is other content.
        """
        ...

    async def answered(self, message_id: str, *, status: int, answer: bytes) -> None:
        """Records what was answered, for the next one who asks the same. Durable when it returns."""
        ...

    async def abandoned(self, message_id: str) -> None:
        """Forgets a decided write that was not done (its owner was away), so that it can be tried again."""
        ...

    def released(self, message_id: str) -> None:
        """Nobody works on the write any more, so that a repetition is not `running`; twice is once."""
        ...

    async def waiting(self, most: int) -> int:
        """Returns how many accepted commands have not left yet, counted no further than `most`."""
        ...

    async def owner_reply(self, message_id: str, timeout: float) -> Reply | None:  # noqa: ASYNC109
        """The owner's reply to a stored command, or None if it does not come within `timeout` seconds."""
        ...

    async def request(
        self,
        message: Message,
        *,
        message_id: str,
        timeout: float,  # noqa: ASYNC109
        trace: str,
        principal: Principal,
    ) -> bytes:
        """Asks the owner of a query or decided command; returns its answer's JSON, as the owner wrote it.

        Raises:
            Refused: the owner refuses.
            OwnerAway: nobody handles it at the moment; not done.
            RequestTimeout: it may have been done.
            RequestFailed: the owner failed.
        """
        ...

    async def ask_system(self, owner: str, asked: Query[Any], timeout: float) -> bytes:  # noqa: ASYNC109
        """Asks a module a system contract; returns its answer's JSON.

        Raises:
            RequestError: there is none.
        """
        ...

    def listen(self, identity: str, on_reply: Callable[[Reply], None] | None) -> str:
        """Calls `on_reply` once with what comes as a reply to an id, or never if it is None.

        Returns the address at which it comes; empty where all modules are in this process.
        """
        ...

    def store_failed(self, error: BaseException) -> None:
        """Notes that its store could not be used for a request: told once, then counted.

        It finds out by itself when the store can be used again.
        """
        ...

    async def undelivered(self, business_identity: str) -> Message | None:
        """The stored command accepted under this identity that has not reached its owner yet."""
        ...

    async def accepted_of(self, business_identity: str) -> Principal:
        """Whoever the write was for that was accepted under this identity; unknown if nobody knows any more."""
        ...

    async def accepted_as(self, business_identity: str) -> str | None:
        """The id of the message that was accepted under this identity and not refused, or None."""
        ...
