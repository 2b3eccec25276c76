"""What may be in a log line, and what may not."""

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import structlog
from pydantic import ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

import amphibus
from amphibus.contract import Command, Personal, Value
from amphibus.errors import ConfigError
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.telemetry import logs
from amphibus.telemetry.catalogue import CONTEXT, EVENTS
from amphibus.telemetry.privacy import describe, safe, scrub, traceback_of


class Person(Value):
    name: Annotated[str, Personal("name")]
    country: str


class Invite(Command[None]):
    host: Person
    guests: tuple[Person, ...] = ()
    phone: Annotated[str | None, Personal("phone")] = None
    table: int = 1


INVITE = Invite(
    host=Person(name="Ada Lovelace", country="GB"),
    guests=(Person(name="Grace Hopper", country="US"),),
    phone="+44 20 7946 0018",
)


def envelope(message: Invite = INVITE) -> Envelope:
    return Envelope(
        id=new_id(),
        type="parties.Invite.v1",
        source="gateway",
        key=None,
        time=0,
        correlation="flow-1",
        causation="cause-1",
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        body=message.model_dump_json().encode(),
        decoded=[message],
    )


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Lines as they are written; what other tests have set up comes back afterwards."""
    before = structlog.get_config()
    handlers, level = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    logs.set_up("auto", "debug", stream)
    yield stream
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.captureWarnings(capture=False)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_says_who_worked_on_what(out: io.StringIO) -> None:
    about = envelope()
    with logs.about("parties", about):
        structlog.get_logger().info("message.handled", seconds=0.25, attempt=1)
    (line,) = lines(out)
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "message.handled",
        "level": "info",
        "module": "parties",
        "message": "parties.Invite.v1",
        "message_id": about.id,
        "correlation": "flow-1",
        "causation": "cause-1",
        "trace": "0af7651916cd43dd8448eb211c80319c",
        "seconds": 0.25,
        "attempt": 1,
    }


def test_outside_of_a_message_a_line_is_about_nothing(out: io.StringIO) -> None:
    with logs.about("parties", envelope()):
        pass
    structlog.get_logger().info("process.ready", url="http://x", seconds=1.0)
    assert not set(CONTEXT) & set(lines(out)[0])


def test_what_is_given_holds_over_what_is_known(out: io.StringIO) -> None:
    """The relay works for many modules at a time and names each."""
    with logs.about("parties", envelope()):
        structlog.get_logger().info("message.delayed", module="mail", due="x")
    assert lines(out)[0]["module"] == "mail"


def test_a_field_outside_the_catalogue_is_not_written(out: io.StringIO) -> None:
    """The catalogue is an allow-list: a payload added by mistake never reaches a file."""
    structlog.get_logger().info("message.handled", body=INVITE.model_dump_json(), seconds=1)
    assert "body" not in lines(out)[0]
    assert "Ada" not in out.getvalue()


def test_a_module_s_own_line_is_written_with_personal_data_masked(out: io.StringIO) -> None:
    with logs.about("parties", envelope()):
        structlog.get_logger().warning(
            "seat Ada Lovelace first",
            invite=INVITE,
            raw=INVITE.model_dump_json().encode(),
            said=["Grace Hopper called", {"from": "ada@example.org"}],
            error=ValueError("no Ada Lovelace"),
        )
    (line,) = lines(out)
    assert line["event"] == "seat *** first"
    assert line["invite"]["host"] == {"name": "***", "country": "GB"}
    assert line["raw"].endswith(" bytes")
    assert line["said"] == ["*** called", {"from": "***"}]
    assert line["error"] == "ValueError: no ***"
    for secret in ("Ada", "Grace", "7946", "example.org"):
        assert secret not in out.getvalue()


def test_an_exception_shows_its_frames_but_no_values(out: io.StringIO) -> None:
    """Tracebacks leak first: locals, validation inputs, statement parameters."""

    def fails(secret: str) -> None:
        try:
            Person.model_validate({"name": 7, "country": secret, "extra": secret})
        except ValidationError as error:
            raise RuntimeError(f"cannot seat {INVITE.host.name}") from error

    mailbox = "ada"
    with logs.about("parties", envelope()):
        try:
            fails(f"{mailbox}@example.org")
        except RuntimeError:
            structlog.get_logger().exception("process.failed")
    shown = lines(out)[0]["exception"]
    assert "in fails" in shown
    assert "ValidationError: wrong: name string_type" in shown
    assert "RuntimeError: cannot seat ***" in shown
    assert "ada@" not in shown
    assert "input_value" not in shown


def test_a_database_error_is_shown_without_its_parameters() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE person (name TEXT UNIQUE)"))
        row = {"name": "Ada Lovelace"}
        connection.execute(text("INSERT INTO person VALUES (:name)"), row)
        with pytest.raises(IntegrityError) as caught:
            connection.execute(text("INSERT INTO person VALUES (:name)"), row)
    engine.dispose()
    assert "Ada" in str(caught.value)
    assert describe(caught.value) == "IntegrityError: UNIQUE constraint failed: person.name"
    assert "Ada Lovelace" not in traceback_of(caught.value).replace('row = {"name": "Ada', "")


def test_each_error_of_a_group_is_shown() -> None:
    group = ExceptionGroup("two", [ValueError("one"), KeyError("other")])
    shown = traceback_of(group)
    assert "ValueError: one" in shown
    assert "KeyError: 'other'" in shown


def test_an_error_of_ours_says_what_and_why() -> None:
    assert describe(ConfigError("no such setting", "typo")) == "ConfigError: no such setting: typo"


def test_a_long_error_is_cut() -> None:
    assert len(describe(ValueError("x" * 10_000))) < 600


def test_safe_shows_all_but_personal_data() -> None:
    assert safe(INVITE) == {
        "host": {"name": "***", "country": "GB"},
        "guests": [{"name": "***", "country": "US"}],
        "phone": "***",
        "table": 1,
    }


def test_an_absent_personal_field_stays_absent() -> None:
    assert safe(Invite(host=INVITE.host))["phone"] is None


def test_mail_addresses_are_masked_wherever_they_stand() -> None:
    assert scrub("to <ada.l+x@mail.example.org>, soon") == "to <***>, soon"
    assert scrub("a @ b") == "a @ b"


def test_below_the_level_nothing_is_written(out: io.StringIO) -> None:
    logs.set_up("json", "warning", out)
    structlog.get_logger().info("process.ready", seconds=1)
    assert out.getvalue() == ""


def test_text_is_one_readable_line(out: io.StringIO) -> None:
    logs.set_up("text", "info", out)
    with logs.about("parties", envelope()):
        structlog.get_logger().info("message.refused", code="full")
    (line,) = out.getvalue().splitlines()
    assert "message.refused" in line
    assert "code=full" in line
    assert "module=parties" in line
    assert "\x1b" not in line


def test_libraries_log_into_the_same_lines(out: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("odd %s", "header of ada@example.org")
    try:
        raise ValueError("bad ada@example.org")
    except ValueError:
        logging.getLogger("asyncio").exception("never retrieved")
    first, second = lines(out)
    assert (first["event"], first["logger"]) == ("library.said", "uvicorn.error")
    assert first["text"] == "odd header of ***"
    assert second["level"] == "error"
    assert second["exception"].endswith("ValueError: bad ***")


def test_a_library_s_broken_format_does_not_break_the_library(out: io.StringIO) -> None:
    record = logging.LogRecord("odd", logging.WARNING, "x.py", 1, "%d apples", ("many",), None)
    logging.root.handlers[0].handle(record)
    assert lines(out)[0]["text"] == "%d apples"


_METHODS = {"debug", "info", "warning", "error", "critical", "exception"}


def test_the_runtime_logs_only_what_the_catalogue_lists() -> None:
    """Otherwise fields would be dropped or, worse, written without a decision.

    What lives in an application of others logs as that does, by the standard library.
    """
    problems, runtime = [], Path(amphibus.__file__).parent
    files = {*runtime.rglob("*.py")} - {*(runtime / "integrations").rglob("*.py")}
    for file in sorted(files):
        for call in ast.walk(ast.parse(file.read_text())):
            match call:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log" | "_log"), attr=method)
                ) if method in _METHODS:
                    problems += [f"{file.name}:{call.lineno} {each}" for each in _problems(call)]
    assert problems == []


def _problems(call: ast.Call) -> Iterator[str]:
    match call.args:
        case [ast.Constant(value=str(name))] if name in EVENTS:
            for keyword in call.keywords:
                known = {*EVENTS[name].fields, *CONTEXT, "exc_info"}
                if keyword.arg is not None and keyword.arg not in known:
                    yield f"'{name}' has no field '{keyword.arg}' in the catalogue"
        case [ast.Constant(value=name)]:
            yield f"{name!r} is not in the catalogue"
        case _:
            yield "the name of the line must be written where it is logged"


def test_every_event_of_the_catalogue_says_something() -> None:
    assert all(event.says.endswith(".") for event in EVENTS.values())
    assert not [name for name, event in EVENTS.items() if event.fields & set(CONTEXT)]


def test_a_trace_id_is_the_middle_of_the_traceparent(out: io.StringIO) -> None:
    trace = new_trace()
    request = logs.Request(id="m", type="t", trace=trace, decoded=[])
    with logs.about("gateway", request):
        structlog.get_logger().info("http.served", route="/x", status=200, seconds=0.1)
    assert lines(out)[0]["trace"] == trace.split("-")[1]
    assert lines(out)[0]["correlation"] == "m"
