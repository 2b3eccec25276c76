"""`amphibus send`: sends a command, or a file of commands, into the gateway's outbox or to a running shop."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.kinds import refuse_other_kind
from amphibus.cli.output import CommandError, Exit, progress
from amphibus.cli.send.report import Report
from amphibus.messages.ids import new_id

if TYPE_CHECKING:
    from amphibus.cli.send.lines import Bad, Line


def send(
    contract: str | None = None,
    *,
    data: str | None = None,
    file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    id_: Annotated[str | None, Parameter(name="--id")] = None,
    rate: Annotated[float | None, Parameter(help="Most messages to send in a second.")] = None,
    http: options.Url = None,
    amqp: Annotated[str | None, Parameter(help="Address of the broker, amqp://USER@HOST.")] = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> int:
    """Send a command, or a file of commands.

    Without --http or --amqp, commands go into the gateway's outbox, in the data folder or on the server
    of --db, whether the shop runs or not; those without an HTTP route go to their owner's database.
    The same id with the same content is sent once; with other
    content it is refused. Over --amqp it takes effect once, whatever the content.

    Exit code 0: all were sent, now or before; 1: some were not; their line numbers are printed.

    Args:
        contract: Type of the command, such as orders.PlaceOrder.v1, with --data.
        data: Its payload as JSON.
        file: Lines {"type": ..., "id": ..., "data": {...}}; - reads them from stdin.
        id_: Id of the single message; a new one if not given.
    """
    from amphibus.cli.send.lines import Bad, Reader

    project = options.project()
    reader = Reader(project)
    if (file is None) == (contract is None) or (contract is None) != (data is None):
        raise CommandError(
            "send what?",
            "it takes a type with --data, or a file of lines with --file, and not both",
            "amphibus send TYPE --data JSON",
            Exit.USAGE,
        )
    if http is not None and amqp is not None:
        raise CommandError(
            "send where?",
            "--http and --amqp are two ways",
            f"amphibus send {contract or '--file FILE'} --http {http}",
            Exit.USAGE,
        )
    report, way = Report(), Way(http, amqp, data_dir, db)
    if contract is not None and data is not None:
        refuse_other_kind(project.contracts, contract, "command", data)
        only = reader.one(contract, id_ or new_id(), os.fsencode(data))
        if isinstance(only, Bad):
            report.bad.append(only)
        else:
            _deliver(iter([only]), 1, report, way, rate)
    elif file is not None:
        with _opened(file) as (texts, total):
            _deliver(reader.lines(texts), total, report, way, rate)
    return report.tell(as_json=as_json, single=contract is not None)


class Way(NamedTuple):
    """The way that the messages take: at most one of the first two."""

    http: str | None
    amqp: str | None
    data_dir: Path | None
    db: str | None


def _deliver(
    lines: "Iterator[Line | Bad]", total: int, report: Report, way: Way, rate: float | None
) -> None:
    advance, close = progress(total, "sending")
    try:
        if way.http is not None:
            from amphibus.cli.send.http import post_all

            asyncio.run(post_all(way.http.rstrip("/"), lines, report, advance, rate))
        elif way.amqp is not None:
            from amphibus.cli.send.amqp import send_over_broker

            asyncio.run(send_over_broker(way.amqp, lines, report, advance, rate))
        else:
            from amphibus.cli.send.stored import store_all

            store_all(way.data_dir, way.db, lines, report, advance, rate)
    finally:
        close()


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Iterator[bytes], int]]:
    """Opens a file; yields its lines and their number."""
    try:
        if str(file) == "-":
            whole = sys.stdin.buffer.readlines()
            yield iter(whole), len(whole)
            return
        with file.open("rb") as counted:
            total = sum(1 for _ in counted)
        with file.open("rb") as stream:
            yield stream, total
    except OSError as error:
        raise CommandError(
            f"{file} cannot be read", error.strerror or str(error), f"ls -l {file}", Exit.USAGE
        ) from error
