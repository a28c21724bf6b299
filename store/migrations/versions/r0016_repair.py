"""Warranty cards, and the time in repair that is added to them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "warranty_cards",
        sa.Column("card_no", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=True),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.String(), nullable=False, comment="a day, as 2026-11-23"),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("months >= 0", name=op.f("ck_warranty_cards_not_negative")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_warranty_cards_order_no_orders")),
        sa.PrimaryKeyConstraint("card_no", name=op.f("pk_warranty_cards")),
    )
    op.create_index(op.f("ix_warranty_cards_serial"), "warranty_cards", ["serial"])
    op.create_index("ix_warranty_cards_order", "warranty_cards", ["order_no", "line_no"])
    op.create_table(
        "warranty_repairs",
        sa.Column("card_no", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_warranty_repairs_not_negative")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_warranty_repairs_case_no_cases")),
        sa.ForeignKeyConstraint(
            ["card_no"], ["warranty_cards.card_no"], name=op.f("fk_warranty_repairs_card_no_warranty_cards")
        ),
        sa.PrimaryKeyConstraint("card_no", "case_no", name=op.f("pk_warranty_repairs")),
    )
    op.create_index(op.f("ix_warranty_repairs_case_no"), "warranty_repairs", ["case_no"])


def downgrade() -> None:
    op.drop_table("warranty_repairs")
    op.drop_table("warranty_cards")
