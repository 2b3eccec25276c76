"""The rows of what was accepted, as units of work write them."""

from hashlib import sha256

from amphibus.database.accepted import forget_unanswered, record_answer
from amphibus.unit_of_work.transaction import Transaction


def digests_of(
    key_identity: str | None, business_identity: str | None, digest: bytes, whose: str
) -> dict[str, bytes]:
    """Returns the digest that each identity of a write is kept with.

    An idempotency key belongs to whoever sends it. A business id does not, so his name is in its digest: the same
    content from somebody else is other content. In older versions it was not.
    """
    kept = {} if key_identity is None else {key_identity: digest}
    if business_identity is not None:
        kept[business_identity] = sha256(digest + whose.encode()).digest()
    return kept


async def keep_answer(
    message_id: str, status: int, answer: bytes, transaction: Transaction
) -> None:
    """Keeps the answer that was given."""
    await record_answer(transaction.sql, message_id, status=status, answer=answer)


async def forget(message_id: str, transaction: Transaction) -> None:
    """Forgets a write that was not done."""
    await forget_unanswered(transaction.sql, message_id)
