"""The requests of modules to each other on behalf of the runtime: types of its own namespace, beside all contracts.

Such a request travels as a query does. Whoever does not know a type says so, as of any other; a field that is not
known is passed over. A change that an older version would misread gets a new version in its type.
"""

from typing import Annotated, Final

from pydantic import BaseModel, Field

from amphibus.messages.cloudevents import LONGEST_ID

ARRIVED: Final = "amphibus.Arrived.v1"
"""Asks which of the asking module's messages have not arrived. The module is the sender of the request, and proved as
for every other; so nobody learns of another's messages."""
SYSTEM_REQUESTS: Final = frozenset({ARRIVED})
MOST_IDS: Final = 500

_Ids = Annotated[
    tuple[Annotated[str, Field(max_length=LONGEST_ID)], ...], Field(max_length=MOST_IDS)
]


class Arrived(BaseModel):
    """The ids of some messages to the module that is asked."""

    ids: _Ids


class NotArrived(BaseModel):
    """Those of them that are neither handled nor delayed nor dead there."""

    ids: _Ids
