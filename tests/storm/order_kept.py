"""Whether each module has handled the messages of a key in the order in which their sender committed them."""

from collections.abc import Iterator
from itertools import pairwise

from tests.faults.books import Books


def out_of_order(books: Books) -> list[str]:
    """Every pair of messages of one key that went by each other."""
    modules = books.modules()
    sent = {module: _numbered(books, module) for module in modules}
    return [wrong for module in modules for wrong in _swapped(books, module, sent)]


def done_twice(books: Books) -> list[str]:
    """Every message that a module has noted more than once."""
    statement = "SELECT source, id FROM amphibus_inbox GROUP BY source, id HAVING count(*) > 1"
    return [
        f"{module}: {row}" for module in books.modules() for row in books.rows(module, statement)
    ]


def _numbered(books: Books, module: str) -> dict[str, int]:
    rows = books.rows(module, "SELECT id, seq FROM amphibus_outbox")
    return {str(identity): int(seq) for identity, seq in rows}


def _swapped(books: Books, module: str, sent: dict[str, dict[str, int]]) -> Iterator[str]:
    handled: dict[tuple[str, str], list[tuple[int, str]]] = {}
    statement = "SELECT source, key, id FROM amphibus_inbox WHERE key IS NOT NULL ORDER BY seq"
    for source, key, identity in books.rows(module, statement):
        number = sent.get(source, {}).get(identity)
        if number is not None:
            handled.setdefault((source, key), []).append((number, identity))
    for (source, key), numbers in handled.items():
        for (before, one), (after, other) in pairwise(numbers):
            if after < before:
                yield f"{module} had {one} of {source}, key {key}, before {other}"
