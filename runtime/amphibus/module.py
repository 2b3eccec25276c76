"""A module's front page: every message it sends or receives, checked before anything runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from amphibus.contract import Message, Value
from amphibus.errors import DeclarationError
from amphibus.policy import OnDead, Policy, Quota, Retries
from amphibus.schedule.declared import Every, every

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy import MetaData  # who looks at contracts alone loads no database
    from sqlmodel import SQLModel

__all__ = (
    "Convert", "Every", "Module", "On", "OutsideStep", "Person", "PersonalRows", "convert", "every",
    "on",
)  # fmt: skip

M = TypeVar("M", bound=Message)
N = TypeVar("N", bound=Message)
NOTHING_SAID: Final = Policy()
AS_USUAL: Final = Retries()
Handler = Callable[[M, Any], Awaitable[Any]]
Owner = Callable[[M, Any], Awaitable[str | None]]
"""Finds whose an object is, in the transaction of the handler."""
OutsideStep = Callable[[M, Any], Any]
"""A coroutine function, or a plain one, which runs in a thread and so may block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class On:
    """One row of the routing table, made by `on`."""

    contract: type[Message]
    handler: Handler[Any]
    outside: OutsideStep[Any] | None = None
    policy: Policy = NOTHING_SAID
    """What it says of how the message is handled."""
    owner: Owner[Any] | None = None
    quota: Quota | None = None


def on(
    contract: type[M],
    handler: Handler[M],
    *,
    outside: OutsideStep[M] | None = None,
    outside_timeout: float | None = None,
    timeout: float | None = None,
    on_dead: OnDead | None = None,
    retries: Retries = AS_USUAL,
    at_most: int | None = None,
    rate: str | None = None,
    per: str | Callable[[M], object] | None = None,
    owner: Owner[M] | None = None,
    quota: Quota | None = None,
) -> On:
    """Routes a contract to a handler, `async (message, context)`.

    What is left out is as the module's `policy` says, or else the settings; the configuration may say it anew under
    `[modules.<name>.policies."<type>"]`.

    Args:
        contract: the message to handle.
        handler: runs inside the transaction; awaits nothing but its own database. A `Process` is one too.
        outside: runs before the transaction, `(message, outside)`; calls other systems, idempotent by message id.
            A coroutine function runs on the loop and must not block it; a plain function runs in a thread.
            Its result is `context.outside` of the handler.
        outside_timeout: seconds until the result is `UNKNOWN`; 10 if nobody says.
        timeout: seconds until the handler has failed.
        owner: finds whose the object is that the message is about, `async (message, context)`, for a contract with
            `owned_by`; None if there is no such object.
        on_dead: `continue` or `block`: later messages of a dead one's key go on or wait behind it.
        retries: what follows from failures, such as `Retries(attempts=5, dead=(CardStolen,))`.
        at_most: so many at once, in all instances together, each with its outside step and until its commit.
        rate: so many in a time, in all instances together: `50/s`, `10/m`, `5/h`, `1/d`.
        per: a field of the message, or a function of it: `at_most` and `rate` count for each of its values.
        quota: so many over HTTP, of a command with a route; one more is refused: `Quota("5/h", per="customer_id")`.
    """
    policy = Policy(
        retries=retries,
        on_dead=on_dead,
        timeout=timeout,
        outside_timeout=outside_timeout,
        at_most=at_most,
        rate=rate,
        per=per,
    )
    return On(
        contract=contract,
        handler=handler,
        outside=outside,
        policy=policy,
        owner=owner,
        quota=quota,
    )


@dataclass(frozen=True, slots=True)
class Convert:
    """A converter from one version of a contract to another, made by `convert`."""

    source: type[Message]
    target: type[Message]
    using: Callable[[Any], Message]
    answer: Callable[[Any], Value] | None = None


def convert(
    source: type[M],
    target: type[N],
    using: Callable[[M], N],
    *,
    answer: Callable[[Any], Value] | None = None,
) -> Convert:
    """Declares a converter between two versions of one contract that the module owns.

    Converted from an old command or query to the handled one, the module still accepts the old version.
    Converted from a published event to an older one, it still publishes the older one to its subscribers.
    `answer` takes the handler's answer back to that of the old version, where they differ.
    """
    return Convert(source, target, using, answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRows:
    """Declares whose the rows of a table are, and what goes when the person is erased."""

    table: "type[SQLModel]"
    whose: tuple[str, ...]
    """The columns that name the person: a row is of whoever stands in one of them."""
    erases: tuple[str, ...]
    """The columns whose values are replaced; those of `whose` among them."""
    stays: str = ""
    """What stays of the row, and why: it is told to whoever erases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The person whom a module is to forget."""

    subject: str
    values: frozenset[str]
    """All texts that tell the person, such as mail addresses, as messages said them."""
    replacement: str


Forget = Callable[[Person, Any], Awaitable[int]]
"""Deletes what the module's adapters keep of a person, `async (person, container)`; returns how many things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A business capability: the messages it sends and receives, and the container that builds its parts."""

    name: str
    container: type[Any] | None = None
    """A synchronous `dependency_injector` container, made once a process with the module's settings as `config`."""
    handles: tuple[On, ...] = ()
    """Own commands and queries."""
    subscribes: tuple[On, ...] = ()
    """Events of others."""
    publishes: tuple[type[Message], ...] = ()
    """Own events."""
    sends: tuple[type[Message], ...] = ()
    """Commands of others."""
    asks: tuple[type[Message], ...] = ()
    """Queries of others, asked in `outside` steps only."""
    converts: tuple[Convert, ...] = ()
    schedules: tuple[Every, ...] = ()
    """Own commands that it gets at certain times, each made by `every`."""
    purposes: tuple[str, ...] = ()
    """The purposes for which it reads personal data, in the words of the contracts that bring it."""
    ignores: tuple[str, ...] = ()
    """Categories of personal data that its messages bring and that it does not read."""
    personal: tuple[PersonalRows, ...] = ()
    """Its own tables with personal data, and whose that is."""
    forget: Forget | None = None
    """Deletes what it keeps of a person outside of its database."""
    policy: Policy = NOTHING_SAID
    """What holds for each of its messages whose `on` says nothing else."""
    tables: "MetaData | None" = None
    """The module's own tables, kept by the migrations beside its front page."""

    def __post_init__(self) -> None:
        """Finds the comma that is missing from `(on(...))`.

        Raises:
            DeclarationError: a list of the page is not a tuple.
        """
        lists = (
            "handles", "subscribes", "publishes", "sends", "asks", "converts", "schedules", "purposes",
            "ignores", "personal",
        )  # fmt: skip
        wrong = [each for each in lists if not isinstance(getattr(self, each), tuple)]
        if wrong:
            raise DeclarationError(
                [
                    f"module {self.name}: {each}=(...) is not a tuple: a single entry ends with a comma"
                    for each in wrong
                ]
            )

    @property
    def settings(self) -> "type[BaseModel] | None":
        """The model of its settings, which its container declares; None where it has none."""
        return getattr(self.container, "settings", None)

    @property
    def routes(self) -> tuple[On, ...]:
        """All rows of the routing table."""
        return self.handles + self.subscribes
