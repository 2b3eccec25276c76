"""What a module's user must not do at the broker, the broker does not let it do."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiormq
import pytest
from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPError, ChannelAccessRefused, ChannelPreconditionFailed
from pamqp.commands import Basic

from tests.rights.conftest import PREFIX, Guarded

Act = Callable[[AbstractChannel], Awaitable[Any]]
INSTANCE = "0" * 32
pytestmark = pytest.mark.asyncio


def publish(exchange: str, key: str, user: str | None = None) -> Act:
    """Publishes, and waits for what the broker says to it."""
    place = exchange and PREFIX + exchange

    async def act(channel: AbstractChannel) -> Any:
        properties = Basic.Properties(user_id=user and PREFIX + user)
        return await channel.basic_publish(
            b"{}", exchange=place, routing_key=key, properties=properties, mandatory=True
        )

    return act


def consume(queue: str) -> Act:
    async def act(channel: AbstractChannel) -> Any:
        return await channel.basic_consume(PREFIX + queue, lambda _message: None)  # type: ignore[arg-type,return-value]

    return act


def take(queue: str) -> Act:
    return lambda channel: channel.basic_get(PREFIX + queue)


def purge(queue: str) -> Act:
    return lambda channel: channel.queue_purge(PREFIX + queue)


def delete(queue: str) -> Act:
    return lambda channel: channel.queue_delete(PREFIX + queue)


def delete_exchange(name: str) -> Act:
    return lambda channel: channel.exchange_delete(PREFIX + name)


def declare(queue: str, **arguments: Any) -> Act:
    given = {name.replace("_", "-"): value for name, value in arguments.items()}
    return lambda channel: channel.queue_declare(PREFIX + queue, durable=True, arguments=given)


def declare_exchange(name: str) -> Act:
    return lambda channel: channel.exchange_declare(PREFIX + name, exchange_type="topic")


def bind(queue: str, exchange: str, key: str = "#") -> Act:
    return lambda channel: channel.queue_bind(PREFIX + queue, PREFIX + exchange, key)


def unbind(queue: str, exchange: str, key: str) -> Act:
    return lambda channel: channel.queue_unbind(PREFIX + queue, PREFIX + exchange, key)


def join(destination: str, source: str) -> Act:
    return lambda channel: channel.exchange_bind(PREFIX + destination, PREFIX + source, "#")


def after(first: Act, then: Act) -> Act:
    async def act(channel: AbstractChannel) -> Any:
        await first(channel)
        return await then(channel)

    return act


own_queue = declare(f"payments.replies.{INSTANCE}")
FORBIDDEN: Mapping[str, tuple[str, Act]] = {
    # Events are said by their owner alone.
    "say another's event": ("payments", publish("orders.events", "orders.OrderConfirmed.v1.p0")),
    "say another's event by its own exchange": (
        "payments",
        publish("payments.events", "orders.OrderConfirmed.v1.p0"),
    ),
    "say an event that it does not declare": (
        "payments",
        publish("payments.events", "payments.PaymentInvented.v1.p0"),
    ),
    "say an event, declaring none": ("reporting", publish("reporting.events", "reporting.X.v1.p0")),
    # Commands and queries are sent by those who declare it.
    "send to a module that it sends nothing to": (
        "payments",
        publish("orders.commands", "orders.PlaceOrder.v1.p0"),
    ),
    "send a command that it does not declare": (
        "orders",
        publish("inventory.commands", "inventory.ReceiveStock.v1.p0"),
    ),
    "send past the queues, to be decided at once": (
        "orders",
        publish("payments.commands", "payments.CapturePayment.v1.now"),
    ),
    "ask what it does not declare": (
        "orders",
        publish("payments.commands", "payments.GetPayment.v1.now"),
    ),
    "ask what has arrived where it sends nothing": (
        "notifications",
        publish("orders.commands", "amphibus.Arrived.v1.now"),
    ),
    "put such a question among what is kept": (
        "payments",
        publish("orders.commands", "amphibus.Arrived.v1.p0"),
    ),
    "send to itself": ("orders", publish("orders.commands", "orders.PlaceOrder.v1.p0")),
    "answer somebody who does not ask it": (
        "reporting",
        publish("payments.replies", INSTANCE),
    ),
    # The default exchange leads to every queue.
    "write into another's queue": ("payments", publish("", PREFIX + "orders.v1.p0")),
    "write into its own queue": ("payments", publish("", PREFIX + "payments.v1.p0")),
    "use an exchange of the broker's own": (
        "payments",
        lambda channel: channel.basic_publish(b"", exchange="amq.topic", routing_key="x"),
    ),
    # Queues are read by their owner alone.
    "consume another's queue": ("payments", consume("orders.v1.p0")),
    "take from another's queue": ("payments", take("orders.v1.p7")),
    "read another's dead letters": ("payments", take("orders.dead")),
    "read what another is asked": ("payments", consume("orders.queries")),
    "read another's replies": ("payments", consume(f"gateway.replies.{INSTANCE}")),
    "empty another's queue": ("payments", purge("orders.v1.p0")),
    "collect another's events": (
        "payments",
        after(own_queue, bind(f"payments.replies.{INSTANCE}", "orders.events")),
    ),
    "collect another's commands": (
        "payments",
        after(own_queue, bind(f"payments.replies.{INSTANCE}", "orders.commands")),
    ),
    "collect another's replies": (
        "payments",
        after(own_queue, bind(f"payments.replies.{INSTANCE}", "gateway.replies")),
    ),
    "collect all replies to its instances": (
        "payments",
        after(own_queue, bind(f"payments.replies.{INSTANCE}", "payments.replies", "#")),
    ),
    "lead its commands to another": ("orders", join("payments.commands", "orders.commands")),
    # What stands is changed by an administrator alone.
    "make an exchange": ("payments", declare_exchange("payments.more")),
    "leave a mark of another": ("payments", declare_exchange(f"orders.known.{INSTANCE}")),
    "make a queue": ("payments", declare("payments.v2.p0")),
    "make a queue of another": ("payments", declare("orders.more")),
    "make a queue outside of the shop": (
        "payments",
        lambda channel: channel.queue_declare("elsewhere", durable=True),
    ),
    "make its queue of requests lead to another's queue": (
        "payments",
        declare(
            "payments.queries",
            x_dead_letter_exchange="",
            x_dead_letter_routing_key=PREFIX + "orders.v1.p0",
        ),
    ),
    "delete another's queue": ("payments", delete("orders.v1.p0")),
    "delete its own queue": ("payments", delete("payments.v1.p0")),
    "delete its own exchange": ("payments", delete_exchange("payments.events")),
    "stop another from hearing": (
        "payments",
        unbind("orders.v1.p0", "payments.events", "payments.PaymentAuthorized.v1.p0"),
    ),
    # A program outside sends what it declares, and reads what it hears.
    "send more than a program outside declares": (
        "storefront",
        publish("orders.commands", "orders.CancelOrder.v1.p0"),
    ),
    "say events from outside": (
        "storefront",
        publish("orders.events", "orders.OrderConfirmed.v1.p0"),
    ),
    "ask from outside": ("storefront", publish("orders.commands", "orders.GetOrder.v1.now")),
    "read a module's queue from outside": ("storefront", take("orders.v1.p0")),
    "make a queue from outside": ("storefront", declare("storefront.more")),
    "make a queue for an exchange from outside": (
        "storefront",
        bind("storefront.v1", "orders.events"),
    ),
}
FORGED: Mapping[str, tuple[str, Act]] = {
    "its own message under another's name": (
        "orders",
        publish("orders.events", "orders.OrderConfirmed.v1.p0", user="gateway"),
    ),
    "a message from outside under a module's name": (
        "storefront",
        publish("orders.commands", "orders.PlaceOrder.v1.p0", user="gateway"),
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_the_broker_does_not_let_a_user(what: str, guarded: Guarded) -> None:
    user, act = FORBIDDEN[what]

    with pytest.raises(ChannelAccessRefused):
        await _as(user, act, guarded)


@pytest.mark.parametrize("what", FORGED)
async def test_the_broker_refuses(what: str, guarded: Guarded) -> None:
    user, act = FORGED[what]

    with pytest.raises(ChannelPreconditionFailed, match="user_id property"):
        await _as(user, act, guarded)


@pytest.mark.full
async def test_a_user_belongs_to_one_virtual_host(guarded: Guarded) -> None:
    """Another application at the same broker is another world."""
    guarded.node.ctl("add_vhost", "other")
    with pytest.raises(AMQPError, match=r"Connection\.Close"):
        await aiormq.connect(guarded.url("payments") + "other")


async def _as(user: str, act: Act, guarded: Guarded) -> None:
    connection = await aiormq.connect(guarded.url(user))
    try:
        await act(await connection.channel(publisher_confirms=True, on_return_raises=True))
    finally:
        await connection.close()
