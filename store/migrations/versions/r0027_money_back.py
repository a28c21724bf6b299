"""Money that was paid and came back; which order a payment belongs to; calls from outside that are read again later."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BATCH = 5000
AGAIN = "whoever has to be asked about it was away: not before then"
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KINDS = ("draw", "settle", "release", "raise")


def upgrade() -> None:
    _known((*KINDS, "bounce"))
    _ended("kind <> 'draw' AND kind <> 'bounce'")
    _posted(["payout_id", "debit", "credit"])
    with op.batch_alter_table("hooks_in") as hooks:
        hooks.add_column(sa.Column("again_at", sa.DateTime(timezone=True), nullable=True, comment=AGAIN))
    kept = op.create_table(
        "order_payments",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_order_payments_order_no_orders")),
        sa.PrimaryKeyConstraint("reference", "order_no", name=op.f("pk_order_payments")),
    )
    op.create_index(op.f("ix_order_payments_order_no"), "order_payments", ["order_no"])
    for rows in _paid_already():
        op.bulk_insert(kept, rows)


def _paid_already() -> Iterator[list[dict[str, str]]]:
    """The payments that orders name by now, a batch at a time."""
    orders = sa.table("orders", sa.column("order_no", sa.String()), sa.column("document", DOCUMENT))
    after = ""
    while True:
        found = sa.select(orders.c.order_no, orders.c.document["payments"]).where(orders.c.order_no > after)
        batch = op.get_bind().execute(found.order_by(orders.c.order_no).limit(BATCH)).all()
        if not batch:
            return
        after = batch[-1][0]
        named = {(one.get("reference"), order_no) for order_no, paid in batch for one in paid or ()}
        yield [{"reference": name, "order_no": order_no} for name, order_no in sorted(n for n in named if n[0])]


def downgrade() -> None:
    op.drop_table("order_payments")
    with op.batch_alter_table("hooks_in") as hooks:
        hooks.drop_column("again_at")
    op.execute("DELETE FROM money_moves WHERE kind = 'bounce'")
    _posted(["payout_id", "debit"])
    _ended("kind <> 'draw'")
    _known(KINDS)


def _known(kinds: tuple[str, ...]) -> None:
    name, listed = op.f("ck_money_moves_known_kind"), ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("money_moves") as moves:
        moves.drop_constraint(name, type_="check")
        moves.create_check_constraint(name, f"kind IN ({listed})")


def _ended(which: str) -> None:
    op.drop_index("uq_money_moves_ended", table_name="money_moves")
    _unique("uq_money_moves_ended", "money_moves", ["key"], which)


def _posted(columns: list[str]) -> None:
    op.drop_index("uq_ledger_payout", table_name="ledger")
    _unique("uq_ledger_payout", "ledger", columns, "payout_id IS NOT NULL")


def _unique(name: str, table: str, columns: list[str], which: str) -> None:
    where = sa.text(which)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)
