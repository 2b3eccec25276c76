"""What a request that goes directly ends in."""

import asyncio

import pytest

from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.messages.envelope import Envelope, Reply
from amphibus.testing.conformance.office import until
from amphibus.transports.direct import connection
from amphibus.transports.direct.connection import PeerConnection
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.frames import Kind, encoded
from tests.direct.conftest import Process, Street, command, query, said

pytestmark = pytest.mark.asyncio


async def test_a_request_is_answered_by_another_process(street: Street) -> None:
    desk = await street.process("desk")
    gateway = await street.process("gateway")
    request = query("naïve ✓".encode(), correlation="c-1", causation="m-0")

    assert (await gateway.ask(request)).body == request.body
    assert desk.desk.asked == [request]
    assert gateway.ways == ["direct"]


async def test_every_kind_of_reply_arrives_as_it_was_given(street: Street) -> None:
    replies = [
        Reply("refused", code="too_late", detail="the book is closed"),
        Reply("failed", detail="it broke\nhere"),
        Reply("unavailable", detail="busy"),
        Reply("answered", b""),
        Reply("answered", b"x" * 1_000_000),
    ]

    async def one(envelope: Envelope) -> Reply:
        return replies[int(envelope.body)]

    await street.process("desk", answer=one)
    gateway = await street.process("gateway")

    got = [await gateway.ask(query(b"%d" % number)) for number in range(len(replies))]
    assert got == replies


async def test_many_share_one_connection_and_each_gets_its_own_answer(street: Street) -> None:
    gates: dict[bytes, asyncio.Event] = {b"%d" % number: asyncio.Event() for number in range(64)}

    async def when_told(envelope: Envelope) -> Reply:
        await gates[envelope.body].wait()
        return Reply("answered", envelope.body)

    desk = await street.process("desk", answer=when_told)
    gateway = await street.process("gateway")
    asking = {body: asyncio.ensure_future(gateway.ask(query(body))) for body in gates}
    await until(lambda: len(desk.desk.asked) == len(gates))
    for body in reversed(gates):
        gates[body].set()
        assert (await asking[body]).body == body
    assert len(desk.transport._server._connections) == 1


async def test_the_deadline_is_carried_on(street: Street) -> None:
    """Who works on a request knows when nobody waits for it any more."""
    given_up = asyncio.Event()

    async def never(_envelope: Envelope) -> Reply:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        raise AssertionError

    await street.process("desk", answer=never)
    gateway = await street.process("gateway")
    with pytest.raises(RequestTimeout, match="not answered"):
        await gateway.ask(query(), timeout=0.1)
    async with asyncio.timeout(30):
        await given_up.wait()


async def test_an_answer_that_comes_late_is_dropped(street: Street) -> None:
    """It is none to the next request."""

    async def first_never(envelope: Envelope) -> Reply:
        if envelope.body == b"1":
            await asyncio.Event().wait()
        return await said(envelope)

    desk = await street.process("desk", answer=first_never)
    gateway = await street.process("gateway")
    with pytest.raises(RequestTimeout):
        await gateway.ask(query(b"1"), timeout=0.05)
    (writer,) = desk.transport._server._connections
    for number in (0, 1, 99):
        writer.write(encoded(Kind.REPLY, number, {"outcome": "answered"}, b"late"))

    assert [(await gateway.ask(query(body))).body for body in (b"2", b"3")] == [b"2", b"3"]
    assert len(desk.transport._server._connections) == 1


async def test_nobody_there_is_known_at_once(street: Street) -> None:
    gateway = await street.process("gateway")
    async with asyncio.timeout(30):
        with pytest.raises(OwnerAway):
            await gateway.ask(query(), timeout=60)


async def test_what_no_process_takes_goes_over_the_way_below(street: Street) -> None:
    """Nothing was sent to the one that has ended."""
    desk = await street.process("desk", directory=street.board())
    gateway = await street.process("gateway", directory=street.board(), net=True)
    await desk.kill()

    assert (await gateway.ask(command())).outcome == "answered"
    assert (desk.desk.asked, gateway.ways) == ([], ["broker"])


@pytest.mark.parametrize(
    "large",
    [
        query(extra={f"x{number}": "ü" * 1000 for number in range(60)}),
        query(b"x" * 4_194_305),
    ],
    ids=["attributes", "body"],
)
async def test_what_is_too_large_for_a_frame_costs_no_connection(
    street: Street, large: Envelope
) -> None:
    """It is judged by the way below, as ever."""
    desk = await street.process("desk")
    gateway = await street.process("gateway", net=True)
    for request in (query(), large, query()):
        await gateway.ask(request)

    assert gateway.ways == ["direct", "broker", "direct"]
    assert len(desk.transport._server._connections) == 1


async def test_an_address_that_is_none_is_passed_over(street: Street) -> None:
    await street.board().beat([PeerAddress("desk", "i", "a" * 80 + ".", 7)])
    await street.board().beat([PeerAddress("desk", "i", "127.0.0.1", 70_000)])
    gateway = await street.process("gateway", directory=street.board(), net=True)
    await gateway.ask(query())

    assert gateway.ways == ["broker"]


async def test_a_module_that_is_detached_is_not_asked(street: Street) -> None:
    desk = await street.process("desk")
    gateway = await street.process("gateway", net=True)
    await gateway.ask(query())
    desk.transport._server.detach("desk")

    assert (await gateway.ask(command())).outcome == "answered"
    assert (len(desk.desk.asked), len(gateway.desk.asked)) == (1, 1)


async def test_requests_are_shared_among_instances_and_one_that_dies_is_left_out(
    street: Street,
) -> None:
    desks = [await street.process("desk", directory=street.board()) for _ in range(2)]
    gateway = await street.process("gateway", directory=street.board())
    for _ in range(10):
        await gateway.ask(query())
    assert [len(each.desk.asked) for each in desks] == [5, 5]

    await desks[0].kill()
    assert {(await gateway.ask(query())).outcome for _ in range(20)} == {"answered"}
    assert len(desks[1].desk.asked) == 25
    assert set(gateway.ways) == {"direct"}


async def test_the_least_busy_instance_is_asked(street: Street) -> None:
    held = asyncio.Event()

    async def hold(envelope: Envelope) -> Reply:
        await held.wait()
        return Reply("answered", envelope.body)

    slow = await street.process("desk", directory=street.board(), answer=hold)
    quick = await street.process("desk", directory=street.board())
    gateway = await street.process("gateway", directory=street.board())
    asking = [asyncio.ensure_future(gateway.ask(query())) for _ in range(2)]
    await until(lambda: bool(slow.desk.asked) and any(each.done() for each in asking))
    for _ in range(6):
        await gateway.ask(query())
    held.set()
    await asyncio.gather(*asking)

    assert (len(slow.desk.asked), len(quick.desk.asked)) == (1, 7)


async def _lost_midway(street: Street, request: Envelope, *, instances: int) -> list[Process]:
    """Has the first instance that gets a request die over it; returns them all, and asks."""
    died: list[str] = []

    async def die_first(envelope: Envelope) -> Reply:
        if died:
            return await said(envelope)
        died.append(envelope.id)
        for each in desks:
            if each.desk.asked:
                await each.kill()
        raise AssertionError

    desks = [
        await street.process("desk", directory=street.board(), answer=die_first)
        for _ in range(instances)
    ]
    gateway = await street.process("gateway", directory=street.board())
    assert (await gateway.ask(request)).outcome == "answered"
    return desks


@pytest.mark.parametrize("request_", [query(), command()], ids=["query", "command"])
async def test_a_request_that_is_lost_midway_is_asked_elsewhere_under_its_id(
    street: Street, request_: Envelope
) -> None:
    """A query changes nothing, and an inbox knows a command that was done."""
    desks = await _lost_midway(street, request_, instances=2)

    assert [each.desk.asked for each in desks] == [[request_], [request_]]


async def test_a_command_that_is_lost_midway_may_have_been_done(street: Street) -> None:
    """That nobody else can be asked is no answer: a client would take it for "not done"."""
    with pytest.raises(RequestTimeout, match="connection was lost") as lost:
        await _lost_midway(street, command(), instances=1)
    assert "may have been done" in lost.value.why


async def test_a_query_that_is_lost_midway_changed_nothing(street: Street) -> None:
    with pytest.raises(OwnerAway):
        await _lost_midway(street, query(), instances=1)


async def test_a_process_that_says_nothing_any_more_is_given_up_before_the_deadline(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LOOK_SECONDS", 0.02)

    async def freeze(_envelope: Envelope) -> Reply:
        for each in frozen.transport._server._connections:
            each.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()
        raise AssertionError

    frozen = await street.process("desk", directory=street.board(), answer=freeze)
    gateway = await street.process("gateway", directory=street.board(), net=True)
    async with asyncio.timeout(30):
        assert (await gateway.ask(query(), timeout=60)).outcome == "answered"


async def test_one_that_only_works_for_long_is_waited_for(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LOOK_SECONDS", 0.01)
    looks: list[PeerConnection] = []
    look = PeerConnection._look

    def seen(one: PeerConnection) -> None:
        looks.append(one)
        look(one)

    monkeypatch.setattr(PeerConnection, "_look", seen)

    async def slowly(envelope: Envelope) -> Reply:
        await until(lambda: len(looks) > 3 * connection._SILENT_LOOKS)
        return Reply("answered", envelope.body)

    await street.process("desk", answer=slowly)
    gateway = await street.process("gateway")
    assert (await gateway.ask(query())).outcome == "answered"
    assert gateway.ways == ["direct"]
