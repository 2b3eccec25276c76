"""The answers about dead letters."""

import base64

from amphibus.database.dead import LetterPlace, content_of, dead_page
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.answers import (
    DeadLetterContent,
    DeadLetterFacts,
    DeadLetterPage,
)
from amphibus.messages.contracts.amphibus.v1 import ListDead, ShowDead


async def dead_letters(sql: Sql, asked: ListDead) -> DeadLetterPage:
    """Returns a page of dead letters."""
    page = await dead_page(
        sql,
        ids=asked.ids,
        contract=asked.type,
        after=LetterPlace(asked.after_died, asked.after_id),
        limit=asked.limit,
    )
    return DeadLetterPage(letters=tuple(DeadLetterFacts(**each._asdict()) for each in page))


async def dead_letter(sql: Sql, asked: ShowDead) -> DeadLetterContent:
    """Returns the rest of one of them."""
    traceback, body = await content_of(sql, asked.seq, asked.id) or (None, b"")
    return DeadLetterContent(traceback=traceback, body=base64.b64encode(body))
