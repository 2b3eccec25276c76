"""The tables of the tiny business: each module keeps the lines that it has seen, in order."""

from sqlmodel import Field, SQLModel

from amphibus.columns import module_registry


class Line(SQLModel):
    """A line, as a module has kept it. A message that took effect twice is here twice."""

    id: int | None = Field(default=None, primary_key=True)
    book: str
    line: int
    what: str
    late: bool


class DeskBase(SQLModel, registry=module_registry()):
    """All tables of the desk."""


class DeskLine(DeskBase, Line, table=True):
    """A line on the desk."""

    __tablename__ = "line"


class Loan(DeskBase, table=True):
    """A book that was lent."""

    __tablename__ = "loan"

    book: str = Field(primary_key=True)
    state: str


class ArchiveBase(SQLModel, registry=module_registry()):
    """All tables of the archive."""


class ArchiveLine(ArchiveBase, Line, table=True):
    """A line in the archive."""

    __tablename__ = "line"


class ReadersBase(SQLModel, registry=module_registry()):
    """All tables of the readers."""


class ReadersLine(ReadersBase, Line, table=True):
    """A line that was read."""

    __tablename__ = "line"


LINES: dict[str, type[Line]] = {
    "desk": DeskLine,
    "archive": ArchiveLine,
    "readers": ReadersLine,
}
