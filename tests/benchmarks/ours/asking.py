"""A gateway's store that asks queries of a module in another process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from amphibus.messages.ids import new_id, new_trace
from tests.benchmarks.asking import TEXT, loop
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.contracts.first import v1 as first
from tests.benchmarks.ours.carrier import hosted

_PATIENCE = 30.0


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    async with hosted(setup, "gateway") as host:
        accepted_store = host.accepted_store()

        async def ask(number: int) -> None:
            found = await accepted_store.request(
                first.Ask(number=number, text=TEXT),
                message_id=new_id(),
                timeout=_PATIENCE,
                trace=new_trace(),
            )
            assert first.Answer.model_validate_json(found).number == number

        async def answer(request: Request) -> dict[str, float]:
            return await loop(ask, request)

        yield Answering(answer)
