"""The parts of a contract. They need Pydantic and nothing else, so that any producer can import them.

A contract is a frozen class in `contracts/<module>/v<N>.py`, one of three kinds:

* `Command[Answer]` asks its owner to do something (`Command[None]` where no answer is given),
* `Event` says that something happened to its owner,
* `Query[Answer]` asks its owner for something and changes nothing.

Parts and answers are `Value`s. Its name on the wire, `orders.PlaceOrder.v1`, is computed from where it stands.
"""

from amphibus.contract.compatible import Compatibility, compatibility
from amphibus.contract.deprecation import Deprecated
from amphibus.contract.fields import Closed, problems_of_fields
from amphibus.contract.http import Get, Http, Post
from amphibus.contract.kinds import Command, Event, Message, Query, Value, kind_of
from amphibus.contract.moments import Day, Moment
from amphibus.contract.money import Amount, CentCurrency, Currency, DecimalString, Money
from amphibus.contract.personal import Personal, personal_fields, personal_marks
from amphibus.contract.rights import PUBLIC
from amphibus.contract.texts import EmailAddress, Key, LongText, ShortText, Sku, one_line

__all__ = (
    "PUBLIC",
    "Amount",
    "CentCurrency",
    "Closed",
    "Command",
    "Compatibility",
    "Currency",
    "Day",
    "DecimalString",
    "Deprecated",
    "EmailAddress",
    "Event",
    "Get",
    "Http",
    "Key",
    "LongText",
    "Message",
    "Moment",
    "Money",
    "Personal",
    "Post",
    "Query",
    "ShortText",
    "Sku",
    "Value",
    "compatibility",
    "kind_of",
    "one_line",
    "personal_fields",
    "personal_marks",
    "problems_of_fields",
)
