"""Claims against couriers and suppliers, with their deadlines, as rows of their own."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
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
)
_NAMES = ("case_no", "number", "order_no", "against", "state", "awaits", "amount", "accepted", "paid", "currency")
CLAIMS = sa.table(
    "claims",
    *(sa.column(name) for name in _NAMES),
    sa.column("missing", DOCUMENT),
    sa.column("appealed", sa.Boolean),
)
_AWAITS = {"claimed": "filing", "accepted": "payment", "refused": "decision"}


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("against", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("awaits", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=True),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("filed_at", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("missing", DOCUMENT, nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("appealed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_claims_case_no_cases"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_claims_order_no_orders"),
        sa.PrimaryKeyConstraint("case_no", "number", name="pk_claims"),
    )
    op.create_index("ix_claims_due", "claims", ["awaits", "due_at", "case_no", "number"])
    _claims_of_cases()


def _claims_of_cases() -> None:
    """Claims that were opened before they had deadlines, as the documents of their cases have them."""
    connection = op.get_bind()
    claimed = CASES.c.document["claims"][0]["amount"].as_integer().is_not(None)
    for case in connection.execute(sa.select(CASES).where(claimed)).mappings().all():
        rows = [_row(case, number, claim) for number, claim in enumerate(case["document"]["claims"], 1)]
        connection.execute(sa.insert(CLAIMS), rows)


def _row(case: Any, number: int, claim: dict[str, Any]) -> dict[str, Any]:
    return {
        "case_no": case["case_no"],
        "number": number,
        "order_no": case["order_no"],
        "against": claim["against"],
        "state": claim["state"],
        "awaits": _AWAITS.get(claim["state"]),
        "amount": claim["amount"],
        "accepted": claim.get("accepted"),
        "paid": claim.get("paid") or 0,
        "currency": case["currency"],
        "missing": [],
        "appealed": False,
    }


def downgrade() -> None:
    op.drop_table("claims")
