"""Takes orders and counts them, in the place of the shop: what arrives is what matters here."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amphibus.context import Context
from amphibus.module import Module, on
from amphibus.routing.project import Project
from amphibus.testing import Harness, environment
from contracts.orders import v1 as orders
from tests.services import rabbitmq

PARTITIONS = 2


@dataclass
class Till:
    """One folder of data and what was counted over it."""

    data: Path
    amqp_url: str
    placed: Counter[str] = field(default_factory=Counter)
    """Order id -> how often it was placed."""
    sequence: list[str] = field(default_factory=list)
    """References, as they were handled."""

    @property
    def env(self) -> str:
        """The name of its environment at the broker."""
        return environment(self.data)

    @property
    def project(self) -> Project:
        """One module, which owns one contract."""
        module = Module(name="orders", handles=(on(orders.PlaceOrder, self._place),))
        return Project.declared(self.data, contracts=[orders.PlaceOrder], modules=[module])

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Harness]:
        """Takes orders; removes its queues at the end."""
        try:
            async with Harness.of(
                self.project,
                transport="rabbitmq",
                amqp_url=self.amqp_url,
                data_dir=self.data,
                settings={"bus.partitions": PARTITIONS},
            ) as harness:
                yield harness
        finally:
            await rabbitmq.forget(self.amqp_url, self.data, self.project.topology(), PARTITIONS)

    async def _place(self, order: orders.PlaceOrder, _context: Context[Any]) -> None:
        self.placed[str(order.order_id)] += 1
        self.sequence.append(order.reference or "")
