"""Sends messages as any user of the broker, and finds out what became of each."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import aiormq
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from tests.rights.conftest import PREFIX, Guarded
from tests.rights.matrix import INSTANCE, MODULES, Way

_PATIENCE: Final = 300.0
_PERSISTENT: Final = 2
_NOT_FORGED: Final = ("the body of", "does not take", "has the body", "not what its contract says")


class Tried(NamedTuple):
    """A message: its way, the type that it says, and the source."""

    way: Way
    said: str
    source: str

    @property
    def identity(self) -> str:
        """What tells it from all others, and lies in its body."""
        return " ".join((*self.way, self.said, self.source))


@dataclass
class Answers:
    """What was answered to questions."""

    forged: dict[str, bool] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)

    async def have(self, identities: set[str]) -> None:
        """Returns once these were answered."""
        async with asyncio.timeout(_PATIENCE):
            while not identities <= self.forged.keys():
                await asyncio.sleep(0.01)


async def sent(guarded: Guarded, tried: Iterable[Tried]) -> None:
    """Returns once the broker has all of them."""
    by_user: dict[str, list[Tried]] = {}
    for each in tried:
        by_user.setdefault(each.way.user, []).append(each)
    await asyncio.gather(*(_sent_by(guarded, *each) for each in by_user.items()))


async def _sent_by(guarded: Guarded, user: str, tried: list[Tried]) -> None:
    connection = await aiormq.connect(guarded.url(user))
    channel = await connection.channel(on_return_raises=False)
    for each in tried:
        await channel.basic_publish(
            json.dumps([each.identity]).encode(),
            exchange=PREFIX + each.way.exchange,
            routing_key=each.way.key,
            properties=Basic.Properties(
                headers={
                    "ce-specversion": "1.0",
                    "ce-id": str(abs(hash(each))),
                    "ce-type": each.said,
                    "ce-source": f"/{each.source}",
                },
                user_id=PREFIX + user,
                delivery_mode=_PERSISTENT,
                correlation_id=each.identity[:255],
                reply_to=f"{user}/{INSTANCE}",
            ),
        )
    await connection.close()


@asynccontextmanager
async def told(guarded: Guarded) -> AsyncIterator[Answers]:
    """Collects the answers to questions of every module."""
    found = Answers()

    async def take(message: DeliveredMessage) -> None:
        properties = message.header.properties
        detail = str((properties.headers or {}).get("ce-detail", ""))
        identity = str(properties.correlation_id)
        found.forged[identity] = not any(each in detail for each in _NOT_FORGED)
        found.details[identity] = detail

    connection = await aiormq.connect(guarded.node.url)
    channel = await connection.channel()
    for module in MODULES:
        queue = await channel.queue_declare(exclusive=True)
        await channel.queue_bind(queue.queue or "", f"{PREFIX}{module}.replies", INSTANCE)
        await channel.basic_consume(queue.queue or "", take, no_ack=True)
    try:
        yield found
    finally:
        await connection.close()


async def dead_of(shop: Any, count: int) -> dict[tuple[str, str], bool]:
    """What became of so many messages, by identity and receiver: True if it passed both locks."""
    found: dict[tuple[str, str], bool] = {}
    async with asyncio.timeout(_PATIENCE):
        while len(found) < count:
            await asyncio.sleep(0.05)
            for module, host in shop.hosts.items():
                reader = host.modules[module].store.reader
                rows = await reader.rows("SELECT body, reason FROM amphibus_dead")
                for body, reason in rows:
                    match json.loads(body):
                        case [str(identity), *_]:  # not of another test of the same shop
                            found[identity, module] = reason != "forged"
    return found


@asynccontextmanager
async def everything_allowed(guarded: Guarded, users: Iterable[str]) -> AsyncIterator[None]:
    """For as long, every user may do everything at the broker."""
    before = json.loads(guarded.node.ctl("export_definitions", "-"))
    names = {PREFIX + each for each in users}
    opened = [_open(each) for each in before["permissions"] if each["user"] in names]
    for each in before["topic_permissions"]:
        if each["user"] in names:
            guarded.node.ctl("clear_topic_permissions", "-p", "/", each["user"], each["exchange"])
    guarded.load({"permissions": opened})
    try:
        yield
    finally:
        guarded.load({name: before[name] for name in ("permissions", "topic_permissions")})


def _open(permission: dict[str, Any]) -> dict[str, Any]:
    return permission | {"configure": ".*", "write": ".*", "read": ".*"}
