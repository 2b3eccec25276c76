"""The contents of the broker as RabbitMQ's own definitions: made from the front pages, compared with it."""

from collections.abc import Iterator, Mapping
from typing import Any

from amphibus.transports.rabbitmq.names import (
    KNOWN,
    LEADER_LOCATOR,
    Exchange,
    Names,
    Queue,
    QueueBinding,
)
from amphibus.transports.rabbitmq.rights.permissions import Producers, Rights, outside, rights
from amphibus.transports.rabbitmq.rights.users import hash_of, is_hash_of

Definitions = Mapping[str, Any]
_MADE_BY_MODULES = ("queries", "replies", KNOWN)
_HASHING = "rabbit_password_hashing_sha256"


def users_of(names: Names, producers: Producers) -> list[str]:
    """Returns every user that must exist."""
    return [each.user for each in rights(names, producers)]


def definitions(
    names: Names, producers: Producers, passwords: Mapping[str, str], vhost: str
) -> dict[str, Any]:
    """Returns input for `rabbitmqctl import_definitions` and `load_definitions`; importing it twice changes nothing.

    Raises:
        ConfigError: a program outside is declared with something that cannot be right.
    """
    granted = rights(names, producers)
    things = [*names.permanent(), *outside(names, producers)]
    return {
        "vhosts": [{"name": vhost}],
        "users": [
            {
                "name": each.user,
                "password_hash": hash_of(passwords[each.user]),
                "hashing_algorithm": _HASHING,
                "tags": [],
            }
            for each in granted
        ],
        "permissions": [_permission(each, vhost) for each in granted],
        "topic_permissions": [topic for each in granted for topic in _topics(each, vhost)],
        "exchanges": [_exchange(each, vhost) for each in things if isinstance(each, Exchange)],
        "queues": [_queue(each, vhost) for each in things if isinstance(each, Queue)],
        "bindings": [_binding(each, vhost) for each in things if isinstance(each, QueueBinding)],
    }


def differences(
    wanted: Definitions, found: Definitions, passwords: Mapping[str, str], prefix: str
) -> Iterator[str]:
    """Yields in words what is missing, different or superfluous among the names that begin with `prefix`."""
    yield from _of_users(wanted, found, passwords, prefix)
    users = {each["name"] for each in wanted["users"]}
    for kind, keys, said in _KINDS:
        expected = {_key(each, keys): each for each in wanted[kind]}
        there = {_key(each, keys): each for each in found.get(kind, ())}
        for key, each in expected.items():
            name = said.format(*key)
            if key not in there:
                yield f"{name}: missing"
            # Only what we say is compared: each version of the broker says more about itself.
            elif other := [fact for fact in each if _differs(there[key].get(fact), each[fact])]:
                yield f"{name}: is {_shown(there[key], other)}, should be {_shown(each, other)}"
        for key in there.keys() - expected.keys():
            if _is_ours(kind, key, prefix, users):
                yield f"{said.format(*key)}: too much"


def superfluous_users(wanted: Definitions, found: Definitions, prefix: str) -> list[str]:
    """Returns the users of this application that no front page asks for any more."""
    expected = {each["name"] for each in wanted["users"]}
    return sorted(
        each["name"]
        for each in found.get("users", ())
        if each["name"].startswith(prefix) and each["name"] not in expected
    )


def superfluous_rights(wanted: Definitions, found: Definitions) -> Iterator[tuple[str, ...]]:
    """Yields the `rabbitmqctl` calls that take back superfluous rights of wanted users."""
    users = {each["name"] for each in wanted["users"]}
    vhost = wanted["vhosts"][0]["name"]
    for each in found.get("permissions", ()):
        if each["user"] in users and each["vhost"] != vhost:
            yield "clear_permissions", "-p", each["vhost"], each["user"]
    expected = {_key(each, _TOPICS) for each in wanted["topic_permissions"]}
    for each in found.get("topic_permissions", ()):
        if each["user"] in users and _key(each, _TOPICS) not in expected:
            yield "clear_topic_permissions", "-p", each["vhost"], each["user"], each["exchange"]


_TOPICS = ("user", "exchange", "vhost")
_BINDING = ("source", "destination", "routing_key", "destination_type", "vhost")
_KINDS = (
    ("permissions", ("user", "vhost"), "permissions of {0} in {1}"),
    ("topic_permissions", _TOPICS, "topic permissions of {0} on {1}"),
    ("exchanges", ("name", "vhost"), "exchange {0}"),
    ("queues", ("name", "vhost"), "queue {0}"),
    ("bindings", _BINDING, "binding of {0} to {1} by {2}"),
)


def _of_users(
    wanted: Definitions, found: Definitions, passwords: Mapping[str, str], prefix: str
) -> Iterator[str]:
    there = {each["name"]: each for each in found.get("users", ())}
    for each in wanted["users"]:
        name = each["name"]
        if name not in there:
            yield f"user {name}: missing"
            continue
        if not is_hash_of(there[name]["password_hash"], passwords.get(name, "")):
            yield f"user {name}: has another password"
        if tags := _tags(there[name]["tags"]):
            yield f"user {name}: is {tags}, should be nothing of that kind"
    for name in superfluous_users(wanted, found, prefix):
        yield f"user {name}: too much"


def _differs(found: Any, wanted: Any) -> bool:
    """True if two definitions differ. The place of leaders does not count: earlier queues keep theirs unsaid."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {**found, LEADER_LOCATOR: ""} != {**wanted, LEADER_LOCATOR: ""}
    return bool(found != wanted)


def _tags(given: Any) -> str:
    return given if isinstance(given, str) else ", ".join(given)


def _is_ours(kind: str, key: tuple[str, ...], prefix: str, users: set[str]) -> bool:
    """Returns whether it is ours, and not what modules make: marks, short-lived queues and their bindings."""
    if kind in ("permissions", "topic_permissions"):
        return key[0] in users
    name = key[1] if kind == "bindings" else key[0]
    rest = name.removeprefix(prefix).split(".")
    return name.startswith(prefix) and not (len(rest) > 1 and rest[1] in _MADE_BY_MODULES)


def _key(each: Definitions, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(each[key]) for key in keys)


def _shown(facts: Definitions, names: list[str]) -> str:
    return ", ".join(f"{name} {facts.get(name, 'not said')}" for name in names)


def _permission(each: Rights, vhost: str) -> dict[str, str]:
    return {
        "user": each.user,
        "vhost": vhost,
        "configure": each.configure,
        "write": each.write,
        "read": each.read,
    }


def _topics(each: Rights, vhost: str) -> Iterator[dict[str, str]]:
    for exchange, topic in each.topics.items():
        yield {
            "user": each.user,
            "vhost": vhost,
            "exchange": exchange,
            "write": topic.write,
            "read": topic.read,
        }


def _exchange(each: Exchange, vhost: str) -> dict[str, Any]:
    return {
        "name": each.name,
        "vhost": vhost,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "arguments": {},
    }


def _queue(each: Queue, vhost: str) -> dict[str, Any]:
    return {
        "name": each.name,
        "vhost": vhost,
        "durable": True,
        "auto_delete": each.auto_delete,
        "arguments": dict(each.arguments),
    }


def _binding(each: QueueBinding, vhost: str) -> dict[str, Any]:
    return {
        "source": each.exchange,
        "vhost": vhost,
        "destination": each.queue,
        "destination_type": "queue",
        "routing_key": each.key,
        "arguments": {},
    }
