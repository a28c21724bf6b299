"""Who put which playbook into force, and the ledger of every order and case."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ACCOUNTS = "'customer', 'shop', 'courier', 'supplier', 'platform', 'write_off'"


def upgrade() -> None:
    op.create_table(
        "playbook_acts",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "number", name="pk_playbook_acts"),
    )
    op.create_table(
        "ledger",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("debit", sa.String(), nullable=False),
        sa.Column("credit", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("payout_id", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_above_zero")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_two_accounts")),
        sa.CheckConstraint(
            f"debit IN ({ACCOUNTS}) AND credit IN ({ACCOUNTS})",
            name=op.f("ck_ledger_known_accounts"),
        ),
        sa.CheckConstraint(
            "purpose IN ('refund', 'freight', 'goodwill', 'replacement_value', 'goods', 'fee', 'claim', 'deposit', "
            "'store_credit', 'received')",
            name=op.f("ck_ledger_known_purpose"),
        ),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_ledger_case_no_cases"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_ledger_order_no_orders"),
        sa.PrimaryKeyConstraint("key", name="pk_ledger"),
    )
    op.create_index("ix_ledger_case_no", "ledger", ["case_no"])
    op.create_index("ix_ledger_order_no", "ledger", ["order_no"])
    op.create_index(
        "uq_ledger_payout",
        "ledger",
        ["payout_id", "debit"],
        unique=True,
        postgresql_where=sa.text("payout_id IS NOT NULL"),
        sqlite_where=sa.text("payout_id IS NOT NULL"),
    )


def downgrade() -> None:
    for table in ("ledger", "playbook_acts"):
        op.drop_table(table)
