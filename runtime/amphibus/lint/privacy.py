"""The rules of personal data: marked, with a purpose, and never where everybody looks."""

import re
from collections.abc import Iterator
from typing import Final

from amphibus.contract.personal import field_of
from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import Subject

_PERSON: Final = frozenset({
    "mail", "email", "phone", "mobile", "fax", "name", "surname", "firstname", "lastname", "address",
    "street", "birth", "birthday", "iban", "passport",
})  # fmt: skip
_THINGS: Final = frozenset({
    "file", "host", "user", "domain", "display", "module", "event", "type", "class", "field",
    "queue",
})  # fmt: skip
"""Before `name`: things have names too."""
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
        # A value of a list or of a closed set of words tells no person.
        if all(value.kind in ("enum", "boolean", "integer", "object") for value in each.values):
            continue
        if _tells_a_person(each.name) and each.where not in marked:
            yield each.where, f"{each.name} is not marked as personal data"


def _tells_a_person(name: str) -> bool:
    words = name.split("_")
    found = _PERSON & set(words)
    if found == {"name"}:
        return not _THINGS & set(words)
    return bool(found)


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
