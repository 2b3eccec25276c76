"""Hand-written services in one process: FastStream's broker, SQLAlchemy's pool, FastAPI in front.

Setup: `modules` (all if empty), `db_url`, `amqp_url`, `env`, `mail_port`, `guarded` (outbox and inbox or neither),
`creates` (whether this process makes the tables).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI, HTTPException
from faststream import AckPolicy
from faststream.rabbit import (
    Channel,
    ExchangeType,
    QueueType,
    RabbitBroker,
    RabbitExchange,
    RabbitQueue,
)
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.outside import Approving, Postbox, mail_about
from tests.benchmarks.peers.flow import handlers
from tests.benchmarks.peers.flow import messages as m
from tests.benchmarks.peers.flow.post import Post
from tests.benchmarks.peers.flow.serving import served
from tests.benchmarks.peers.flow.tables import MODULES, OUTBOXES, TOGETHER, Base, posts

_PREFETCH: Final = 50
_CONNECTIONS: Final = 20
_FEWER_CONNECTIONS: Final = 8
_Handler = Callable[[Any, AsyncSession], Awaitable[handlers.Said]]


class Service:
    """The handlers of some modules, subscribed."""

    def __init__(self, broker: RabbitBroker, post: Post, mail_port: int, env: str) -> None:
        self._broker = broker
        self._post = post
        self._exchange = exchange_of(env)
        self._env = env
        self._provider = Approving()
        self._postbox = Postbox(mail_port)

    def subscribe(self, modules: tuple[str, ...]) -> None:
        """A quorum queue for each handler of these modules."""
        if "orders" in modules:
            self._on("orders", m.PlaceOrder, handlers.place)
            self._on("orders", m.StockReserved, handlers.note_stock)
            self._on("orders", m.PaymentAuthorized, handlers.note_payment)
        if "inventory" in modules:
            self._on("inventory", m.ReserveStock, handlers.reserve)
            self._on("inventory", m.ShipStock, handlers.ship)
        if "payments" in modules:
            self._on("payments", m.AuthorizePayment, handlers.authorize, self._authorize)
            self._on("payments", m.CapturePayment, handlers.capture, self._capture)
        if "notifications" in modules:
            self._on("notifications", m.OrderConfirmed, handlers.record_mail, self._mail)
        if "reporting" in modules:
            self._on("reporting", m.OrderPlaced, handlers.count)
            self._on("reporting", m.OrderConfirmed, handlers.count)

    def _on(
        self,
        module: str,
        contract: type[m.Message],
        handler: _Handler,
        outside: Callable[[Any], Awaitable[None]] | None = None,
    ) -> None:
        async def handle(message: m.Message) -> None:
            if outside is not None:
                await outside(message)
            await self._post.handle(module, message, lambda session: handler(message, session))

        handle.__annotations__["message"] = contract
        queue = RabbitQueue(
            f"{self._env}.{module}.{contract.__name__}",
            queue_type=QueueType.QUORUM,
            durable=True,
            routing_key=contract.__name__,
        )
        self._broker.subscriber(
            queue,
            self._exchange,
            channel=Channel(prefetch_count=_PREFETCH),
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
        )(handle)

    async def _authorize(self, message: m.AuthorizePayment) -> None:
        await self._provider.authorize(
            str(message.message_id),
            reference=str(message.order_id),
            amount=message.amount,
            currency=message.currency,
            token=message.payment_token,
        )

    async def _capture(self, message: m.CapturePayment) -> None:
        await self._provider.capture(str(message.message_id), reference=str(message.order_id))

    async def _mail(self, message: m.OrderConfirmed) -> None:
        mail = mail_about(message.reference or "", message.customer.email, message.total)
        await self._postbox.send(str(message.message_id), mail)


def exchange_of(env: str) -> RabbitExchange:
    """Where everything is published."""
    return RabbitExchange(f"{env}.shop", type=ExchangeType.TOPIC, durable=True)


def application(post: Post) -> FastAPI:
    """The gateway's routes."""
    app = FastAPI()

    @app.post("/v1/orders", status_code=202)
    async def place_order(order: m.PlaceOrder) -> m.Accepted:
        try:
            await post.handle("gateway", None, lambda session: handlers.accept(order, session))
        except handlers.Conflict:
            raise HTTPException(409, "there is another order of this id") from None
        return m.Accepted(order_id=order.order_id)

    @app.post("/v1/stock/receipts", status_code=202)
    async def receive_stock(receipt: m.ReceiveStock) -> None:
        await post.handle("inventory", None, lambda session: handlers.receive(receipt, session))

    return app


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    modules = tuple(setup.get("modules") or MODULES)
    alone = len(modules) == len(MODULES)
    outbox = OUTBOXES[TOGETHER if alone else modules[0]]
    engine = create_async_engine(
        setup["db_url"].replace("postgresql://", "postgresql+asyncpg://"),
        pool_size=_CONNECTIONS if alone else _FEWER_CONNECTIONS,
        max_overflow=0,
    )
    if setup["creates"]:
        await create(engine)
    broker = RabbitBroker(setup["amqp_url"], logger=None)
    post = Post(engine, broker, exchange_of(setup["env"]), outbox if setup["guarded"] else None)
    Service(broker, post, setup["mail_port"], setup["env"]).subscribe(modules)
    await broker.connect()
    await broker.declare_exchange(exchange_of(setup["env"]))
    await broker.start()
    post.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(broker.stop)
        stack.push_async_callback(post.stop)
        front = "gateway" in modules
        url = await stack.enter_async_context(served(application(post))) if front else ""
        yield Answering(lambda request: _answer(request, engine), {"url": url})


async def create(engine: AsyncEngine) -> None:
    """Makes the tables."""
    async with engine.begin() as connection:
        for metadata in (Base.metadata, posts):
            await connection.run_sync(metadata.create_all)


async def _answer(request: Request, engine: AsyncEngine) -> Any:
    counts = {"effects": handlers.effects, "stock": handlers.stock}[request["do"]]
    async with AsyncSession(engine) as session:
        return await counts(session)
