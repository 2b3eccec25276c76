"""Says which messages of the asking module have not arrived here."""

from amphibus.database.inbox import arrived
from amphibus.database.store import Store
from amphibus.messages.envelope import Envelope
from amphibus.messages.system_requests import Arrived, NotArrived


async def not_arrived(store: Store, envelope: Envelope) -> NotArrived:
    """Answers `ARRIVED`.

    Raises:
        ValidationError: it asks about too many, or about none that could be an id.
    """
    ids = Arrived.model_validate_json(envelope.body).ids
    there = await arrived(store.reader, envelope.source, ids) if ids else set()
    return NotArrived(ids=tuple(each for each in ids if each not in there))
