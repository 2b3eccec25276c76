"""The rights at the broker, computed from the front pages: no more than what they declare.

A module writes its own events and the commands that it sends, reads its own queues and makes the two
short-lived ones that it needs, and the mark by which it recognises its broker. Nobody writes to the
default exchange, which leads to every queue; so `amphibus broker apply` declares everything else, and
the modules do not.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from amphibus.access.operator import OPERATOR
from amphibus.config.correction import opened
from amphibus.config.settings import ProducerSettings
from amphibus.contract import kind_of
from amphibus.errors import ConfigError
from amphibus.messages.system_requests import FROM_SENDERS
from amphibus.nearest import did_you_mean
from amphibus.routing.topology import GATEWAY
from amphibus.transports.rabbitmq.names import (
    KNOWN,
    NOW,
    OUTSIDE,
    QUORUM,
    VERSION,
    Names,
    Queue,
    QueueBinding,
)

NOTHING = "^$"
_INSTANCE = "[0-9a-f]{32}"
"""What follows the name of a module's replies: one instance of it; and that of its mark."""
_ANY_REQUEST = rf"\*\.\*\.\*\.{NOW}"
"""The key that a module binds its queue of requests with."""

Producers = Mapping[str, ProducerSettings]


@dataclass(frozen=True, slots=True)
class Topics:
    """The keys that may be written to an exchange, and read from it by binding; regular expressions."""

    write: str = NOTHING
    read: str = NOTHING


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of one user; regular expressions over names of exchanges and queues."""

    user: str
    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    topics: Mapping[str, Topics] = field(default_factory=dict)
    """By exchange. One that is not listed here cannot be used either."""


def rights(names: Names, producers: Producers) -> list[Rights]:
    """Returns the rights of every module and every program outside.

    Raises:
        ConfigError: a program outside is declared with a name or a message that cannot be right.
    """
    problems = list(_problems(names, producers))
    if problems:
        raise ConfigError(
            f"{len(problems)} things in [producers] cannot be right"
            if len(problems) > 1
            else "[producers] cannot be right",
            "\n        ".join(problems),
            opened("config/amphibus.toml"),
        )
    modules = [_of_module(names, module) for module in names.topology.modules]
    operator = ProducerSettings(sends=names.topology.sent_by(OPERATOR) or ())
    programs = {OPERATOR: operator, **producers}
    return modules + [_of_producer(names, *each) for each in sorted(programs.items())]


def outside(names: Names, producers: Producers) -> Iterator[Queue | QueueBinding]:
    """Yields the queues that collect the events of programs outside, and their nets."""
    for name, declared in sorted(producers.items()):
        if declared.subscribes:
            yield Queue(names.dead(name), QUORUM)
            yield Queue(events_of(names, name), names.arguments(name))
            for event in declared.subscribes:
                owner = event.partition(".")[0]
                yield QueueBinding(events_of(names, name), names.events(owner), f"{event}.*")


def events_of(names: Names, producer: str) -> str:
    """Returns the queue that collects the events to which a program outside subscribes."""
    return f"{names.prefix}{producer}.v{VERSION}"


def _of_module(names: Names, module: str) -> Rights:
    own = re.escape(f"{names.prefix}{module}.")
    made = f"{own}(queries(\\.[1-9])?|replies\\.{_INSTANCE})"
    topics = {
        names.commands(module): Topics(read=f"^{_ANY_REQUEST}$"),
        names.replies(module): Topics(read=f"^{_INSTANCE}$"),
    }
    keys: dict[str, list[str]] = {}
    for exchange, some in _written(names, module):
        keys.setdefault(exchange, []).append(some)
    for exchange, each in keys.items():
        before = topics.get(exchange, Topics())
        topics[exchange] = Topics(f"^({'|'.join(each)})$", before.read)
    written = [each for each, topic in topics.items() if topic.write != NOTHING]
    return Rights(
        user=names.user(module),
        configure=f"^({made}|{own}{KNOWN}\\.{_INSTANCE})$",
        write=f"^({'|'.join([made, *map(re.escape, sorted(written))])})$",
        read=f"^{own}(v{VERSION}\\.p[0-9]+|dead|queries(\\.[1-9])?|commands|replies(\\.{_INSTANCE})?)$",
        topics=topics,
    )


def _of_producer(names: Names, name: str, declared: ProducerSettings) -> Rights:
    sent = _by_owner(declared.sends)
    queue = re.escape(events_of(names, name))
    return Rights(
        user=names.user(name),
        write=_either(names.commands(owner) for owner in sent),
        read=f"^{queue}$" if declared.subscribes else NOTHING,
        topics={
            names.commands(owner): Topics(f"^({_kept(types)})$") for owner, types in sent.items()
        },
    )


def _written(names: Names, module: str) -> Iterator[tuple[str, str]]:
    """Yields the exchanges that a module writes to, each with its keys."""
    topology = names.topology
    said = topology.publishes.get(module, ())
    if said:
        yield names.events(module), _said(said)
    sent = topology.sends.get(module, ())
    asked = {name for name in sent if kind_of(topology.contracts[name]) == "query"}
    for owner, types in _by_owner(sent).items():
        commands = [each for each in types if each not in asked]
        at_once = [each for each in types if topology.is_asked(module, each)]
        keys = [_kept(commands)] if commands else []
        keys += [re.escape(names.key_of_request(each)) for each in at_once]
        yield names.commands(owner), "|".join(keys)
    for receiver in topology.receivers(module):
        asked_of_all = map(names.key_of_request, sorted(FROM_SENDERS))
        yield names.commands(receiver), "|".join(map(re.escape, asked_of_all))
    for asker in topology.modules:
        expected = topology.sends.get(asker, ())
        # The gateway waits for what becomes of a stored command too, for a moment.
        if module in topology.receivers(asker) or any(
            topology.owners.get(name) == module
            and (asker == GATEWAY or topology.is_asked(asker, name))
            for name in expected
        ):
            yield names.replies(asker), _INSTANCE


def _kept(types: Iterable[str]) -> str:
    """Returns the keys of messages that are kept: their type and a partition."""
    return f"({'|'.join(map(re.escape, sorted(types)))})\\.p[0-9]+"


def _said(types: Iterable[str]) -> str:
    """The keys of events: to all, to one subscriber apart, and to those outside."""
    return f"({'|'.join(map(re.escape, sorted(types)))})\\.(p[0-9]+(\\.[a-z][a-z0-9_]*)?|{OUTSIDE})"


def _by_owner(types: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in types:
        found.setdefault(each.partition(".")[0], []).append(each)
    return found


def _either(names: Iterable[str]) -> str:
    found = "|".join(map(re.escape, sorted(names)))
    return f"^({found})$" if found else NOTHING


def _problems(names: Names, producers: Producers) -> Iterator[str]:
    topology = names.topology
    commands = {each for each in topology.owners if kind_of(topology.contracts[each]) == "command"}
    events = {each for types in topology.publishes.values() for each in types}
    for name, declared in producers.items():
        if name in topology.modules:
            yield f"[producers.{name}]: a module has that name already"
        for kind, given, known in (
            ("sends", declared.sends, commands),
            ("subscribes", declared.subscribes, events),
        ):
            for each in given:
                if each not in known:
                    near = did_you_mean(each, known)
                    yield f"[producers.{name}] {kind} {each}; there are {', '.join(sorted(known))}{near}"
