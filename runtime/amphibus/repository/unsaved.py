"""The rows that repositories have given to one handler: what it changes in them it saves, or it fails."""

from typing import Any

from sqlalchemy.orm.attributes import instance_state
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database.lent_session import look_later
from amphibus.errors import UnsavedRow
from amphibus.repository.shape import Shape


def note(session: AsyncSession, shape: Shape, row: Any) -> None:
    """Has a row looked at when the handler that it is given to has ended."""
    look_later(session, _refuse_unsaved, shape, row)


def _refuse_unsaved(session: AsyncSession, shape: Shape, row: Any) -> None:
    """Looks at a row.

    Raises:
        UnsavedRow: it is not as it was read or written, and nothing will write it.
    """
    # Most rows were only read, or saved: their state says so at once.
    if not (instance_state(row).committed_state or shape.mutable):
        return
    changed = shape.changed(row)
    if changed and row not in session:
        key = ", ".join(str(vars(row)[name]) for name in shape.key)
        raise UnsavedRow(
            f"{shape.model.__name__} {key} was changed and not saved: {', '.join(changed)}",
            "what a repository reads belongs to no session, and only save, update or upsert writes it",
            "await rows.save(row), or change a copy of it: row.model_copy()",
        )
