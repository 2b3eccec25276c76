"""A program outside: sends orders in batches, the same ones at every run, and says how far it is.

python -m tests.producers.loader URL ENV COUNT BATCH
"""

import asyncio
import sys
from uuid import UUID

from amphibus import Producer
from contracts.orders import v1 as orders
from tests.producers.counter import PARTITIONS


def order(number: int) -> orders.PlaceOrder:
    """Always the same order for a number."""
    return orders.PlaceOrder(
        order_id=UUID(int=number),
        customer=orders.Customer(email="ada@example.com"),
        currency="GBP",
        lines=(orders.OrderLine(sku="BULB", quantity=1, unit_price="0.50"),),
        payment_token="tok_visa",
        reference=f"R-{number}",
    )


async def load(url: str, env: str, count: int, batch: int) -> None:
    """Sends them; what is printed is sent."""
    async with Producer(url, source="loader", env=env, partitions=PARTITIONS) as producer:
        for begin in range(0, count, batch):
            numbers = range(begin, min(begin + batch, count))
            await producer.send_all(order(number) for number in numbers)
            print(numbers.stop, flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    asyncio.run(load(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
