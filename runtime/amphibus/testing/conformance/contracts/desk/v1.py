"""Lines are written into books. The mood of a line says how its handler behaves; tests choose it."""

from amphibus.contract import Command, Event, Query, Value


class Noted(Value):
    """The desk's answer to a line."""

    book: str
    line: int
    page: int = 0
    """How many lines of that book there were before."""


class Write(Command[Noted], key="book", refuses={"full": 409}):
    """Writes a line into a book."""

    book: str
    line: int
    mood: str = ""


class Call(Command[None], key="book"):
    """Writes a line after a call to the outside."""

    book: str
    line: int
    mood: str = ""


class Guard(Command[None], key="book", refuses={"not_there": 404}):
    """Writes a line; later ones of its book wait if it dies."""

    book: str
    line: int
    mood: str = ""


class Written(Event, key="book"):
    """A line stands in a book."""

    book: str
    line: int
    mood: str = ""


class Unheard(Event):
    """Something that nobody subscribes to."""

    book: str


class Counted(Value):
    """The number of lines in a book."""

    lines: int


class Count(Query[Counted]):
    """Asks how many lines a book has."""

    book: str
    mood: str = ""


class Lend(Command[None], key="book"):
    """Lends a book until its deadline."""

    book: str


class Return(Command[None], key="book", refuses={"not_lent": 404}):
    """Brings a book back."""

    book: str


class LoanView(Value):
    """The state of a loan."""

    book: str
    state: str


class Renew(Command[LoanView], key="book", refuses={"not_lent": 404}):
    """Asks for a loan to go on; answered with how it stands then."""

    book: str


class Missed(Event, key="book"):
    """A book was not brought back in time."""

    book: str


class Remind(Command[None], key="book"):
    """Has a line filed some minutes later, or a book lent; or takes that back."""

    book: str
    line: int = 0
    minutes: int = 0
    name: str | None = None
    recall: bool = False
    lend: bool = False
    mood: str = ""


class Paint(Command[None], key="book"):
    """Paints a page grey or, if it is dark, black."""

    book: str
    dark: bool = False


class Painted(Event, key="book"):
    """A page was painted, dark or not."""

    book: str
    dark: bool
