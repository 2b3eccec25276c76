"""What lies in the shop's own books, read from outside while it runs or after it died."""

import email
import email.policy
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_KINDS: Final = {
    "confirmed": "order_confirmed",
    "not possible": "order_rejected",
    "cancelled": "order_cancelled",
    "refund": "order_refunded",
}
_ORDER: Final = re.compile(r"^Order ([0-9a-f-]{36})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hold:
    """What the provider holds or has collected for an order, in cents."""

    state: str
    cents: int
    refunded: int


class Books:
    """The databases, the maildir and the sandbox provider under a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir

    def unfinished(self) -> dict[str, int]:
        """What is undelivered, delayed or dead, by module and table; empty when all is done."""
        found: dict[str, int] = {}
        for module in self.modules():
            for table in ("delivery", "delayed", "dead"):
                if count := self.count(module, table):
                    found[f"{module} {table}"] = count
        return found

    def count(self, module: str, table: str) -> int:
        """How many rows one of the runtime's tables has."""
        if module not in self.modules():
            return 0
        return int(self.rows(module, f"SELECT count(*) FROM amphibus_{table}")[0][0])

    def dead(self) -> list[str]:
        """Every dead letter in words."""
        words = []
        for module in self.modules():
            rows = self.rows(module, "SELECT type, id, reason, error FROM amphibus_dead")
            words += [f"{module}: {' '.join(map(str, row))}" for row in rows]
        return words

    def dead_keys(self) -> list[str]:
        """The key of every dead letter, such as its order's id."""
        statement = "SELECT key FROM amphibus_dead"
        return [row[0] for module in self.modules() for row in self.rows(module, statement)]

    def broken(self) -> list[str]:
        """What SQLite finds wrong with its own files."""
        wrong = []
        for module in self.modules():
            ((said,),) = self.rows(module, "PRAGMA integrity_check")
            if said != "ok":
                wrong.append(f"{module}: {said}")
        return wrong

    def transfers(self) -> dict[str, dict[str, list[int]]]:
        """The bookings of every order by their way (`provider>sales`), in cents, smallest first."""
        found: dict[str, dict[str, list[int]]] = {}
        statement = "SELECT order_id, debit || '>' || credit, amount FROM transfer ORDER BY amount"
        for order_id, way, amount in self.rows("payments", statement):
            found.setdefault(_dashed(str(order_id)), {}).setdefault(way, []).append(amount)
        return found

    def accounts(self) -> dict[str, int]:
        """The balance of every account; debits are positive."""
        balances: Counter[str] = Counter()
        for debit, credit, amount in self.rows(
            "payments", "SELECT debit, credit, amount FROM transfer"
        ):
            balances[debit] += amount
            balances[credit] -= amount
        return dict(balances)

    def holds(self) -> dict[str, Hold]:
        """The provider's own ledger."""
        path = self._folder / "payments-sandbox.db"
        if not path.exists():
            return {}
        with _reading(path) as database:
            rows = database.execute("SELECT reference, state, cents, refunded FROM hold")
            return {row[0]: Hold(*row[1:]) for row in rows}

    def asked(self, what: str) -> Counter[str]:
        """How often the provider did something for an order, under different keys."""
        with _reading(self._folder / "payments-sandbox.db") as database:
            rows = database.execute(
                "SELECT json_extract(request, '$[1]') FROM answered"
                " WHERE json_extract(request, '$[0]') = ?",
                (what,),
            )
            return Counter(row[0] for row in rows)

    def mails(self) -> dict[str, list[str]]:
        """The kinds of all mails about every order that left the house."""
        found: dict[str, list[str]] = {}
        for path in sorted((self._folder / "mail" / "new").glob("*")):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = mail.get_body()
            named = _ORDER.search(body.get_content()) if body else None
            kind = mail["Subject"].rpartition(": ")[2]
            found.setdefault(named[1] if named else path.name, []).append(_KINDS.get(kind, kind))
        return {order_id: sorted(kinds) for order_id, kinds in found.items()}

    def crash_journals(self) -> list[Path]:
        """The files that tell the next start of a death; none after a graceful end."""
        return list(self._folder.glob("crash-*.journal"))

    def modules(self) -> list[str]:
        """The modules that have a database."""
        paths = sorted(self._folder.glob("*.db"))
        return [path.stem for path in paths if "sandbox" not in path.name]

    def rows(self, module: str, statement: str) -> Sequence[Sequence[Any]]:
        """All rows of a query to a module's database."""
        with _reading(self._folder / f"{module}.db") as database:
            return database.execute(statement).fetchall()


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=10.0)) as database:
        database.execute("PRAGMA query_only = ON")
        yield database


def _dashed(identity: str) -> str:
    """SQLAlchemy keeps a UUID without dashes."""
    if len(identity) != 32:
        return identity
    parts = (identity[:8], identity[8:12], identity[12:16], identity[16:20], identity[20:])
    return "-".join(parts)
