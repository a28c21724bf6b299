"""What couriers say of waybills, and which order a waybill belongs to."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")
BATCH = 1000


def upgrade() -> None:
    op.create_table(
        "tracking_events",
        sa.Column("waybill", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="the same for the same event, whoever tells it"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("source", sa.String(), nullable=False, comment="who told it first"),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("waybill", "key", name=op.f("pk_tracking_events")),
    )
    op.create_table(
        "tracking",
        sa.Column("waybill", sa.String(), nullable=False),
        sa.Column("standing", DOCUMENT, nullable=False, comment="all its events folded"),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column(
            "pending", sa.Boolean(), nullable=False, server_default=sa.true(), comment="cases are still to be told"
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="counts what there was to tell"),
        sa.PrimaryKeyConstraint("waybill", name=op.f("pk_tracking")),
    )
    op.create_index("ix_tracking_pending", "tracking", ["pending", "changed_at"])
    op.create_table(
        "order_waybills",
        sa.Column("waybill", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_order_waybills_order_no_orders")),
        sa.PrimaryKeyConstraint("waybill", "order_no", name=op.f("pk_order_waybills")),
    )
    op.create_index(op.f("ix_order_waybills_order_no"), "order_waybills", ["order_no"])
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Orders that are here already name waybills in their documents."""
    orders = sa.table("orders", sa.column("order_no", sa.String), sa.column("document", DOCUMENT))
    ties = sa.table("order_waybills", sa.column("waybill"), sa.column("order_no"))
    after = ""
    while True:
        wanted = sa.select(orders.c.order_no, orders.c.document).where(orders.c.order_no > after)
        rows = connection.execute(wanted.order_by(orders.c.order_no).limit(BATCH)).all()
        if not rows:
            return
        found = {(waybill, row.order_no) for row in rows for waybill in _waybills(row.document)}
        if found:
            named = [{"waybill": waybill, "order_no": order_no} for waybill, order_no in sorted(found)]
            connection.execute(sa.insert(ties), named)
        after = rows[-1].order_no


def _waybills(document: Any) -> set[str]:
    known = json.loads(document) if isinstance(document, str) else document
    return {shipment["waybill"] for shipment in known.get("shipments") or () if shipment.get("waybill")}


def downgrade() -> None:
    op.drop_table("order_waybills")
    op.drop_table("tracking")
    op.drop_table("tracking_events")
