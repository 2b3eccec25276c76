"""The rows of what was accepted, as units of work write them."""

from amphibus.database.accepted import forget_unanswered, record_answer
from amphibus.unit_of_work.transaction import Transaction


async def keep_answer(
    message_id: str, status: int, answer: bytes, transaction: Transaction
) -> None:
    """Keeps the answer that was given."""
    await record_answer(transaction.sql, message_id, status=status, answer=answer)


async def forget(message_id: str, transaction: Transaction) -> None:
    """Forgets a write that was not done."""
    await forget_unanswered(transaction.sql, message_id)
