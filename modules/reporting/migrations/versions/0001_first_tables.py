"""The first tables of the reporting module."""

import sqlalchemy as sa
from alembic import op

from amphibus.columns import Cents

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "sales",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("revenue", Cents(), nullable=False),
        sa.Column("refunds", Cents(), nullable=False),
        sa.PrimaryKeyConstraint("day", "currency", name=op.f("pk_sales")),
    )


def downgrade() -> None:
    """Drops them."""
    op.drop_table("sales")
