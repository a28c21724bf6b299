"""Store credit as a running account, and what finance had credited by hand until now."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ACCOUNTS = "'customer', 'shop', 'courier', 'supplier', 'platform', 'write_off'"
PAYOUTS = sa.table(
    "payouts",
    *(sa.column(name) for name in ("id", "case_no", "order_no", "purpose", "amount", "currency", "account", "state")),
    sa.column("paid_at", MOMENT),
)
ORDERS = sa.table("orders", sa.column("order_no"), sa.column("customer_id"), sa.column("currency"))


def upgrade() -> None:
    balances = op.create_table(
        "balances",
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_balances_never_negative")),
        sa.PrimaryKeyConstraint("customer_id", "currency", name="pk_balances"),
    )
    entries = op.create_table(
        "balance_entries",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("debit", sa.String(), nullable=False),
        sa.Column("credit", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remains", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("payment_no", sa.String(), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_balance_entries_above_zero")),
        sa.CheckConstraint("remains >= 0", name=op.f("ck_balance_entries_never_negative")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_balance_entries_two_accounts")),
        sa.CheckConstraint(
            f"debit IN ({ACCOUNTS}) AND credit IN ({ACCOUNTS})", name=op.f("ck_balance_entries_known_accounts")
        ),
        sa.CheckConstraint(
            "what IN ('credited', 'used', 'put_back', 'cleared')", name=op.f("ck_balance_entries_known_what")
        ),
        sa.PrimaryKeyConstraint("key", name="pk_balance_entries"),
    )
    op.create_index("uq_balance_entries_number", "balance_entries", ["customer_id", "currency", "number"], unique=True)
    op.create_index("ix_balance_entries_order", "balance_entries", ["order_no", "payment_no"])
    _take_over(balances, entries)


def _take_over(balances: sa.Table, entries: sa.Table) -> None:
    """Until now a payout to store credit was a line of the register, and nothing used it: all of it remains."""
    connection = op.get_bind()
    joined = PAYOUTS.join(ORDERS, ORDERS.c.order_no == PAYOUTS.c.order_no)
    found = sa.select(PAYOUTS, ORDERS.c.customer_id, ORDERS.c.currency.label("in_currency")).select_from(joined)
    credited = PAYOUTS.c.account.like("store_credit%"), PAYOUTS.c.state == "done", PAYOUTS.c.amount > 0
    found = found.where(*credited, ORDERS.c.customer_id.is_not(None)).order_by(PAYOUTS.c.paid_at, PAYOUTS.c.id)
    sums: dict[tuple[str, str], list[int]] = {}
    last = {}
    for row in connection.execute(found).all():
        account = (row.customer_id, row.currency or row.in_currency)
        kept = sums.setdefault(account, [0, 0])
        kept[0], kept[1] = kept[0] + row.amount, kept[1] + 1
        last[account] = row.paid_at
        connection.execute(
            entries.insert().values(
                key=row.id,
                customer_id=account[0],
                currency=account[1],
                number=kept[1],
                what="credited",
                debit="customer",
                credit="shop",
                amount=row.amount,
                remains=kept[0],
                why=f"{row.purpose} {row.case_no}",
                order_no=row.order_no,
                case_no=row.case_no,
                at=row.paid_at,
            )
        )
    for (customer, currency), (amount, count) in sums.items():
        named = {"customer_id": customer, "currency": currency, "changed_at": last[customer, currency]}
        connection.execute(balances.insert().values(**named, amount=amount, entries=count))


def downgrade() -> None:
    op.drop_index("ix_balance_entries_order", table_name="balance_entries")
    op.drop_index("uq_balance_entries_number", table_name="balance_entries")
    op.drop_table("balance_entries")
    op.drop_table("balances")
