"""A module that answers queries over the broker."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.ours.carrier import hosted


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    async with hosted(setup, "first"):

        async def answer(_request: Request) -> None:
            """It answers over the broker only."""

        yield Answering(answer)
