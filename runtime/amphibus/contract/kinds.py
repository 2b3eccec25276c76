"""The three kinds of message and the values that they carry."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from amphibus.contract.deprecation import Deprecated
from amphibus.contract.http import Http

Kind = Literal["command", "event", "query"]
AnswerT = TypeVar("AnswerT", covariant=True)

_VERSION_FILE = re.compile(r"v[1-9][0-9]*")


class Value(BaseModel):
    """A frozen part of a message, or the answer to one. Unknown fields of newer senders are ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        defer_build=True,
    )


class Message(Value):
    """The base of all contracts: a name on the wire, a key that orders it, and its bindings.

    Class keywords, all optional:

    * `key`: the field whose messages are handled in order, e.g. `"order_id"`;
    * `http`: the route, see `Get` and `Post`;
    * `refuses`: the codes that its owner may refuse it with, each with its HTTP status;
    * `follows`: of a stored command, the events that tell its outcome, which a client may wait for;
    * `example`: a complete example of the payload, shown in the API's documentation and tested;
    * `deprecated`: since when it should not be used any more, and until when it works;
    * `requires`: the right that its route needs, e.g. `"orders:place"`, or `PUBLIC`;
    * `owned_by`: whose the object is: a field of the message, or the name under which `on(..., owner=)` finds it.
    """

    contract_type: ClassVar[str] = ""
    contract_owner: ClassVar[str] = ""
    contract_name: ClassVar[str] = ""
    contract_version: ClassVar[int] = 0
    contract_key: ClassVar[str | None] = None
    contract_http: ClassVar[Http | None] = None
    contract_refuses: ClassVar[Mapping[str, int]] = {}
    contract_follows: ClassVar[tuple[type["Event"], ...]] = ()
    contract_example: ClassVar[Mapping[str, Any] | None] = None
    contract_deprecated: ClassVar[Deprecated | None] = None
    contract_requires: ClassVar[str | None] = None
    contract_owned_by: ClassVar[str | None] = None

    def __init_subclass__(
        cls,
        *,
        key: str | None = None,
        http: Http | None = None,
        refuses: Mapping[str, int] | None = None,
        follows: tuple[type["Event"], ...] = (),
        example: Mapping[str, Any] | None = None,
        deprecated: Deprecated | None = None,
        requires: str | None = None,
        owned_by: str | None = None,
        **config: Any,
    ) -> None:
        """Names the contract after its place and keeps its bindings."""
        super().__init_subclass__(**config)
        place = cls.__module__.split(".")
        parametrised = "[" in cls.__name__
        if len(place) > 1 and _VERSION_FILE.fullmatch(place[-1]) and not parametrised:
            cls.contract_owner, version = place[-2:]
            cls.contract_name = cls.__name__
            cls.contract_version = int(version[1:])
            cls.contract_type = f"{cls.contract_owner}.{cls.__name__}.{version}"
        cls.contract_key = key
        cls.contract_http = http
        cls.contract_refuses = dict(refuses or {})
        cls.contract_follows = follows
        cls.contract_example = example
        cls.contract_deprecated = deprecated
        cls.contract_requires = requires
        cls.contract_owned_by = owned_by

    def key_value(self) -> str | None:
        """The value of the key field as text, or None where there is no key or the sender left it open."""
        name = type(self).contract_key
        value = None if name is None else getattr(self, name)
        return None if value is None else str(value)

    @classmethod
    def answer_type(cls) -> type[Value] | None:
        """The class of the answer that `Command[...]` or `Query[...]` was declared with."""
        for base in cls.__mro__:
            generic = getattr(base, "__pydantic_generic_metadata__", None)
            if generic and generic["origin"] in (Command, Query):
                answer = generic["args"][0]
                return answer if isinstance(answer, type) and issubclass(answer, Value) else None
        return None


class Command(Message, Generic[AnswerT]):
    """Asks its owner to do something; handled once, answered with an `AnswerT` or refused."""


class Query(Message, Generic[AnswerT]):
    """Asks its owner for an `AnswerT`; changes nothing and is not kept."""


class Event(Message):
    """Something that happened, said by its owner in the past tense to whoever subscribes."""


def kind_of(contract: type[Message]) -> Kind:
    """The kind of a contract.

    Raises:
        TypeError: the class is none of the three kinds.
    """
    for base, kind in ((Command, "command"), (Event, "event"), (Query, "query")):
        if issubclass(contract, base):
            return kind  # type: ignore[return-value]
    message = f"{contract.__qualname__} is neither a Command, an Event nor a Query"
    raise TypeError(message)
