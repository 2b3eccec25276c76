"""The names of fields that tell a person, decided by whole words: `user_names` does, `module_name` does not."""

import re
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_REACHES: Final = frozenset({
    "mail", "email", "phone", "telephone", "tel", "mobile", "cellphone", "msisdn", "fax", "whatsapp",
    "surname", "firstname", "lastname", "forename", "fullname", "nickname", "username", "cardholder",
    "address", "street", "postcode", "postal", "zip", "zipcode", "iban", "passport",
})  # fmt: skip
_BIRTH: Final = frozenset({"birth", "birthday", "birthdate", "birthplace", "born", "dob"})
_PEOPLE: Final = frozenset({
    "first", "last", "full", "given", "family", "middle", "maiden", "nick", "legal", "real", "preferred",
    "person", "people", "user", "login", "account", "member", "contact", "customer", "client", "buyer",
    "seller", "guest", "patient", "student", "employee", "driver", "owner", "holder", "cardholder", "payer",
    "payee", "sender", "receiver", "recipient", "author", "signer", "signatory", "beneficiary", "billing",
    "shipping", "delivery", "invoice",
})  # fmt: skip
"""Before `name`. The names of things are many, and those of people few."""
_MACHINES: Final = frozenset({
    "memory", "server", "host", "broker", "node", "bind", "socket", "web", "queue", "module", "service",
})  # fmt: skip
"""Before `address`."""
_FACTS: Final = frozenset({
    "id", "count", "type", "kind", "status", "state", "template", "provider", "server", "host", "domain",
    "language", "length", "limit", "format", "version", "model", "app", "file", "reference",
})  # fmt: skip
"""At the end: it is a fact about an address or its record, and not the address."""


def tells_a_person(name: str) -> bool:
    """Returns whether the name of a field says that its value reaches or describes a person."""
    return bool(_telling(name))


def tells_a_birth(name: str) -> bool:
    """Returns whether it says when or where a person was born."""
    return bool(_BIRTH & set(map(_singular, _words(name))))


def tells_several(name: str) -> bool:
    """Returns whether the word that tells a person is in the plural, as in `emails`."""
    return any(each != _singular(each) for each in _telling(name))


def _telling(name: str) -> list[str]:
    words = _words(name)
    if not words or (_singular(words[-1]) in _FACTS and "passport" not in words):
        return []
    return [each for place, each in enumerate(words) if _tells(words, place)]


def _tells(words: Sequence[str], place: int) -> bool:
    word = _singular(words[place])
    before = words[place - 1] if place else ""
    if word == "name":
        return not before or _singular(before) in _PEOPLE
    if word == "address" and _singular(before) in _MACHINES:
        return False
    return word in _REACHES or word in _BIRTH


def _words(name: str) -> list[str]:
    return [each.lower() for each in _WORD.findall(name)]


def _singular(word: str) -> str:
    for end in ("es", "s"):
        whole = word.removesuffix(end)
        if whole != word and whole in _SINGULAR:
            return whole
    return word


_SINGULAR: Final = _REACHES | _BIRTH | _PEOPLE | _FACTS | {"name"}
