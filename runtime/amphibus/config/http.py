"""The settings of how much a client may ask over HTTP: connections, heads, bodies and rates."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from amphibus.config.hot import Hot
from amphibus.config.section import Positive, Seconds, Section
from amphibus.policy.rate import parse_rate


def _rate(given: str) -> str:
    try:
        if given != "off":
            parse_rate(given)
    except ValueError:
        raise PydanticCustomError("rate", "must be such as 50/s, 10/m, 5/h, or off") from None
    return given


Rate = Annotated[str, AfterValidator(_rate)]


class HttpSettings(Section):
    """The settings of how much a client may ask over HTTP."""

    connections: Positive = 10_000
    """Most connections; fewer where the process may open fewer files, of which some are kept for databases and
    broker."""
    connections_per_address: Positive = 2_000
    """Most of them from one address, and never more than half of all; not of the proxy of `access.proxy_address`."""
    head_bytes: Annotated[int, Field(ge=1_024, le=262_144)] = 16_384
    """Largest head of a request, its path included."""
    head_fields: Annotated[int, Field(ge=10, le=10_000)] = 100
    """Most fields of a head."""
    head_seconds: Seconds = 10.0
    """Time in which a head must come whole."""
    body_seconds: Seconds = 30.0
    """Time in which a body must come whole, and in which an answer must be taken."""
    idle_seconds: Seconds = 20.0
    """Time for which a connection is kept that asks nothing."""
    bodies_bytes: Positive = 33_554_432
    """Most bytes of large bodies in memory at a time; others are told to come again."""
    read_rate: Annotated[Rate, Hot()] = "2000/s"
    """Most reads of one principal, and of one address; `off`: no limit. As many may come at once."""
    write_rate: Annotated[Rate, Hot()] = "500/s"
    """The same of commands."""
    wait_rate: Annotated[Rate, Hot()] = "100/s"
    """The same of requests that wait, and of streams of events."""
    waiting_messages: Annotated[int, Field(ge=0), Hot("messages")] = 1_000_000
    """Most messages in the gateway's outbox; beyond it, stored commands are answered 503. 0: no limit."""
