"""No work waits for, or fails with, whoever reads the log."""

import io
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from amphibus.telemetry.log_stream import LogStream
from amphibus.telemetry.logs import set_up

_MOST_OF_A_PIPE = 65_536


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_full_disk_fails_nobody_who_logs() -> None:
    """What is logged then is mostly that the disk is full."""
    with Path("/dev/full").open("w") as full:
        set_up("json", stream=full)
        structlog.get_logger().warning("process.warning", what="a", why="b", fix="c")


def test_a_reader_that_has_gone_fails_nobody_who_logs() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        stream = LogStream(nobody)
        stream.write("line\n")

        assert stream.left_out == 1


def test_a_reader_that_stands_still_is_not_waited_for_and_is_told_what_it_missed() -> None:
    """A stopped terminal, or a collector that hangs."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        stream = LogStream(pipe, patience=0.01)
        many = _MOST_OF_A_PIPE // 100 + 50
        for number in range(many):
            stream.write(f"{number:99}\n")
        missed = stream.left_out
        seen = os.read(reading, 2 * _MOST_OF_A_PIPE)
        stream.write("here again\n")
        seen += os.read(reading, _MOST_OF_A_PIPE)
    os.close(reading)

    *lines, last = seen.decode().splitlines()
    assert missed >= 50
    assert len([each for each in lines if len(each) == 99]) + missed == many
    assert last == "here again"
    assert stream.left_out == 0


def test_a_reader_that_is_slow_is_waited_for_once_and_not_for_each_line() -> None:
    """It reads a little at a time, so that every line finds it ready, and late."""
    reading, writing = os.pipe()
    line, passed, waited_for = "x" * 4_095 + "\n", [0.0], threading.Event()

    def now() -> float:
        found = passed[0]
        waited_for.set()
        return found

    def read_late() -> None:
        waited_for.wait()
        passed[0] = 3_600.0
        os.read(reading, len(line))

    with os.fdopen(writing, "w") as pipe:
        filled = os.write(writing, b"." * _MOST_OF_A_PIPE)
        stream = LogStream(pipe, patience=3_600.0, now=now)
        waited_for.clear()
        reader = threading.Thread(target=read_late)
        reader.start()
        stream.write(line)
        reader.join()
        written = stream.left_out
        another = threading.Thread(target=stream.write, args=(line,), daemon=True)
        another.start()
        another.join(30)
        held_up = another.is_alive()
        os.read(reading, 2 * _MOST_OF_A_PIPE)
        another.join()
    os.close(reading)

    assert (filled, written) == (_MOST_OF_A_PIPE, 0)
    assert not held_up
    assert stream.left_out == 1


def test_the_next_line_says_how_many_could_not_be_written(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        set_up("json", stream=log)
        lines = structlog.get_logger().bind()._logger._file
        lines.left_out = 7
        structlog.get_logger().warning("process.warning", what="a", why="b", fix="c")
        structlog.get_logger().warning("process.warning", what="d", why="e", fix="f")
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]

    assert [line.get("left_out") for line in told] == [7, None]


def test_a_stream_without_a_file_of_its_own_is_written_to() -> None:
    said = io.StringIO()
    LogStream(said).write("line\n")

    assert said.getvalue() == "line\n"
