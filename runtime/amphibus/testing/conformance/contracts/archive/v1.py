"""Contracts of the archive."""

from amphibus.contract import Command


class File(Command[None], key="book"):
    """Files a copy of a line."""

    book: str
    line: int
    mood: str = ""
