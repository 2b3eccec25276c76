"""Takes out of the outbox what is needed once, when all receivers of a message have said that they have it.

From then on it is sent to nobody again who has kept his database.
"""

from collections.abc import Callable, Sequence

from amphibus.contract import Message
from amphibus.database.persons.bodies import without_once
from amphibus.database.sql import Sql

ContractOf = Callable[[str], type[Message] | None]


async def forget_needed_once(sql: Sql, numbers: Sequence[int], contract_of: ContractOf) -> None:
    """Looks at some messages of the outbox of which a receiver has said that it has them."""
    if not numbers:
        return
    rows = await sql.rows(
        "SELECT seq, type, body FROM amphibus_outbox o WHERE asked = 1"
        f" AND seq IN ({', '.join('?' * len(numbers))})"
        " AND NOT EXISTS (SELECT 1 FROM amphibus_delivery d WHERE d.seq = o.seq)"
        " AND NOT EXISTS (SELECT 1 FROM amphibus_awaited a WHERE a.seq = o.seq)",
        *numbers,
    )
    for seq, type_, body in rows:
        kept = without_once(body, contract_of(type_))
        if kept is not body:
            await sql.run("UPDATE amphibus_outbox SET body = ? WHERE seq = ?", kept, seq)
