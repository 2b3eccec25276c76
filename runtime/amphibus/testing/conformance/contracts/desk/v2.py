"""Version 2 of the desk's contracts: a page has a colour since then."""

from amphibus.contract import Command, Event


class Paint(Command[None], key="book"):
    """Paints a page in one of the colours of today."""

    book: str
    colour: str


class Painted(Event, key="book"):
    """A page was painted."""

    book: str
    colour: str
