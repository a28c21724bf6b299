"""What the refund register tells; what the dearer goods of an exchange cost more; what was paid twice from outside."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REGISTERED = ("asked_by", "authority", "compensates", "named_by", "confirmed_by", "paid_by", "gateway")
WHATS = (
    *("refund", "freight", "goodwill", "replacement_value", "goods"),
    *("fee", "claim", "deposit", "store_credit", "received"),
)


def upgrade() -> None:
    with op.batch_alter_table("payouts") as payouts:
        for name in REGISTERED:
            payouts.add_column(sa.Column(name, sa.String(), nullable=True))
    with op.batch_alter_table("unit_pots") as units:
        units.add_column(sa.Column("raised", sa.BigInteger(), server_default="0", nullable=False))
        _cap(units, "units * (goods + tax) + raised")
        units.create_check_constraint(op.f("ck_unit_pots_raised_not_negative"), "raised >= 0")
    with op.batch_alter_table("payment_pots") as payments:
        payments.add_column(sa.Column("collected_by", sa.String(), nullable=True))
    _known("money_moves", "known_kind", "kind", ("draw", "settle", "release", "raise"))
    _known("ledger", "known_purpose", "purpose", (*WHATS, "chargeback"))


def downgrade() -> None:
    op.execute("DELETE FROM ledger WHERE purpose = 'chargeback'")
    op.execute("DELETE FROM money_moves WHERE kind = 'raise'")
    _known("ledger", "known_purpose", "purpose", WHATS)
    _known("money_moves", "known_kind", "kind", ("draw", "settle", "release"))
    op.execute("DELETE FROM payment_pots WHERE collected_by IS NOT NULL")
    with op.batch_alter_table("payment_pots") as payments:
        payments.drop_column("collected_by")
    with op.batch_alter_table("unit_pots") as units:
        units.drop_constraint(op.f("ck_unit_pots_raised_not_negative"), type_="check")
        _cap(units, "units * (goods + tax)")
        units.drop_column("raised")
    with op.batch_alter_table("payouts") as payouts:
        for name in reversed(REGISTERED):
            payouts.drop_column(name)


def _cap(units: object, paid: str) -> None:
    name = op.f("ck_unit_pots_never_above_paid")
    units.drop_constraint(name, type_="check")  # type: ignore[attr-defined]
    units.create_check_constraint(name, f"in_flight + refunded + withheld <= {paid}")  # type: ignore[attr-defined]


def _known(table: str, rule: str, column: str, words: tuple[str, ...]) -> None:
    name, listed = op.f(f"ck_{table}_{rule}"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as changed:
        changed.drop_constraint(name, type_="check")
        changed.create_check_constraint(name, f"{column} IN ({listed})")
