"""The first tables of the payments module."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from amphibus.columns import Cents

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "payment",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("authorized", Cents(), nullable=False),
        sa.Column("captured", Cents(), nullable=False),
        sa.Column("refunded", Cents(), nullable=False),
        sa.CheckConstraint(
            "captured >= 0 AND captured <= authorized", name=op.f("ck_payment_captured_within_hold")
        ),
        sa.CheckConstraint(
            "refunded >= 0 AND refunded <= captured",
            name=op.f("ck_payment_refunded_within_captured"),
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_payment")),
    )
    op.create_table(
        "transfer",
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("debit", sa.String(length=20), nullable=False),
        sa.Column("credit", sa.String(length=20), nullable=False),
        sa.Column("amount", Cents(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("booked_at", UTCDateTime(), nullable=False),
        sa.Column("return_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_transfer_two_accounts")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_transfer")),
    )
    op.create_index(op.f("ix_transfer_order_id"), "transfer", ["order_id"], unique=False)


def downgrade() -> None:
    """Drops them."""
    op.drop_index(op.f("ix_transfer_order_id"), table_name="transfer")
    op.drop_table("transfer")
    op.drop_table("payment")
