"""Ten thousand hostile messages, the same for a seed: none stops a module, and honest ones go on between them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from pamqp.commands import Basic

from amphibus.testing import environment
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq.names import Names
from tests.services.postgres import database_in
from tests.services.rabbitmq import RabbitNode

pytestmark = [pytest.mark.asyncio, pytest.mark.full, pytest.mark.timeout(900)]
_SEED: Final = 20_261_129
_HOSTILE: Final = 10_000
_AT_ONCE: Final = 200
_HONEST_EVERY: Final = 2_000
_HEADERS: Final[dict[str, Any]] = {
    "ce-specversion": "1.0",
    "ce-type": "desk.Write.v1",
    "ce-source": "gateway",
    "ce-time": "2026-03-01T08:26:00Z",
    "ce-partitionkey": "b",
    "ce-correlation": "m1",
    "ce-traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
_VALUES: Final[tuple[Any, ...]] = (
    *(
        "",
        "x",
        "desk.Nothing.v1",
        "archive.Write.v9",
        "amphibus.DiscardDead.v1",
        "\x00",
        "\ud7ff" * 40,
    ),
    *("2026-13-45T99:99:99Z", "9999-12-31T23:59:59Z", "../../etc/passwd", "' OR 1=1 --", "1" * 400),
    *(
        0,
        -1,
        2**62,
        1.5,
        True,
        None,
        [1, [2]],
        {"a": {"b": "c"}},
        bytearray(b"\xff\xfe"),
        "operator:root",
        "*",
    ),
)
_BODIES: Final = (
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"book":',
    b"\x00\xff" * 50,
    b"[" * 5_000,
    b'{"a":' * 2_000,
    b'{"book":"b","line":1e400}',
    b'{"book":"b","line":' + b"9" * 5_000 + b"}",
    b'{"book":"\\ud800","line":1}',
    b'{"book":"b","line":1,"__class__":"os.system"}',
    b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
)


def _hostile(dice: Random, number: int) -> tuple[bytes, Basic.Properties]:
    """A message with something wrong in it, often more than one thing."""
    headers = _HEADERS | {"ce-id": f"hostile-{number - dice.randrange(3)}"}
    for _ in range(dice.randrange(4)):
        headers[dice.choice([*headers, "ce-actor", "ce-scopes", "ce-onbehalfof", "ce-tenant"])] = (
            dice.choice(_VALUES)
        )
    if dice.random() < 0.3:
        del headers[dice.choice([*headers])]
    body = dice.choice(_BODIES)
    if dice.random() < 0.3:
        fields: dict[str, Any] = {
            name: dice.choice([1, "b", None, [], {}, -1]) for name in ("book", "line", "x")
        }
        body = json.dumps(fields).encode()
    if dice.random() < 0.1:
        body = dice.randbytes(dice.randrange(2_000))
    known = {name: value for name, value in headers.items() if value is not None}
    return body, Basic.Properties(
        headers=known,
        message_id=dice.choice([None, f"hostile-{number}", "same"]),
        message_type=dice.choice([None, "desk.Write.v1", "x"]),
        content_type=dice.choice([None, "application/json", "application/x-python-pickle"]),
        correlation_id=dice.choice([None, "c"]),
        reply_to=dice.choice([None, "nowhere"]),
    )


@contextmanager
def _url(request: pytest.FixtureRequest, kind: str) -> Iterator[str | None]:
    if kind == "sqlite":
        yield None
        return
    with database_in(request.getfixturevalue("cluster")) as url:
        yield url


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_honest_messages_go_on_among_ten_thousand_hostile_ones(
    node: RabbitNode, channel: Any, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    """Each hostile one ends as a dead letter or is known already; nothing comes round again."""
    dice = Random(_SEED)
    names = Names("shop", environment(tmp_path), PARTITIONS, project().topology())
    honest = [desk.Write(book=f"honest-{number}", line=number) for number in range(40)]
    with _url(request, kind) as db_url:
        office = Office("rabbitmq", tmp_path, amqp_url=node.url, db_url=db_url)
        async with office.open() as shop, channel() as stranger:
            for begin in range(0, _HOSTILE, _AT_ONCE):
                made = [_hostile(dice, begin + each) for each in range(_AT_ONCE)]
                await asyncio.gather(
                    *(
                        stranger.basic_publish(
                            body,
                            routing_key=names.partition_queue("desk", number % PARTITIONS),
                            properties=properties,
                        )
                        for number, (body, properties) in enumerate(made)
                    )
                )
                if begin % _HONEST_EVERY == 0:
                    await shop.send(*(honest.pop() for _ in range(8)))
            await until(lambda: _written(office) == 40, patience=300)
            await until(lambda: shop.host.health.ready, patience=60)

            assert office.count("desk", "amphibus_dead") > _HOSTILE // 4
            assert office.count("desk", "amphibus_inbox WHERE id LIKE 'honest%'") == 0
        await node.forget(tmp_path, project().topology())


def _written(office: Office) -> int:
    return len({book for book, _, _ in office.lines("desk") if book.startswith("honest-")})
