"""A tiny business: a desk that takes lines, an archive that files copies, readers who hear of them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from amphibus.context import Context, Outside
from amphibus.contract import Message
from amphibus.module import Module, convert, on
from amphibus.process import Deadline, Process, State, When
from amphibus.routing.project import Project
from amphibus.testing.conformance.contracts.archive import v1 as archive
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.contracts.desk import v2 as desk2
from amphibus.testing.conformance.moods import Script, TinyContainer
from amphibus.testing.conformance.tables import (
    LINES,
    ArchiveBase,
    DeskBase,
    DeskLine,
    Loan,
    ReadersBase,
)

Tiny = Context[Any]
Executor = Callable[[Any, Tiny], Awaitable[None]]
Answering = Callable[[desk.Count, Tiny], Awaitable[desk.Counted]]
ROOT = Path(__file__).parent


async def write(message: desk.Write, context: Tiny) -> desk.Noted:
    """Keeps the line, says so, and has a copy filed."""
    page = await pages(context, message.book)
    await _keep("desk", "wrote", message, context)
    context.publish(desk.Written(book=message.book, line=message.line, mood=message.mood))
    context.send(archive.File(book=message.book, line=message.line))
    return desk.Noted(book=message.book, line=message.line, page=page)


async def call(message: desk.Call, context: Tiny) -> None:
    """Keeps the line and what the outside said."""
    context.container.script().outside_results.append(context.outside)
    await _keep("desk", "called", message, context)
    context.publish(desk.Unheard(book=message.book))


async def ask_around(message: desk.Call, outside: Outside[Any]) -> str:
    """The step before the transaction."""
    script: Script = outside.container.script()
    await script.act("desk outside", message, outside)
    return f"heard {outside.message_id}"


async def guard(message: desk.Guard, context: Tiny) -> None:
    """Keeps a line of a book that stops at its first dead one."""
    await _keep("desk", "guarded", message, context)


async def count(message: desk.Count, context: Tiny) -> desk.Counted:
    """Counts the lines of a book."""
    await context.container.script().act("desk", message, context)
    return desk.Counted(lines=await pages(context, message.book))


async def paint(message: desk2.Paint, context: Tiny) -> None:
    """Keeps the colour and says so."""
    context.db.add(_line("desk", message.book, 0, message.colour, context))
    context.publish(desk2.Painted(book=message.book, colour=message.colour))


async def remind(message: desk.Remind, context: Tiny) -> None:
    """Sends a command later, to the archive or to the desk itself, or recalls it."""
    if message.recall:
        context.recall(message.name or "", message.book)
    elif message.lend:
        lending = desk.Lend(book=message.book)
        context.send(lending, at=context.now + timedelta(minutes=message.minutes))
    else:
        filing = archive.File(book=message.book, line=message.line)
        context.send(filing, after=timedelta(minutes=message.minutes), name=message.name)
    await context.container.script().act("desk", message, context)


async def lend(message: desk.Lend, _context: Tiny) -> Loan:
    """Begins a loan."""
    return Loan(book=message.book, state="lent")


async def bring_back(_message: desk.Return, _loan: Loan, _context: Tiny) -> None:
    """Ends it in time."""


async def renew(_message: desk.Renew, _loan: Loan, context: Tiny) -> None:
    """Lets it go on."""
    context.container.script().renewals += 1


async def as_it_stands(_message: Any, renewed: Loan, _context: Tiny) -> desk.LoanView:
    """Answers with the loan after the step."""
    return desk.LoanView(book=renewed.book, state=renewed.state)


async def miss(_message: None, loan_missed: Loan, context: Tiny) -> None:
    """Ends it late."""
    context.container.script().reach_deadline()
    context.publish(desk.Missed(book=loan_missed.book))


def keeps(module: str, what: str) -> Executor:
    """A handler that only keeps the line."""

    async def keep(message: Any, context: Tiny) -> None:
        await _keep(module, what, message, context)

    return keep


async def see_paint(message: desk.Painted, context: Tiny) -> None:
    """Keeps what a reader of the old version sees."""
    context.db.add(_line("readers", message.book, 0, "dark" if message.dark else "light", context))


async def see_colour(message: desk2.Painted, context: Tiny) -> None:
    """Keeps what a reader of the new version sees."""
    context.db.add(_line("archive", message.book, 0, message.colour, context))


async def hear_missed(message: desk.Missed, context: Tiny) -> None:
    """Keeps that a book is missing."""
    context.db.add(_line("readers", message.book, 0, "missed", context))


async def pages(context: Tiny, book: str) -> int:
    """Returns how many lines of a book are on the desk."""
    found = await context.db.exec(select(func.count()).where(DeskLine.book == book))
    return found.one()


async def _keep(module: str, what: str, message: Any, context: Tiny) -> None:
    context.db.add(_line(module, message.book, message.line, what, context))
    await context.db.flush()
    await context.container.script().act(module, message, context)


def _line(module: str, book: str, line: int, what: str, context: Tiny) -> Any:
    return LINES[module](book=book, line=line, what=what, late=context.late)


loan = Process(
    name="loan",
    table=Loan,
    column="state",
    begins=(When(desk.Lend, lend, to="lent"),),
    states=(
        State(
            name="lent",
            on=(
                When(desk.Return, bring_back, to="returned"),
                When(desk.Renew, renew, to="renewed", answer=as_it_stands),
            ),
            deadline=Deadline("overdue", after=lambda _: timedelta(days=8), do=miss, to="missed"),
        ),
        State(
            name="renewed",
            on=(
                When(desk.Return, bring_back, to="returned"),
                When(desk.Renew, renew, to="renewed", answer=as_it_stands),
            ),
            waits="whoever renews a book may keep it",
        ),
        State(name="returned", final=True),
        State(name="missed", final=True),
    ),
    refuses={desk.Return: "not_lent", desk.Renew: "not_lent"},
    missing={desk.Return: "not_lent", desk.Renew: "not_lent"},
    cancelled_by=desk.Return,
)


def dark_or_grey(old: desk.Paint) -> desk2.Paint:
    """Returns what the old command means today."""
    return desk2.Paint(book=old.book, colour="black" if old.dark else "grey")


def dark_or_not(new: desk2.Painted) -> desk.Painted:
    """Returns what today's event meant then."""
    return desk.Painted(book=new.book, dark=new.colour == "black")


def modules(
    *,
    outside_timeout: float = 1000.0,
    hear: Executor | None = None,
    read: Executor | None = None,
    answer: Answering = count,
    step: Any = ask_around,
    lending: Process = loan,
    calls: Mapping[str, Any] | None = None,
) -> tuple[Module, ...]:
    """The front pages; a test may put its own in for those who hear `Written`, answer `Count`, call outside or lend.

    It may say of `calls` what `on` takes.
    """
    said_of_calls: dict[str, Any] = {"outside_timeout": outside_timeout, **(calls or {})}
    return (
        Module(
            name="desk",
            container=TinyContainer,
            handles=(
                on(desk.Write, write),
                on(desk.Call, call, outside=step, **said_of_calls),
                on(desk.Guard, guard, on_dead="block"),
                on(desk.Remind, remind),
                on(desk.Count, answer),
                on(desk2.Paint, paint),
                on(desk.Lend, lending),
                on(desk.Return, lending),
                on(desk.Renew, lending),
            ),
            publishes=(desk.Written, desk.Unheard, desk.Missed, desk2.Painted),
            sends=(archive.File, desk.Lend),
            converts=(
                convert(desk.Paint, desk2.Paint, dark_or_grey),
                convert(desk2.Painted, desk.Painted, dark_or_not),
            ),
            tables=DeskBase.metadata,
        ),
        Module(
            name="archive",
            container=TinyContainer,
            handles=(on(archive.File, keeps("archive", "filed")),),
            subscribes=(
                on(desk.Written, hear or keeps("archive", "heard")),
                on(desk2.Painted, see_colour),
            ),
            tables=ArchiveBase.metadata,
        ),
        Module(
            name="readers",
            container=TinyContainer,
            subscribes=(
                on(desk.Written, read or keeps("readers", "read")),
                on(desk.Painted, see_paint),
                on(desk.Missed, hear_missed),
            ),
            tables=ReadersBase.metadata,
        ),
    )


def contracts() -> list[type[Message]]:
    """Every contract of the tiny business."""
    pages = (desk, desk2, archive)
    return [
        each
        for page in pages
        for each in vars(page).values()
        if isinstance(each, type)
        and issubclass(each, Message)
        and each.__module__ == page.__name__
        and each.contract_type
    ]


def project(**options: Any) -> Project:
    """The tiny business as a project; the options are those of `modules`."""
    return Project.declared(ROOT, contracts=contracts(), modules=modules(**options))
