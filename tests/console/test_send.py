"""Commands of producers, into the gateway's outbox."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.console.conftest import Console
from tests.console.stores import SALE, Store


def line(identity: str, contract: str = "shelf.Sell.v1", **data: Any) -> str:
    return json.dumps({"type": contract, "id": identity, "data": {"item": "cup"} | data}) + "\n"


def gateway_of(console: Console) -> Store:
    store = object.__new__(Store)
    store.path = console.data_dir / "gateway.db"
    return store


def test_a_command_is_in_the_outbox_when_the_command_line_says_so(console: Console) -> None:
    """The shop need not run: its relay takes it up when it starts."""
    ended = console("send", "shelf.Sell.v1", "--data", json.dumps({"sale_id": SALE, "item": "cup"}))

    assert ended.code == 0
    (row,) = gateway_of(console).rows("outbox")
    assert (row["type"], row["source"], row["key"]) == ("shelf.Sell.v1", "gateway", SALE)
    assert json.loads(row["body"]) == {"sale_id": SALE, "item": "cup", "pieces": 1}
    (delivery,) = gateway_of(console).rows("delivery")
    assert (delivery["destination"], delivery["seq"]) == ("shelf", row["seq"])


def test_what_does_not_name_itself_is_named_after_its_message(console: Console) -> None:
    console("send", "shelf.Sell.v1", "--id", SALE, "--data", '{"item": "cup"}')

    assert gateway_of(console).rows("outbox")[0]["key"] == SALE


def test_an_id_that_is_no_uuid_stands_for_the_same_uuid_each_time(console: Console) -> None:
    for _ in range(2):
        ended = console("send", "shelf.Sell.v1", "--id", "till roll 7", "--data", '{"item": "cup"}')

    assert ended.code == 0
    assert ended.out.startswith("sent before")
    assert len(gateway_of(console).rows("outbox")) == 1


def test_bad_lines_are_named_and_the_rest_is_sent(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "sales.ndjson"
    file.write_text(
        line("m-1")
        + "{nonsense\n"
        + "\n"
        + line("m-4", pieces=0, colour="red")
        + line("m-5", contract="shelf.Sel.v1")
        + '{"type": "shelf.Sell.v1", "data": {}}\n'
        + line("m-7")
    )

    ended = console("send", "--file", str(file), "--json")

    assert ended.code == 1
    assert (ended.json["sent"], [each["line"] for each in ended.json["not_sent"]]) == (
        2,
        [2, 4, 5, 6],
    )
    reasons = [each["why"] for each in ended.json["not_sent"]]
    assert reasons[0].startswith("the body is not JSON")
    assert "pieces must be greater than or equal to 1" in reasons[1]
    assert "colour is not a known field" in reasons[1]
    assert reasons[2] == (
        "shelf.Sel.v1 is no command; there are shelf.Sell.v1; did you mean shelf.Sell.v1?"
    )
    assert reasons[3] == "must have type, id and data, and has data, type"
    assert [row["id"] for row in gateway_of(console).rows("outbox")] == ["m-1", "m-7"]


def test_a_file_sent_again_is_not_sent_twice(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "sales.ndjson"
    file.write_text(line("m-1") + line("m-2"))

    first, second = console("send", "--file", str(file)), console("send", "--file", str(file))

    assert first.out.startswith("2 messages sent in")
    assert second.out.startswith("0 messages sent, 2 sent before in")
    assert (second.code, len(gateway_of(console).rows("outbox"))) == (0, 2)


def test_the_same_id_with_other_content_is_refused(console: Console) -> None:
    console("send", "shelf.Sell.v1", "--id", "m-1", "--data", '{"item": "cup"}')

    ended = console("send", "shelf.Sell.v1", "--id", "m-1", "--data", '{"item": "plate"}')

    assert ended.code == 1
    assert ended.err == "not sent  id m-1 was sent before with other content\n"
    assert len(gateway_of(console).rows("outbox")) == 1


def test_the_same_thing_under_another_id_is_known(console: Console) -> None:
    """A sale has an id of its own; whoever tells it again under a new message id tells nothing new."""
    data = json.dumps({"sale_id": SALE, "item": "cup"})
    console("send", "shelf.Sell.v1", "--id", "m-1", "--data", data)

    ended = console("send", "shelf.Sell.v1", "--id", "m-2", "--data", data)

    assert ended.out.startswith("sent before")


def test_lines_are_read_from_standard_input_too(console: Console) -> None:
    assert console("send", "--file", "-", stdin=line("m-1")).code == 0


def test_a_file_that_is_not_there_is_a_usage_error(console: Console) -> None:
    ended = console("send", "--file", "nowhere.ndjson")

    assert ended.code == 2
    assert ended.err.startswith("error  nowhere.ndjson cannot be read")


def test_it_must_be_told_what_to_send(console: Console) -> None:
    assert [console("send").code, console("send", "shelf.Sell.v1").code] == [2, 2]


def test_a_shop_that_is_away_is_unreachable(console: Console) -> None:
    ended = console(
        "ask", "shelf.GetShelf.v1", "--data", '{"name": "a"}', "--http", "http://[::1]:9"
    )

    assert ended.code == 4
    assert ended.err.startswith("error  nobody answers at http://[::1]:9")


def test_nobody_waits_for_a_shop_that_was_never_there(console: Console) -> None:
    sale = ("send", "shelf.Sell.v1", "--data", '{"item": "cup"}', "--http", "http://127.0.0.1:9")
    ended = console(*sale)

    assert ended.code == 4
    what, _, fix = ended.err.splitlines()
    assert what == "error  nobody answers at http://127.0.0.1:9"
    assert fix == "  fix  amphibus run --port 9"


def test_a_shop_that_starts_is_waited_for_and_that_is_said(console: Console) -> None:
    with starting_shop() as url:
        sale = ("send", "shelf.Sell.v1", "--data", '{"item": "cup"}', "--http", url)
        ended = console(*sale)

    assert (ended.code, ended.out.split()[:2]) == (0, ["sent", "shelf.Sell.v1"])
    assert ended.err == f"waiting  {url} is not ready: it starts; up to 30 s\n"


@contextmanager
def starting_shop() -> Iterator[str]:
    """Answers 503 twice, then accepts."""
    answers = iter((503, 503, 202))

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"title": "it starts"}'
            self.send_response(next(answers))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_command_line_reads_json_as_every_other_door_does(console: Console) -> None:
    """Two readers could understand each of these differently."""
    for data, why in (
        ('{"item": "cup", "item": "mug"}', 'the key "item" twice'),
        ('{"item": "\\ud800"}', "half of a surrogate pair"),
        ('{"item": "caf\udce9"}', "not UTF-8"),
        ("[]", "must be a JSON object"),
    ):
        sent = console("send", "shelf.Sell.v1", "--data", data)
        asked = console("ask", "shelf.GetShelf.v1", "--data", data)
        assert (sent.code, asked.code) == (1, 2)
        assert why in sent.out + sent.err
        assert why in asked.err
    assert not (console.data_dir / "gateway.db").exists() or not gateway_of(console).rows("outbox")


def test_a_payload_that_cannot_be_sent_makes_no_database(console: Console) -> None:
    sent = console("send", "shelf.Sell.v1", "--data", "/")
    asked = console("ask", "shelf.GetShelf.v1", "--data", "/")

    assert (sent.code, asked.code) == (1, 2)
    assert not console.data_dir.exists()
    assert asked.err.splitlines()[1].endswith("; it is a payload, and --data-dir names a folder")
    assert asked.err.splitlines()[2] == (
        """  fix  amphibus ask shelf.GetShelf.v1 --data '{"name": "value"}'"""
    )


def test_an_id_that_nobody_could_keep_is_refused_in_words(console: Console) -> None:
    for identity, why in (("\udce9", "U+DCE9"), ("a\nb", "U+000A"), ("x" * 129, "129 characters")):
        ended = console("send", "shelf.Sell.v1", "--id", identity, "--data", '{"item": "cup"}')
        assert ended.code == 1
        assert why in ended.out + ended.err
