"""The stock ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
INSIDE = "'sellable', 'reserved', 'quarantine', 'refurbish', 'scrap', 'supplier', 'transit', 'lent'"
PLACES = f"{INSIDE}, 'customer', 'opening', 'correction', 'used', 'lost', 'uncounted'"
WHYS = (
    "'opening', 'counted', 'moved', 'came', 'sorted', 'withdrawn', 'reserved', 'released', 'not_found', 'sent', "
    "'arrived', 'came_back', 'lost', 'lent', 'returned', 'used'"
)


def upgrade() -> None:
    op.create_table(
        "stock_items",
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column(
            "counted",
            sa.Boolean(),
            nullable=False,
            comment="the shop keeps its stock here, so a shortage is known",
        ),
        sa.Column(
            "arrivals",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="how often more became free to sell",
        ),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_stock_items")),
    )
    op.create_table(
        "stock_places",
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_stock_places_never_negative")),
        sa.CheckConstraint(f"place IN ({INSIDE})", name=op.f("ck_stock_places_known_place")),
        sa.PrimaryKeyConstraint("sku", "place", name=op.f("pk_stock_places")),
    )
    op.create_table(
        "stock_moves",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=True, comment="who moved it by hand"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_moves_above_zero")),
        sa.CheckConstraint("source <> target", name=op.f("ck_stock_moves_two_places")),
        sa.CheckConstraint(f"source IN ({PLACES}) AND target IN ({PLACES})", name=op.f("ck_stock_moves_known_places")),
        sa.CheckConstraint(f"why IN ({WHYS})", name=op.f("ck_stock_moves_known_why")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_stock_moves_case_no_cases")),
        sa.PrimaryKeyConstraint("key", "sku", "source", "target", name=op.f("pk_stock_moves")),
    )
    op.create_index("ix_stock_moves_sku", "stock_moves", ["sku", "at", "key"])
    op.create_index("ix_stock_moves_case", "stock_moves", ["case_no", "sku"])
    op.create_table(
        "stock_waits",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("since", MOMENT, nullable=False, comment="the oldest is served first"),
        sa.Column("ready", sa.Boolean(), nullable=False, comment="it can go on by itself once it is there"),
        sa.Column("seen", sa.Integer(), nullable=False, comment="the arrivals that it has been told of"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_waits_above_zero")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_stock_waits_case_no_cases")),
        sa.PrimaryKeyConstraint("case_no", "sku", name=op.f("pk_stock_waits")),
    )
    op.create_index("ix_stock_waits_sku", "stock_waits", ["sku", "since", "case_no"])


def downgrade() -> None:
    for table in ("stock_waits", "stock_moves", "stock_places", "stock_items"):
        op.drop_table(table)
