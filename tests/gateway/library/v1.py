"""The contracts of a library. `loan_id` is filled where it is not sent."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from amphibus.contract import PUBLIC, Amount, Command, Deprecated, Get, Personal, Post, Query, Value

Title = Annotated[str, StringConstraints(min_length=1, max_length=40)]


def _no_nickname(name: str) -> str:
    if "@" in name:
        raise ValueError(f"{name} is a nickname")
    return name


class Member(Value):
    name: Annotated[str, Personal("name"), AfterValidator(_no_nickname)]
    since: AwareDatetime | None = None


class Book(Value):
    title: Title
    copies: Annotated[int, Field(ge=1)] = 1
    deposit: Amount = Decimal(0)


class LoanAccepted(Value):
    loan_id: UUID
    status: Literal["accepted"] = "accepted"


class Lend(
    Command[LoanAccepted],
    key="loan_id",
    http=Post(
        "/v1/loans",
        stored=True,
        location="/v1/loans/{loan_id}",
        summary="Lend books",
        body_bytes=1_000_000,
    ),
    requires="loans:lend",
    refuses={"banned": 403, "loan_exists": 409},
    example={"member": {"name": "Ada"}, "books": [{"title": "Notes"}]},
):
    """Lends books to a member."""

    loan_id: UUID | None = None
    member: Member
    books: Annotated[tuple[Book, ...], Field(min_length=1, max_length=2000)]


class Renewal(Value):
    loan_id: UUID
    renewal_id: UUID
    weeks: int


class Renew(
    Command[Renewal],
    key="loan_id",
    http=Post("/v1/loans/{loan_id}/renewals", summary="Renew a loan"),
    requires="loans:renew",
    refuses={"loan_not_found": 404, "too_often": 409},
    example={"loan_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87", "weeks": 2},
):
    """Lets a member keep the books for longer."""

    renewal_id: UUID | None = None
    loan_id: UUID
    weeks: Annotated[int, Field(ge=1, le=4)] = 1


class Close(Command[None], http=Post("/v1/loans/{loan_id}/close"), requires="loans:close"):
    """Ends a loan."""

    loan_id: UUID


class Loan(Value):
    loan_id: UUID
    status: Literal["pending", "lent"] = "pending"
    member: Member | None = None
    books: tuple[Book, ...] = ()


class GetLoan(
    Query[Loan],
    key="loan_id",
    http=Get("/v1/loans/{loan_id}", summary="Read a loan"),
    requires="loans:read",
    refuses={"loan_not_found": 404},
):
    """Reads a loan."""

    loan_id: UUID


class Loans(Value):
    asked: str
    items: tuple[Loan, ...] = ()


class ListLoans(Query[Loans], http=Get("/v1/loans", summary="List loans"), requires="loans:read"):
    """Lists loans."""

    status: Literal["pending", "lent"] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] | None = None
    from_: Annotated[date | None, Field(alias="from")] = None


class Shelf(Value):
    room: int
    mark: str


class GetShelf(
    Query[Shelf],
    http=Get("/v1/rooms/{room}/shelves/{mark}"),
    requires=PUBLIC,
    deprecated=Deprecated(
        since=date(2026, 1, 1), sunset=date(2027, 7, 1), use="library.FindShelf.v1"
    ),
):
    """Says where a shelf is."""

    room: Annotated[int, Field(ge=1)]
    mark: Title
