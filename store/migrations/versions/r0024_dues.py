"""What customers owe and paid too much as columns of their own, and an index over what registers read of timelines."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CASES = sa.table("cases", sa.column("case_no", sa.String()), sa.column("document", DOCUMENT))
SUMS = ("owed_to_us", "owed_before", "overpaid")
FACTS = sa.table("case_facts", sa.column("case_no", sa.String()), *(sa.column(name, sa.BigInteger()) for name in SUMS))
INDEXES = {"owed": "owed_to_us > 0", "settled": "owed_before > 0", "overpaid": "overpaid > 0"}
BOOKED = "action IN ('record_payment', 'lend_loaner', 'return_loaner', 'settle_invoice')"


def upgrade() -> None:
    for name in SUMS:
        op.add_column("case_facts", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    comment = "a manager is to decide on one (F24)"
    op.add_column(
        "case_facts", sa.Column("waiver", sa.Boolean(), nullable=False, server_default=sa.false(), comment=comment)
    )
    for name, condition in INDEXES.items():
        _index(f"ix_case_facts_{name}", "case_facts", ["case_no"], condition)
    _index("ix_timeline_booked", "timeline", ["action", "at", "case_no", "seq"], BOOKED)
    for case_no, money in _with_dues():
        op.get_bind().execute(sa.update(FACTS).where(FACTS.c.case_no == case_no).values(_dues(money)))


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(condition), sqlite_where=sa.text(condition))


def _with_dues() -> list[tuple[str, dict[str, int]]]:
    money = CASES.c.document["money"]
    sums = (money[name].as_integer() for name in ("receivable", "netted", "repaid", "charged_back", "received"))
    found = op.get_bind().execute(sa.select(CASES.c.case_no, money).where(sa.or_(*(one > 0 for one in sums))))
    return [(row[0], row[1]) for row in found]


def _dues(money: dict[str, int]) -> dict[str, Any]:
    def of(name: str) -> int:
        return money.get(name, 0)

    return {
        "owed_to_us": max(0, of("receivable") + of("charged_back") - of("recovered")),
        "owed_before": of("netted") + of("repaid") + of("recovered"),
        "overpaid": max(0, of("received") - of("overpayment") - of("customer_owes")),
    }


def downgrade() -> None:
    op.drop_index("ix_timeline_booked", "timeline")
    for name in INDEXES:
        op.drop_index(f"ix_case_facts_{name}", "case_facts")
    for name in (*SUMS, "waiver"):
        op.drop_column("case_facts", name)
