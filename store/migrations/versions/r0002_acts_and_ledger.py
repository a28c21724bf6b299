"""Who put which playbook into force, the ledger of every order and case, and what limits freight."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CASES = sa.table(
    "cases",
    sa.column("case_no", sa.String),
    sa.column("order_no", sa.String),
    sa.column("currency", sa.String),
    sa.column("document", DOCUMENT),
    sa.column("last_acted_at", MOMENT),
)
LEDGER = sa.table(
    "ledger",
    *(sa.column(name) for name in ("key", "case_no", "order_no", "currency", "debit", "credit", "purpose", "amount")),
    sa.column("at", MOMENT),
)
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
    op.create_table(
        "side_accounts",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("drawn >= 0", name=op.f("ck_side_accounts_not_negative")),
        sa.CheckConstraint("drawn <= most", name=op.f("ck_side_accounts_never_above_limit")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_side_accounts_case_no_cases"),
        sa.PrimaryKeyConstraint("case_no", "account", name="pk_side_accounts"),
    )
    _post_what_was_paid()
    _post_what_cases_say()


def _post_what_was_paid() -> None:
    """Payouts that were settled before there was a ledger, each under the key it has for good."""
    op.execute(
        "INSERT INTO ledger "
        "(key, case_no, order_no, debit, credit, purpose, amount, currency, payout_id, reference, at) "
        "SELECT case_no || ':ledger:before:' || key, case_no, order_no, 'customer', 'shop', account, amount, currency, "
        "key, reference, at FROM money_moves WHERE kind = 'settle' AND amount > 0 AND currency IS NOT NULL"
    )


def _post_what_cases_say() -> None:
    """Money that came in, and claims, as the documents of the cases have them."""
    document = CASES.c.document
    received = document["money"]["received"].as_integer() > 0
    claimed = document["claims"][0]["amount"].as_integer() > 0
    connection = op.get_bind()
    for case in connection.execute(sa.select(CASES).where(received | claimed)).mappings().all():
        rows = [
            {
                "key": f"{case['case_no']}:ledger:before:{number}",
                "case_no": case["case_no"],
                "order_no": case["order_no"],
                "currency": case["currency"] or case["document"]["announced"]["currency"],
                "at": case["last_acted_at"],
                "debit": debit,
                "credit": credit,
                "purpose": purpose,
                "amount": amount,
            }
            for number, (debit, credit, purpose, amount) in enumerate(_said(case["document"]), 1)
        ]
        connection.execute(sa.insert(LEDGER), rows)


def _said(document: dict[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """From a case's document: debit, credit, purpose and amount. A refused claim was given up again."""
    if received := document["money"].get("received", 0):
        yield "shop", "customer", "received", received
    for claim in document.get("claims", ()):
        if claim["amount"] and claim["state"] != "refused":
            yield claim["against"], "write_off", "claim", claim["amount"]
        if claim["amount"] and claim["state"] == "paid":
            yield "shop", claim["against"], "claim", claim["amount"]


def downgrade() -> None:
    for table in ("side_accounts", "ledger", "playbook_acts"):
        op.drop_table(table)
