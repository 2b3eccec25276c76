"""Of lines that an outage repeats, a few are written and the others are counted."""

import io
import json

import structlog

from amphibus.telemetry.logs import set_up
from amphibus.telemetry.repetitions import Repetitions


class _Watch:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _written(repetitions: Repetitions, **line: object) -> dict[str, object] | None:
    try:
        return dict(repetitions(None, "error", {"level": "error", **line}))
    except structlog.DropEvent:
        return None


def test_a_storm_is_a_few_lines_and_a_number() -> None:
    watch = _Watch()
    repetitions = Repetitions(watch)
    lines = [
        _written(repetitions, event="message.delayed", error="no route to 10.0.0.7", message_id=n)
        for n in range(1_000)
    ]
    assert len([each for each in lines if each]) == 5
    watch.seconds = 10.0
    later = _written(repetitions, event="message.delayed", error="no route to 10.0.0.8")

    assert later is not None
    assert later["left_out"] == 995


def test_another_trouble_is_told_in_the_middle_of_a_storm() -> None:
    repetitions = Repetitions(_Watch())
    for _ in range(100):
        _written(repetitions, event="message.died", module="orders", error="full")

    assert _written(repetitions, event="message.died", module="payments", error="full")
    assert _written(repetitions, event="message.died", module="orders", error="a bug")


def test_what_is_no_trouble_is_never_left_out() -> None:
    repetitions = Repetitions(_Watch())
    for _ in range(100):
        assert repetitions(None, "info", {"level": "info", "event": "message.refused"})


def test_the_log_of_a_process_keeps_the_rule() -> None:
    stream = io.StringIO()
    before = structlog.get_config()
    try:
        set_up("json", "info", stream)
        for _ in range(100):
            structlog.get_logger().error("store.failed", module="orders", error="full", times=1)
    finally:
        structlog.configure(**before)

    assert len([json.loads(line) for line in stream.getvalue().splitlines()]) == 5


def test_what_is_remembered_of_a_storm_is_bounded() -> None:
    repetitions = Repetitions(_Watch())
    for number in range(3_000):
        letters = "".join(chr(ord("g") + int(digit)) for digit in str(number))
        _written(repetitions, event="library.said", text=letters)

    assert len(repetitions._seen) <= 1_000
