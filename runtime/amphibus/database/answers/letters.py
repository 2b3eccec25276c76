"""The answers about dead letters, and the acts on some of them."""

import base64
from collections.abc import Sequence

from amphibus.database.acting import dead, retrying
from amphibus.database.acting.conditions import narrowing
from amphibus.database.acting.dead import LetterPlace, Sent, content_of, dead_page
from amphibus.database.acting.groups import dead_groups
from amphibus.database.acting.retrying import Overtaken
from amphibus.database.answers.acting import Acting
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.acting import (
    DeadGroup,
    DeadGroups,
    LetterEdited,
    LettersDiscarded,
    LettersRetried,
    PayloadRevealed,
)
from amphibus.messages.contracts.amphibus.answers import (
    DeadLetterContent,
    DeadLetterFacts,
    DeadLetterPage,
)
from amphibus.messages.contracts.amphibus.v1 import (
    DiscardDead,
    EditDead,
    GroupDead,
    ListDead,
    RetryDead,
    RevealDead,
    ShowDead,
)
from amphibus.telemetry.privacy import masked_payload


async def dead_letters(sql: Sql, asked: ListDead) -> DeadLetterPage:
    """Returns a page of dead letters."""
    page = await dead_page(
        sql,
        ids=asked.ids,
        contract=asked.type,
        narrowed=narrowing(asked.where),
        after=LetterPlace(asked.after_died, asked.after_id),
        limit=asked.limit,
    )
    return DeadLetterPage(letters=tuple(DeadLetterFacts(**each._asdict()) for each in page))


async def groups(sql: Sql, asked: GroupDead) -> DeadGroups:
    """Returns the groups of dead letters that died of one cause."""
    found = [] if asked.total_only else await dead_groups(sql, asked.where, limit=asked.limit)
    if asked.total_only or len(found) == asked.limit:
        total = await dead.count_dead(sql, narrowing(asked.where))
    else:
        total = sum(each.letters for each in found)
    return DeadGroups(
        groups=tuple(DeadGroup(count=each.letters, **each._asdict()) for each in found),
        total=total,
    )


async def dead_letter(sql: Sql, asked: ShowDead, acting: Acting) -> DeadLetterContent:
    """Returns the rest of one of them, without personal data."""
    found = await content_of(sql, asked.seq, asked.id)
    if found is None:
        return DeadLetterContent(traceback=None, body=b"")
    type_, traceback, body = found
    shown, masked = masked_payload(body, acting.contract_of(type_))
    return DeadLetterContent(traceback=traceback, body=base64.b64encode(shown), masked=masked)


async def reveal(sql: Sql, wanted: RevealDead, _acting: Acting) -> PayloadRevealed:
    """Returns the payload of one as it is."""
    return PayloadRevealed(body=base64.b64encode(await dead.payload_of(sql, wanted.letter) or b""))


async def retry(sql: Sql, wanted: RetryDead, acting: Acting) -> LettersRetried:
    """Has letters tried again."""
    overtaken = acting.overtaken or await overtaken_by(sql, wanted)
    done = await retrying.retry(sql, wanted.letters, overtaken, acting.partition_of, acting.now)
    return LettersRetried(letters=tuple(done))


async def overtaken_by(sql: Sql, wanted: RetryDead) -> Overtaken:
    """Returns what knows which of some letters are late; it has looked at the inbox once."""
    found: Sequence[Sent] = await dead.sent_of(sql, wanted.letters)
    overtaken = Overtaken(found)
    await overtaken.look(sql)
    return overtaken


async def discard(sql: Sql, wanted: DiscardDead, acting: Acting) -> LettersDiscarded:
    """Gives letters up."""
    gone = await retrying.discard(sql, wanted.letters, acting.now)
    return LettersDiscarded(seqs=tuple(each.seq for each in gone))


async def edit(sql: Sql, wanted: EditDead, _acting: Acting) -> LetterEdited:
    """Replaces the payload of a letter."""
    before = await dead.payload_of(sql, wanted.letter)
    changed = before not in (None, wanted.body)
    if changed:
        await dead.correct_dead(sql, wanted.letter, wanted.body)
    return LetterEdited(found=before is not None, changed=changed)
