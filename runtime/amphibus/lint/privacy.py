"""The rules of personal data: marked, with a purpose, and never where everybody looks."""

import re
from collections.abc import Iterator
from typing import Final

from amphibus.contract.personal import field_of
from amphibus.lint.persons import tells_a_birth, tells_a_person, tells_several
from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import FieldAt, Subject

_DATES: Final = ("date", "date-time", "local-date-time", "time", "duration")
_SECRET: Final = re.compile(
    r"(\w+_)?(password|passphrase|secret|pin|pan|cvv|cvc|card_number|ssn|private_key)"
)


@rule(
    "L080",
    "error",
    "What tells a person is marked as personal data",
    why="The mark keeps it out of logs, traces, dead letters and labels; without it a telephone number is logged.",
    fix='Declare Annotated[..., Personal("contact", purpose="...")].',
    fails="""
        class RegisterCustomer(Command[None], key="customer_id"):
            customer_id: UUID
            email: EmailAddress
        """,
    passes="""
        class RegisterCustomer(Command[None], key="customer_id"):
            customer_id: UUID
            email: Annotated[EmailAddress, Personal("contact")]
        """,
)
def _marked(subject: Subject) -> Iterator[Problem]:
    marked = set(map(field_of, subject.marks))
    for each in subject.fields:
        if not marked.intersection(_around(each.where)):
            names = dict.fromkeys((each.name, each.place.schema.get("x-name", each.name)))
            for name in names:
                if tells_a_person(name) and _may_tell(name, each):
                    yield each.where, f"{name} is not marked as personal data"
                    break


def _around(where: str) -> Iterator[str]:
    """The field and the values that it stands in: what is marked as a whole is masked as a whole."""
    steps = where.split(".")
    yield from (field_of(".".join(steps[:end])) for end in range(1, len(steps) + 1))


def _may_tell(name: str, field: FieldAt) -> bool:
    """Yes or no, a word of a list, an id and a day tell no person, and an object tells it by its fields."""
    kinds = {each.kind for each in field.values}
    if kinds <= {"enum", "boolean", "object"}:
        return False
    if kinds == {"integer"} and tells_several(name) and not field.is_list:
        return False  # it counts them
    formats = {each.schema.get("format") for each in field.values}
    return formats != {"uuid"} and (not formats <= set(_DATES) or tells_a_birth(name))


@rule(
    "L081",
    "error",
    "Personal data of an event has a purpose",
    why="Anybody may subscribe to an event; the purpose says who has a reason to.",
    fix='Declare Personal("contact", purpose="to tell the customer ...").',
    fails="""
        class CustomerRegistered(Event, key="customer_id"):
            customer_id: UUID
            email: Annotated[EmailAddress, Personal("contact")]
        """,
    passes="""
        class CustomerRegistered(Event, key="customer_id"):
            customer_id: UUID
            email: Annotated[EmailAddress, Personal("contact", purpose="to greet the customer")]
        """,
)
def _purpose(subject: Subject) -> Iterator[Problem]:
    if subject.kind == "event":
        for path, mark in subject.marks.items():
            if not mark.purpose:
                yield path, f"{path} is personal data ({mark.category}) without a purpose"


@rule(
    "L082",
    "error",
    "Secrets do not travel in messages",
    why="Messages are kept for weeks, in databases, queues and backups.",
    fix="Send a reference to where the secret is kept.",
    fails="""
        class RegisterCard(Command[None], key="customer_id"):
            customer_id: UUID
            card_number: ShortText
        """,
    passes="""
        class RegisterCard(Command[None], key="customer_id"):
            customer_id: UUID
            card_token: Annotated[ShortText, Personal("payment")]
        """,
)
def _secrets(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if _SECRET.fullmatch(each.name):
            yield each.where, f"{each.name} is a secret"


@rule(
    "L083",
    "warning",
    "Personal data belongs to a key",
    why="Whoever must erase a person's data finds it by a key, and by nothing else.",
    fix="Give the class keyword key.",
    fails="""
        class CustomerGreeted(Event):
            email: Annotated[EmailAddress, Personal("contact", purpose="to greet")]
        """,
    passes="""
        class CustomerGreeted(Event, key="customer_id"):
            customer_id: UUID
            email: Annotated[EmailAddress, Personal("contact", purpose="to greet")]
        """,
)
def _erasable(subject: Subject) -> Iterator[Problem]:
    payload = [path for path in subject.marks if not path.startswith("answer.")]
    if payload and subject.kind != "query" and subject.contract.contract_key is None:
        yield payload[0], "it holds personal data and has no key"


@rule(
    "L084",
    "error",
    "Keys and paths tell no person",
    why="A key travels as a header and stands in every log; a path stands in the logs of every proxy.",
    fix="Take an id that means nothing.",
    fails="""
        class GreetCustomer(Command[None], key="email"):
            email: Annotated[EmailAddress, Personal("contact")]
        """,
    passes="""
        class GreetCustomer(Command[None], key="customer_id"):
            customer_id: UUID
            email: Annotated[EmailAddress, Personal("contact")]
        """,
)
def _anonymous_keys(subject: Subject) -> Iterator[Problem]:
    contract = subject.contract
    if contract.contract_key in subject.marks:
        yield str(contract.contract_key), "its key is personal data"
    path = "" if contract.contract_http is None else contract.contract_http.path
    for name in re.findall(r"{(\w+)}", path):
        if name in subject.marks:
            yield name, f"{name} is personal data and stands in the path"
