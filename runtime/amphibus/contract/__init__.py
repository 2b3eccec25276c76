"""The parts of a contract. They need Pydantic and nothing else, so that any producer can import them.

A contract is a frozen class in `contracts/<module>/v<N>.py`, one of three kinds:

* `Command[Answer]` asks its owner to do something (`Command[None]` where no answer is given),
* `Event` says that something happened to its owner,
* `Query[Answer]` asks its owner for something and changes nothing.

Parts and answers are `Value`s. Its name on the wire, `orders.PlaceOrder.v1`, is computed from where it stands.
"""

from amphibus.contract.fields import (
    Amount,
    Currency,
    DecimalString,
    Personal,
    Sku,
    personal_fields,
    problems_of_fields,
)
from amphibus.contract.http import Get, Http, Post
from amphibus.contract.kinds import Command, Event, Message, Query, Value, kind_of

__all__ = (
    "Amount",
    "Command",
    "Currency",
    "DecimalString",
    "Event",
    "Get",
    "Http",
    "Message",
    "Personal",
    "Post",
    "Query",
    "Sku",
    "Value",
    "kind_of",
    "personal_fields",
    "problems_of_fields",
)
