"""The messages of a module that parcels are told to."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from amphibus.contract import Command, Event, Post, ShortText


class NoteDelivery(
    Command[None],
    key="parcel_id",
    http=Post("/v1/parcels/{parcel_id}/delivery", stored=True, body_bytes=2_000),
    requires="parcels:note",
):
    """Notes that a parcel has come."""

    parcel_id: UUID
    place: ShortText
    tries: Annotated[int, Field(ge=1)] = 1


class NoteReturn(
    Command[None],
    key="parcel_id",
    http=Post("/v1/parcels/{parcel_id}/return", stored=True),
    requires="parcels:return",
    owned_by="receiver",
):
    """Notes that a parcel goes back, which is its receiver's to say."""

    parcel_id: UUID
    receiver: ShortText | None = None


class Peek(Command[None], key="parcel_id", http=Post("/v1/peek")):
    """Looks into a parcel."""

    parcel_id: UUID


class Arrived(Event, key="parcel_id"):
    """A parcel has come."""

    parcel_id: UUID
    place: ShortText
