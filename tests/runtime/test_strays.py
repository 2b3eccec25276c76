"""What is missing at a broker is looked for at once, and ever more rarely while that does not help."""

from amphibus.transports.rabbitmq.outgoing.strays import Strays


def _looks(strays: Strays, began: float, seconds: int) -> list[float]:
    """The times at which a look was due, by half seconds; a message comes back each second."""
    found = []
    for half in range(2 * seconds):
        now = began + half / 2
        if half % 2 == 0:
            strays.returned("shop.events", "orders.OrderPlaced.v1", now)
        if strays.look_is_due(now):
            found.append(now - began)
    return found


def test_what_stays_missing_is_looked_for_ever_more_rarely() -> None:
    """A queue that nobody makes again is no reason to declare everything twice a second."""
    strays = Strays(lambda: None)

    assert _looks(strays, 0.0, 32) == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 31.5]


def test_routes_that_others_have_are_no_reason_to_look_often_again() -> None:
    """Messages of one exchange find a queue all the time, and others of it find none."""
    told: list[bool] = []
    strays = Strays(lambda: told.append(True))
    _looks(strays, 0.0, 20)
    strays.confirmed("shop.events")
    between = strays.look_is_due(100.0)
    looks = _looks(strays, 20.0, 12)

    assert told == [True]
    assert not between
    assert looks == [3.5, 11.5]


def test_what_goes_missing_later_is_looked_for_at_once() -> None:
    strays = Strays(lambda: None)
    _looks(strays, 0.0, 20)
    strays.confirmed("shop.events")

    assert _looks(strays, 60.0, 4) == [0.0, 0.5, 1.5, 3.5]
