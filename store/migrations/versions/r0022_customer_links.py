"""Customers' own ways in: links to one case, visits to one order, and tokens that are tied."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "shop_keys",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shop_keys")),
    )
    op.create_table(
        "case_links",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False, comment="links of an earlier one open nothing"),
        sa.Column("revoked_at", MOMENT, nullable=False),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.CheckConstraint("generation > 0", name=op.f("ck_case_links_generation")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_case_links_case_no_cases")),
        sa.PrimaryKeyConstraint("case_no", name=op.f("pk_case_links")),
    )
    op.create_table(
        "order_visits",
        sa.Column("id", sa.String(), nullable=False, comment="SHA-256 of what the customer's browser keeps"),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("draft", DOCUMENT, nullable=False, comment="what the customer has answered so far"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_order_visits_order_no_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_visits")),
    )
    op.create_index("ix_order_visits_order_no", "order_visits", ["order_no", "seen_at"])
    op.create_index("ix_order_visits_seen_at", "order_visits", ["seen_at"])
    op.create_table(
        "find_tries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_find_tries")),
    )
    op.create_index("ix_find_tries_subject", "find_tries", ["subject", "at"])
    op.create_index("ix_find_tries_at", "find_tries", ["at"])
    op.create_table(
        "token_ties",
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_token_ties_token_id_tokens")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_token_ties")),
    )


def downgrade() -> None:
    op.drop_table("token_ties")
    op.drop_table("find_tries")
    op.drop_table("order_visits")
    op.drop_table("case_links")
    op.drop_table("shop_keys")
