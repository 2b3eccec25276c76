"""`amphibus send`: sends a command, or a file of commands, into the gateway's outbox or to a running shop."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.kinds import refuse_other_kind
from amphibus.cli.output import CommandError, Exit, progress, unknown
from amphibus.cli.send.report import Report
from amphibus.contract import kind_of
from amphibus.messages.ids import new_id

if TYPE_CHECKING:
    from amphibus.cli.send.lines import Line, Reader
    from amphibus.cli.send.records import Bad
    from amphibus.cli.send.sources import Source
    from amphibus.contract import Message


def send(
    contract: str | None = None,
    *,
    data: str | None = None,
    file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    format_: Annotated[Literal["ndjson", "json", "csv"] | None, Parameter(name="--format")] = None,
    map_: Annotated[tuple[str, ...], Parameter(name="--map")] = (),
    id_: Annotated[str | None, Parameter(name="--id")] = None,
    id_field: str | None = None,
    whole: bool = False,
    dry_run: bool = False,
    rate: Annotated[float | None, Parameter(help="Most messages to send in a second.")] = None,
    http: options.Url = None,
    amqp: Annotated[str | None, Parameter(help="Address of the broker, or @FILE with it.")] = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> int:
    """Send a command, or a file of commands.

    Without --http or --amqp, commands go into the gateway's outbox, in the data folder or on the server
    of --db, whether the shop runs or not; those without an HTTP route go to their owner's database.
    The same id with the same content is sent once; with other
    content it is refused. Over --amqp it takes effect once, whatever the content.

    A file is NDJSON, a JSON array, or CSV whose first line names the fields. Without TYPE each element is
    {"type": ..., "id": ..., "data": {...}}. With TYPE it is a payload alone, and its id follows from the
    content of the file and its line: a file that is sent again, after a kill too, sends what is missing.

    Exit code 0: all were sent, now or before; 1: some were not; their line numbers are printed.

    Example: amphibus send orders.PlaceOrder.v1 --file orders.ndjson --dry-run
    Example: amphibus send stock.Count.v1 --file count.csv --map sku=Article --map "=Remark" --id-field sku
    Example: zcat orders.ndjson.gz | amphibus send --file - --http http://127.0.0.1:8000

    Args:
        contract: Type of the command, such as orders.PlaceOrder.v1.
        data: Its payload as JSON.
        file: A file of commands; - reads them from stdin.
        format_: The format of the file, if neither its name nor its first character says it.
        map_: FIELD=COLUMN for a column of a CSV file that is not called like its field, as customer.email=Mail;
            =COLUMN leaves it out.
        id_: Id of the single message; a new one if not given.
        id_field: The field of the payload that is the id of each message, if not the content and line of the file.
        whole: Send nothing unless every line is right.
        dry_run: Check every line and send none.
    """
    from amphibus.cli.send.lines import Reader
    from amphibus.cli.send.records import Bad

    reader = Reader(options.project())
    _refuse_unclear(contract, data, file)
    if http is not None and amqp is not None:
        raise CommandError(
            "send where?",
            "--http and --amqp are two ways",
            f"amphibus send {contract or '--file FILE'} --http {http}",
            Exit.USAGE,
        )
    report, way = Report(), Way(http, amqp, data_dir, db, dry_run)
    if contract is not None and data is not None:
        refuse_other_kind(options.project().contracts, contract, "command", data)
        only = reader.one(contract, id_ or new_id(), os.fsencode(data))
        if isinstance(only, Bad):
            report.refuse(only)
        else:
            _deliver(iter([only]), 1, report, way, rate)
    elif file is not None:
        from amphibus.cli.send.sources import opened

        table = Table(contract, dict(_mapped(each) for each in map_), id_field)
        with opened(file, format_) as source:
            if whole and not dry_run:
                _deliver(table.lines(reader, source), None, report, way._replace(dry=True), None)
                if report.refused:
                    return report.tell(as_json=as_json, single=False)
                report = Report()
            _deliver(table.lines(reader, source), source.newlines, report, way, rate)
    return report.tell(as_json=as_json, single=data is not None)


def _refuse_unclear(contract: str | None, data: str | None, file: Path | None) -> None:
    if (data is None) == (file is None) or (contract is None and data is not None):
        raise CommandError(
            "send what?",
            "it takes a type with --data, or a file of lines with --file, and not both",
            "amphibus send TYPE --data JSON",
            Exit.USAGE,
        )


def _command(name: str) -> "type[Message]":
    """Returns the contract of a command.

    Raises:
        CommandError: it is none.
    """
    contracts = options.project().contracts
    refuse_other_kind(contracts, name, "command", "{}")
    if name not in contracts:
        commands = [each for each in contracts if kind_of(contracts[each]) == "command"]
        raise unknown("command", name, commands, "amphibus contracts list")
    return contracts[name]


def _mapped(text: str) -> tuple[str, str]:
    """Column and field of a `--map`."""
    field, equals, column = text.partition("=")
    if not equals or not column:
        raise CommandError(
            f"--map {text} maps nothing",
            "it takes a field and the column that it is, or = and a column that is left out",
            "--map customer.email=Mail",
            Exit.USAGE,
        )
    return column, field


class Table(NamedTuple):
    """The meaning of the elements of a file, where they do not say it themselves."""

    contract: str | None
    columns: dict[str, str]
    id_field: str | None

    def lines(self, reader: "Reader", source: "Source") -> "Iterator[Line | Bad]":
        """Yields every line of a file, checked.

        Raises:
            CommandError: the file cannot be what is said.
        """
        from amphibus.cli.send.csv_rows import rows
        from amphibus.cli.send.lines import Payloads

        if self.contract is None:
            if source.format == "csv" or self.columns or self.id_field is not None:
                raise CommandError(
                    "of what type are these commands?",
                    "a CSV file, --map and --id-field are for payloads of one type",
                    "amphibus send TYPE --file FILE",
                    Exit.USAGE,
                )
            return reader.lines(source.texts())
        contract = _command(self.contract)
        payloads = Payloads(self.contract, source.name, self.id_field)
        if source.format == "csv":
            return reader.lines(rows(source.stream, contract, self.columns), payloads)
        if self.columns:
            raise CommandError(
                "--map is for CSV files",
                f"this one is {source.format}, whose fields have names",
                "amphibus send TYPE --file FILE --format csv",
                Exit.USAGE,
            )
        return reader.lines(source.texts(), payloads)


class Way(NamedTuple):
    """The way that the messages take: at most one of the first two."""

    http: str | None
    amqp: str | None
    data_dir: Path | None
    db: str | None
    dry: bool = False


def _deliver(
    lines: "Iterator[Line | Bad]", total: int | None, report: Report, way: Way, rate: float | None
) -> None:
    advance, close = progress(total, "checking" if way.dry else "sending")
    try:
        if way.dry:
            _check_all(lines, report, advance)
        elif way.http is not None:
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


def _check_all(
    lines: "Iterator[Line | Bad]", report: Report, advance: Callable[[int], None]
) -> None:
    from amphibus.cli.send.records import Bad

    for line in lines:
        if isinstance(line, Bad):
            report.refuse(line)
        else:
            report.note(line, "would")
        advance(1)
