"""The answers about flows that somebody follows. Times are microseconds since the epoch."""

from amphibus.contract import Value


class FlowOutcome(Value):
    """The event that ended a flow."""

    flow: str
    id: str
    type: str
    time: int


class FlowOutcomes(Value):
    """The flows that have ended, of those that were asked for, in the order in which they did."""

    outcomes: tuple[FlowOutcome, ...]
