"""The library at work behind a gateway, and a client in front of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel

from amphibus import Context, Module, Refused, on
from amphibus.config.http import HttpSettings
from amphibus.gateway.app import build_app
from amphibus.gateway.door import Door
from amphibus.gateway.limits.quotas import Quotas
from amphibus.gateway.limits.throttle import Throttle
from amphibus.gateway.writes import Intake
from amphibus.routing.project import Project
from amphibus.testing import Harness
from tests.gateway.documented import CONTRACTS, check_answer
from tests.gateway.library import v1 as library


class Limits(BaseModel):
    body_limit_bytes: int = 1_000_000
    accept_within_seconds: float = 1.0
    request_timeout_seconds: float = 5.0
    page_limit: int = 200
    waiters: int = 10
    waiters_per_client: int = 5
    longest_wait_seconds: float = 60.0


class Library:
    """The owner: what it was asked, and how it feels today."""

    def __init__(self) -> None:
        self.loans: dict[UUID, library.Lend] = {}
        self.handled: list[str] = []
        self.traces: list[str] = []
        self.open = asyncio.Event()
        """Cleared, it lets whoever asks wait."""
        self.open.set()
        self.breaks = False
        self.asked = asyncio.Event()

    async def lend(self, message: library.Lend, context: Context[Any]) -> None:
        await self._work("lend", context)
        assert message.loan_id is not None
        if message.member.name == "Banned":
            raise Refused("banned", "not before May")
        self.loans[message.loan_id] = message

    async def renew(self, message: library.Renew, context: Context[Any]) -> library.Renewal:
        await self._work("renew", context)
        if message.loan_id not in self.loans:
            raise Refused("loan_not_found")
        if message.weeks == 4:
            raise Refused("too_often")
        assert message.renewal_id is not None
        return library.Renewal(
            loan_id=message.loan_id, renewal_id=message.renewal_id, weeks=message.weeks
        )

    async def close(self, message: library.Close, context: Context[Any]) -> None:
        await self._work("close", context)
        self.loans.pop(message.loan_id, None)

    async def get_loan(self, query: library.GetLoan, context: Context[Any]) -> library.Loan:
        await self._work("get_loan", context)
        lent = self.loans.get(query.loan_id)
        if lent is None:
            raise Refused("loan_not_found")
        return library.Loan(
            loan_id=query.loan_id, status="lent", member=lent.member, books=lent.books
        )

    async def list_loans(self, query: library.ListLoans, context: Context[Any]) -> library.Loans:
        await self._work("list_loans", context)
        return library.Loans(asked=query.model_dump_json())

    async def get_shelf(self, query: library.GetShelf, context: Context[Any]) -> library.Shelf:
        await self._work("get_shelf", context)
        return library.Shelf(room=query.room, mark=query.mark)

    async def _work(self, name: str, context: Context[Any]) -> None:
        self.handled.append(name)
        self.asked.set()
        self.traces.append(context.envelope.trace)
        await self.open.wait()
        if self.breaks:
            raise OSError("the roof of ada@example.org leaks")

    def project(self, root: Path) -> Project:
        handlers = (self.lend, self.renew, self.close)
        askers = (self.get_loan, self.list_loans, self.get_shelf)
        module = Module(
            name="library",
            handles=tuple(
                on(contract, handler)  # type: ignore[arg-type]
                for contract, handler in zip(CONTRACTS, handlers + askers, strict=True)
            ),
        )
        return Project.declared(root, contracts=CONTRACTS, modules=(module,))


class Room:
    """A client of the gateway, the owner behind it and the host of both."""

    def __init__(
        self,
        owner: Library,
        harness: Harness,
        limits: Limits,
        http: HttpSettings,
        throttle: Throttle | None,
        quotas: Quotas | None,
    ) -> None:
        self.owner = owner
        self.harness = harness
        host, store = harness.host, harness.host.accepted_store()
        self.app = build_app(
            store,
            limits,
            host.health,
            host.meters,
            Door(unnamed="everybody", throttle=throttle),
            intake=Intake(store, http, quotas or Quotas()),
            title="The library",
        )
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
        self.client = httpx.AsyncClient(
            transport=transport,
            base_url="http://library",
            event_hooks={"response": [check_answer]},
        )

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key
        if content is None:
            content = b"" if body is None else json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
        return await self.client.post(path, content=content, headers=sent)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def lend(self, key: str | None = None, **changed: Any) -> httpx.Response:
        return await self.post("/v1/loans", loan(**changed), key=key)


def loan(**changed: Any) -> dict[str, Any]:
    """What a client sends to borrow a book."""
    return {"member": {"name": "Ada"}, "books": [{"title": "Notes"}], **changed}


def some_id() -> str:
    return str(uuid4())


@asynccontextmanager
async def reading_room(
    folder: Path,
    *,
    owner_is_there: bool = True,
    http: HttpSettings | None = None,
    throttle: Throttle | None = None,
    quotas: Quotas | None = None,
    settings: Mapping[str, Any] | None = None,
    **limits: Any,
) -> AsyncIterator[Room]:
    """The library behind its gateway, or the gateway alone."""
    owner = Library()
    modules = ("library",) if owner_is_there else ("gateway",)
    folder.mkdir(exist_ok=True)
    async with Harness.of(
        owner.project(folder), modules=modules, data_dir=folder, settings=settings
    ) as harness:
        room = Room(owner, harness, Limits(**limits), http or HttpSettings(), throttle, quotas)
        try:
            yield room
        finally:
            owner.open.set()
            await room.client.aclose()


def wrong_fields(response: httpx.Response) -> dict[str, str]:
    """The wrong fields of a 422, checked to be a whole problem."""
    assert response.status_code == 422, response.text
    return {each["field"]: each["message"] for each in problem(response)["errors"]}


def problem(response: httpx.Response) -> dict[str, Any]:
    """The problem details of an answer, checked to be complete and to say nothing of our insides."""
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(found)
    assert found["status"] == response.status_code
    assert found["instance"] == f"urn:uuid:{response.headers['x-request-id']}"
    assert "Traceback" not in response.text
    assert "pydantic" not in response.text
    return found
