"""Word to others, and how it was delivered; what storefronts said of orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")


KNOWN = "ck_hooks_in_known_state"


def upgrade() -> None:
    _states("'received', 'done', 'refused', 'unreadable'")
    op.create_table(
        "order_news",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False, comment="the storefront that said so"),
        sa.Column(
            "changed_at", MOMENT, nullable=False, comment="by the storefront's own time: what is older is no news"
        ),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_order_news_order_no_orders")),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_order_news")),
    )
    _watch()
    _endpoints()
    _events()
    _deliveries()


def _states(known: str) -> None:
    check = f"state IN ({known})"
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(KNOWN), "hooks_in", type_="check")
        op.create_check_constraint(op.f(KNOWN), "hooks_in", check)
        return
    # SQLite makes the table anew; what a table checks is not read back from it, so the old one goes by itself.
    with op.batch_alter_table("hooks_in", recreate="always") as hooks:
        hooks.create_check_constraint(op.f(KNOWN), check)


def _watch() -> None:
    op.create_table(
        "parcel_watch",
        sa.Column("waybill", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), comment="as its order names it"),
        sa.Column("zone", sa.String()),
        sa.Column("phone_tail", sa.String(), comment="the last four digits, which some couriers ask for"),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("case_no", sa.String()),
        sa.Column("since", MOMENT, nullable=False, comment="when it left, or its label was printed"),
        sa.Column("shipped", sa.Boolean(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False, comment="when it is looked at again"),
        sa.Column(
            "over",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="it has arrived, or is long forgotten",
        ),
        sa.Column("registered_with", sa.String()),
        sa.Column("asked_at", MOMENT),
        sa.Column(
            "tries",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="questions in a row without an answer",
        ),
        sa.Column("silent_since", MOMENT),
        sa.Column("silence", sa.String(), comment="the kind of case that it is"),
        sa.Column("told_of", sa.String(), comment="the silence that people were told of"),
        sa.Column("words", sa.Text(), comment="what came of the last question"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_parcel_watch_order_no_orders")),
        sa.PrimaryKeyConstraint("waybill", name=op.f("pk_parcel_watch")),
    )
    op.create_index(op.f("ix_parcel_watch_order_no"), "parcel_watch", ["order_no"])
    op.create_index("ix_parcel_watch_due", "parcel_watch", ["over", "next_at"])
    op.create_index("ix_parcel_watch_silence", "parcel_watch", ["silence", "silent_since"])


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", DOCUMENT, nullable=False, comment="those wanted; none means all"),
        sa.Column("note", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), comment="why it was switched off"),
        sa.Column("secrets", DOCUMENT, nullable=False, comment="the newest first; `until` of those that were replaced"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("failing_since", MOMENT, comment="nothing was taken since"),
        sa.Column("last_at", MOMENT, comment="when anything was last taken"),
        sa.CheckConstraint("state IN ('active', 'off')", name=op.f("ck_webhook_endpoints_known_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )


def _events() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.String(), nullable=False, comment="the `webhook-id`"),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="what is sent and signed, as text"),
        sa.Column("spread", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
    )
    op.create_index("ix_webhook_events_spread", "webhook_events", ["spread", "at"])


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "tries", sa.Integer(), nullable=False, server_default=sa.text("0"), comment="since it was last begun"
        ),
        sa.Column("try_at", MOMENT, nullable=False),
        sa.Column("claimed_until", MOMENT, comment="a worker is at it"),
        sa.Column("ended_at", MOMENT),
        sa.Column("answers", DOCUMENT, nullable=False, comment="what each try came to, the newest last"),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'given_up')", name=op.f("ck_webhook_deliveries_known_state")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["webhook_events.id"],
            name=op.f("fk_webhook_deliveries_event_id_webhook_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("uq_webhook_deliveries_event", "webhook_deliveries", ["event_id", "endpoint_id"], unique=True)
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["state", "try_at"])
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint_id", "made_at", "id"])
    op.create_index("ix_webhook_deliveries_ended", "webhook_deliveries", ["ended_at"])


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_events")
    op.drop_table("webhook_endpoints")
    op.drop_table("parcel_watch")
    op.drop_table("order_news")
    hooks = sa.table("hooks_in", sa.column("state"))
    op.execute(hooks.update().where(hooks.c.state == "refused").values(state="unreadable"))
    _states("'received', 'done', 'unreadable'")
