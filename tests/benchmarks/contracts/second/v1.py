"""What the second module takes."""

from amphibus.contract import Command


class Pong(Command[None], key="chain"):
    """The other end."""

    chain: str
    left: int
