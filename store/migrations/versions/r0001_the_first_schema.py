"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = (
    "counters",
    "orders",
    "playbook_versions",
    "tokens",
    "unmatched_parcels",
    "cases",
    "payment_pots",
    "postage_pots",
    "unit_pots",
    "case_clocks",
    "case_splits",
    "case_units",
    "case_waybills",
    "idempotency",
    "messages",
    "money_moves",
    "money_refusals",
    "order_holds",
    "payouts",
    "personal",
    "timeline",
)


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "orders",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("split_rule", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("customer_name", sa.String(), nullable=True),
        sa.Column("customer_phone", sa.String(), nullable=True),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("order_no", name="pk_orders"),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])
    op.create_index("ix_orders_customer_phone", "orders", ["customer_phone"])

    op.create_table(
        "playbook_versions",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "version", name="pk_playbook_versions"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", DOCUMENT, nullable=False),
        sa.Column("may_act_for_others", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )
    op.create_table(
        "unmatched_parcels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_unmatched_parcels"),
    )
    op.create_index("ix_unmatched_parcels_code", "unmatched_parcels", ["code", "state"])

    op.create_table(
        "cases",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_drain", sa.String(), nullable=True, comment="hash of the drain that wrote this version"),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("playbook_version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("waiting_for", sa.String(), nullable=False),
        sa.Column("our_turn", sa.Boolean(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=True),
        sa.Column("remedy", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("priority_rank", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("escalation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("acknowledged_until", MOMENT, nullable=True),
        sa.Column("snoozed_until", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("due_order", MOMENT, nullable=False),
        sa.Column("due_soon_at", MOMENT, nullable=True),
        sa.Column("silent_at", MOMENT, nullable=True),
        sa.Column("alarm_at", MOMENT, nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("last_moved_at", MOMENT, nullable=False),
        sa.Column("last_acted_at", MOMENT, nullable=False),
        sa.Column("reassigned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("callback_misses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("chain_exhausted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("failing_step", sa.String(), nullable=True),
        sa.Column("at_stake", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("contact", DOCUMENT, nullable=False),
        sa.Column("customer_name", sa.String(), nullable=True),
        sa.Column("phone_tail", sa.String(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_cases_order_no_orders"),
        sa.PrimaryKeyConstraint("case_no", name="pk_cases"),
    )
    op.create_index("ix_cases_due", "cases", ["is_open", "due_order", "case_no"])
    op.create_index("ix_cases_due_all", "cases", ["due_order", "case_no"])
    op.create_index("ix_cases_opened", "cases", ["opened_at", "case_no"])
    op.create_index("ix_cases_order_no", "cases", ["order_no"])
    op.create_index("ix_cases_owner_due", "cases", ["owner", "due_order", "case_no"])
    op.create_index("ix_cases_priority", "cases", ["priority_rank", "due_order", "case_no"])
    op.create_index("ix_cases_state_due", "cases", ["state", "due_order", "case_no"])

    op.create_table(
        "payment_pots",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("payment_no", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", MOMENT, nullable=False),
        sa.Column("in_flight", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "amount >= 0 AND in_flight >= 0 AND refunded >= 0", name=op.f("ck_payment_pots_not_negative")
        ),
        sa.CheckConstraint("in_flight + refunded <= amount", name=op.f("ck_payment_pots_never_above_paid")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_payment_pots_order_no_orders"),
        sa.PrimaryKeyConstraint("order_no", "payment_no", name="pk_payment_pots"),
    )
    op.create_table(
        "postage_pots",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("shipment_no", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_nos", DOCUMENT, nullable=False),
        sa.Column("postage", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("in_flight", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("in_flight + refunded <= postage + tax", name=op.f("ck_postage_pots_never_above_paid")),
        sa.CheckConstraint(
            "postage >= 0 AND tax >= 0 AND in_flight >= 0 AND refunded >= 0",
            name=op.f("ck_postage_pots_not_negative"),
        ),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_postage_pots_order_no_orders"),
        sa.PrimaryKeyConstraint("order_no", "shipment_no", name="pk_postage_pots"),
    )
    op.create_table(
        "unit_pots",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("goods", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("units_out", sa.Integer(), server_default="0", nullable=False),
        sa.Column("in_flight", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("withheld", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "in_flight + refunded + withheld <= units * (goods + tax)",
            name=op.f("ck_unit_pots_never_above_paid"),
        ),
        sa.CheckConstraint(
            "in_flight >= 0 AND refunded >= 0 AND withheld >= 0", name=op.f("ck_unit_pots_drawn_not_negative")
        ),
        sa.CheckConstraint("units >= 1 AND goods >= 0 AND tax >= 0", name=op.f("ck_unit_pots_not_negative")),
        sa.CheckConstraint("units_out >= 0 AND units_out <= units", name=op.f("ck_unit_pots_units_out_within_units")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_unit_pots_order_no_orders"),
        sa.PrimaryKeyConstraint("order_no", "line_no", "rank", name="pk_unit_pots"),
    )
    op.create_table(
        "case_clocks",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("paused_since", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("due_soon_at", MOMENT, nullable=True),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_case_clocks_case_no_cases"),
        sa.PrimaryKeyConstraint("case_no", "clock", "cycle", name="pk_case_clocks"),
    )
    op.create_index("ix_case_clocks_due", "case_clocks", ["state", "due_at"])

    op.create_table(
        "case_splits",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("linked_case_no", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_case_splits_case_no_cases"),
        sa.ForeignKeyConstraint(["linked_case_no"], ["cases.case_no"], name="fk_case_splits_linked_case_no_cases"),
        sa.PrimaryKeyConstraint("key", name="pk_case_splits"),
    )
    op.create_index("ix_case_splits_case_no", "case_splits", ["case_no"])

    op.create_table(
        "case_units",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("units_out", sa.Integer(), server_default="0", nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_case_units_at_least_one")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_case_units_case_no_cases"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_case_units_order_no_orders"),
        sa.PrimaryKeyConstraint("case_no", "line_no", name="pk_case_units"),
    )
    op.create_index("ix_case_units_order", "case_units", ["order_no", "line_no"])

    op.create_table(
        "case_waybills",
        sa.Column("waybill", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_case_waybills_case_no_cases"),
        sa.PrimaryKeyConstraint("waybill", "case_no", name="pk_case_waybills"),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_idempotency_case_no_cases"),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency"),
    )
    op.create_table(
        "messages",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_messages_case_no_cases"),
        sa.PrimaryKeyConstraint("key", name="pk_messages"),
    )
    op.create_index("ix_messages_case_no", "messages", ["case_no"])
    op.create_index("ix_messages_unsent", "messages", ["sent_at", "at"])

    op.create_table(
        "money_moves",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("draws", DOCUMENT, nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('draw', 'settle', 'release')", name=op.f("ck_money_moves_known_kind")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_money_moves_not_negative")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_money_moves_case_no_cases"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_money_moves_order_no_orders"),
        sa.PrimaryKeyConstraint("key", "kind", name="pk_money_moves"),
    )
    op.create_index("ix_money_moves_case_no", "money_moves", ["case_no"])
    op.create_index("ix_money_moves_order_no", "money_moves", ["order_no"])
    op.create_index(
        "uq_money_moves_ended",
        "money_moves",
        ["key"],
        unique=True,
        postgresql_where=sa.text("kind <> 'draw'"),
        sqlite_where=sa.text("kind <> 'draw'"),
    )

    op.create_table(
        "money_refusals",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_money_refusals_case_no_cases"),
        sa.PrimaryKeyConstraint("key", "kind", name="pk_money_refusals"),
    )
    op.create_index("ix_money_refusals_case_no", "money_refusals", ["case_no"])

    op.create_table(
        "order_holds",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("hold", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_order_holds_case_no_cases"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_order_holds_order_no_orders"),
        sa.PrimaryKeyConstraint("case_no", "hold", name="pk_order_holds"),
    )
    op.create_index("ix_order_holds_order_no", "order_holds", ["order_no"])

    op.create_table(
        "payouts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("payment_no", sa.String(), nullable=True),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("paid_at", MOMENT, nullable=True),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_payouts_not_negative")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_payouts_case_no_cases"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_payouts_order_no_orders"),
        sa.PrimaryKeyConstraint("id", name="pk_payouts"),
    )
    op.create_index("ix_payouts_case_no", "payouts", ["case_no"])
    op.create_index("ix_payouts_order_no", "payouts", ["order_no"])
    op.create_index("ix_payouts_queue", "payouts", ["state", "created_at", "id"])

    op.create_table(
        "personal",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_personal_case_no_cases"),
        sa.PrimaryKeyConstraint("ref", name="pk_personal"),
    )
    op.create_index("ix_personal_case_no", "personal", ["case_no"])

    op.create_table(
        "timeline",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_timeline_case_no_cases"),
        sa.PrimaryKeyConstraint("case_no", "seq", name="pk_timeline"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
