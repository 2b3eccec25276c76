"""A call to the outside that gave no answer is asked again; nothing is recorded on a guess."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus import UNKNOWN, Context, Unavailable
from amphibus.messages.envelope import Envelope
from amphibus.module import On
from modules.notifications.module import module as notifications
from modules.payments.module import module as payments

ROUTES = [
    route
    for page in (payments, notifications)
    for route in page.routes
    if route.outside is not None
]


def context_of(route: On) -> Context[Any]:
    envelope = Envelope(
        id="id-1",
        type=route.contract.contract_type,
        source="orders",
        key=None,
        time=0,
        correlation="c",
        causation=None,
        trace="t",
        body=b"",
    )
    return Context(
        envelope=envelope,
        container=None,
        db=AsyncSession(),
        now=datetime(2026, 3, 1, tzinfo=UTC),
        declared=frozenset((*payments.publishes, *notifications.publishes)),
        outside=UNKNOWN,
    )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.contract.contract_type)
@pytest.mark.asyncio
async def test_an_unknown_outcome_is_neither_a_yes_nor_a_no(route: On) -> None:
    """Taking it for a no would refuse a customer whose money is held."""
    context = context_of(route)
    with pytest.raises(Unavailable):
        await route.handler(route.contract.model_validate(route.contract.contract_example), context)

    assert context.outgoing == []
    assert not context.db.new
