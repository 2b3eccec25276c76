"""A database that is away is spoken of when it goes, now and then, and when it is back."""

from structlog.testing import capture_logs

from amphibus.database.faults import StoreHealth
from amphibus.errors import StoreAway


class _Watch:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_it_is_said_once_then_every_ten_seconds_and_once_when_it_is_over() -> None:
    watch, heard = _Watch(), list[str]()
    health = StoreHealth("orders", watch)
    health.on_change = heard.append
    with capture_logs() as lines:
        for second in range(21):
            watch.seconds = second
            health.failed("relay", StoreAway("the server does not answer", "refused"))
            health.failed("writer", OSError("gone"))
        health.recovered("relay")
        health.recovered("writer")
        health.recovered("writer")

    assert [(line["event"], line.get("times")) for line in lines] == [
        ("store.failed", 1),
        ("store.failed", 20),
        ("store.failed", 20),
        ("store.back", None),
    ]
    relay, writer = "the server does not answer: refused", "OSError: gone"
    assert heard == [relay, f"{relay}; {writer}", writer, ""]


def test_one_that_comes_and_goes_is_not_spoken_of_each_time() -> None:
    watch = _Watch()
    health = StoreHealth("orders", watch)
    with capture_logs() as lines:
        for second in range(9):
            watch.seconds = second
            health.failed("writer", OSError("full"))
            health.recovered("writer")

    assert [line["event"] for line in lines] == ["store.failed", "store.back"]
