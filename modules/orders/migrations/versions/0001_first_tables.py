"""The first tables of the orders module."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from amphibus.columns import Cents

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "customer_order",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.String(length=100), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("country", sa.String(length=100), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", Cents(), nullable=False),
        sa.Column("refunded", Cents(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("placed_at", UTCDateTime(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("returned", sa.JSON(), nullable=False),
        sa.Column("hash_code", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "refunded >= 0 AND refunded <= total",
            name=op.f("ck_customer_order_refunded_within_total"),
        ),
        sa.CheckConstraint("total >= 0", name=op.f("ck_customer_order_total_not_negative")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_customer_order")),
    )
    op.create_index(
        "ix_customer_order_customer_id",
        "customer_order",
        ["customer_id", "placed_at", "order_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_order_placed_at", "customer_order", ["placed_at", "order_id"], unique=False
    )
    op.create_index(
        "ix_customer_order_state",
        "customer_order",
        ["state", "placed_at", "order_id"],
        unique=False,
    )
    op.create_table(
        "order_return",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount", Cents(), nullable=False),
        sa.Column("hash_code", sa.String(length=64), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_order_return_amount_not_negative")),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_order_return")),
    )
    op.create_index(op.f("ix_order_return_order_id"), "order_return", ["order_id"], unique=False)


def downgrade() -> None:
    """Drops them."""
    op.drop_index(op.f("ix_order_return_order_id"), table_name="order_return")
    op.drop_table("order_return")
    op.drop_index("ix_customer_order_state", table_name="customer_order")
    op.drop_index("ix_customer_order_placed_at", table_name="customer_order")
    op.drop_index("ix_customer_order_customer_id", table_name="customer_order")
    op.drop_table("customer_order")
