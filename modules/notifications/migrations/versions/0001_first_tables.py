"""The first tables of the notifications module."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "notification",
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_notification")),
    )
    op.create_index(
        "ix_notification_order_id", "notification", ["order_id", "sent_at"], unique=False
    )
    op.create_index("ix_notification_sent_at", "notification", ["sent_at"], unique=False)


def downgrade() -> None:
    """Drops them."""
    op.drop_index("ix_notification_sent_at", table_name="notification")
    op.drop_index("ix_notification_order_id", table_name="notification")
    op.drop_table("notification")
