"""The SQL schema. Only `store/` and `activities/` may import it.

Money is minor units in a 64-bit column, its currency beside it. Times are UTC. Documents are JSON. Every
constraint has a name, so that a refusal of the database can be read and a migration can name what it changes.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.ledger import PARTIES, WHATS

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An instant: only aware times go in, and UTC comes out, also from SQLite, which keeps no offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its offset cannot be stored")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Document = JSON().with_variant(JSONB(), "postgresql")
Money = BigInteger


def _order_no(**how: Any) -> Column[str]:
    return Column("order_no", String, ForeignKey("orders.order_no"), **how)


def _case_no(**how: Any) -> Column[str]:
    return Column("case_no", String, ForeignKey("cases.case_no"), **how)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _where(condition: str) -> dict[str, Any]:
    """A partial index, for both databases."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


def _sum(name: str) -> Column[int]:
    return Column(name, Money, nullable=False, server_default="0")


def _words(names: Iterable[str]) -> str:
    """Words as a constraint names them."""
    return ", ".join(f"'{name}'" for name in names)


_PARTIES, _WHATS = _words(PARTIES), _words(WHATS)

# ── orders and their pots ─────────────────────────────────────────────────────────────────────────

orders = Table(
    "orders",
    metadata,
    Column("order_no", String, primary_key=True),
    Column("document", Document, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("split_rule", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("customer_id", String, index=True),
    Column("customer_name", String),
    Column("customer_phone", String, index=True),
    Column("placed_at", Moment, nullable=False),
    Column("delivered_at", Moment),
    Column("imported_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

unit_pots = Table(
    "unit_pots",
    metadata,
    _order_no(nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("goods", Money, nullable=False),
    Column("tax", Money, nullable=False),
    _count("units_out"),
    _sum("in_flight"),
    _sum("refunded"),
    _sum("withheld"),
    PrimaryKeyConstraint("order_no", "line_no", "rank"),
    CheckConstraint("units >= 1 AND goods >= 0 AND tax >= 0", name="not_negative"),
    CheckConstraint("in_flight >= 0 AND refunded >= 0 AND withheld >= 0", name="drawn_not_negative"),
    CheckConstraint("in_flight + refunded + withheld <= units * (goods + tax)", name="never_above_paid"),
    CheckConstraint("units_out >= 0 AND units_out <= units", name="units_out_within_units"),
)

postage_pots = Table(
    "postage_pots",
    metadata,
    _order_no(nullable=False),
    Column("shipment_no", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("line_nos", Document, nullable=False),
    Column("postage", Money, nullable=False),
    Column("tax", Money, nullable=False),
    _sum("in_flight"),
    _sum("refunded"),
    PrimaryKeyConstraint("order_no", "shipment_no"),
    CheckConstraint("postage >= 0 AND tax >= 0 AND in_flight >= 0 AND refunded >= 0", name="not_negative"),
    CheckConstraint("in_flight + refunded <= postage + tax", name="never_above_paid"),
)

payment_pots = Table(
    "payment_pots",
    metadata,
    _order_no(nullable=False),
    Column("payment_no", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("method", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("paid_at", Moment, nullable=False),
    _sum("in_flight"),
    _sum("refunded"),
    PrimaryKeyConstraint("order_no", "payment_no"),
    CheckConstraint("amount >= 0 AND in_flight >= 0 AND refunded >= 0", name="not_negative"),
    CheckConstraint("in_flight + refunded <= amount", name="never_above_paid"),
)

# ── cases: the document is the truth, the columns are for lists ───────────────────────────────────

cases = Table(
    "cases",
    metadata,
    Column("case_no", String, primary_key=True),
    _order_no(index=True),
    Column("version", Integer, nullable=False),
    Column("last_drain", String, comment="hash of the drain that wrote this version"),
    Column("document", Document, nullable=False),
    Column("kind", String, nullable=False),
    Column("playbook_version", String, nullable=False),
    Column("state", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("waiting_for", String, nullable=False),
    Column("our_turn", Boolean, nullable=False),
    Column("wanted", String),
    Column("remedy", String),
    Column("channel", String),
    Column("owner", String),
    Column("opened_by", String, nullable=False),
    Column("priority", String, nullable=False),
    Column("priority_rank", Integer, nullable=False),
    Column("severity", String),
    _count("escalation"),
    Column("acknowledged_until", Moment),
    Column("snoozed_until", Moment),
    Column("due_at", Moment),
    Column("due_order", Moment, nullable=False),  # due_at, or the end of time: what lists are sorted by
    Column("due_soon_at", Moment),
    Column("silent_at", Moment),
    Column("alarm_at", Moment),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("last_moved_at", Moment, nullable=False),
    Column("last_acted_at", Moment, nullable=False),
    _count("reassigned"),
    _count("reopened"),
    _count("callback_misses"),
    Column("chain_exhausted", Boolean, nullable=False, server_default=false()),
    Column("failing_step", String),
    _sum("at_stake"),
    Column("currency", String),
    Column("description", Text),
    Column("contact", Document, nullable=False),  # personal: kept here and nowhere else
    Column("customer_name", String),
    Column("phone_tail", String),
    Column("search_text", Text, nullable=False),
    Index("ix_cases_due", "is_open", "due_order", "case_no"),
    Index("ix_cases_due_all", "due_order", "case_no"),
    Index("ix_cases_opened", "opened_at", "case_no"),
    Index("ix_cases_priority", "priority_rank", "due_order", "case_no"),
    Index("ix_cases_owner_due", "owner", "due_order", "case_no"),
    Index("ix_cases_state_due", "state", "due_order", "case_no"),
)

case_units = Table(
    "case_units",
    metadata,
    _case_no(nullable=False),
    Column("line_no", Integer, nullable=False),
    _order_no(nullable=False),
    Column("quantity", Integer, nullable=False),
    _count("units_out"),  # of these, how many this case has drawn the money of
    Column("allowed", Integer),  # how many units of the line could be claimed when the case was opened (F18)
    Column("open", Boolean, nullable=False),
    PrimaryKeyConstraint("case_no", "line_no"),
    CheckConstraint("quantity >= 1", name="at_least_one"),
    Index("ix_case_units_order", "order_no", "line_no"),
)

case_clocks = Table(
    "case_clocks",
    metadata,
    _case_no(nullable=False),
    Column("clock", String, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("target", Integer, nullable=False),
    Column("calendar", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("paused_since", Moment),
    Column("due_at", Moment),
    Column("due_soon_at", Moment),
    Column("breached", Boolean, nullable=False),
    PrimaryKeyConstraint("case_no", "clock", "cycle"),
    Index("ix_case_clocks_due", "state", "due_at"),
)

case_waybills = Table(
    "case_waybills",
    metadata,
    Column("waybill", String, nullable=False),
    _case_no(nullable=False),
    PrimaryKeyConstraint("waybill", "case_no"),
)

case_splits = Table(
    "case_splits",
    metadata,
    Column("key", String, primary_key=True),
    _case_no(nullable=False, index=True),
    Column("linked_case_no", String, ForeignKey("cases.case_no"), nullable=False),
)

order_holds = Table(
    "order_holds",
    metadata,
    _case_no(nullable=False),
    Column("hold", String, nullable=False),
    _order_no(nullable=False, index=True),
    PrimaryKeyConstraint("case_no", "hold"),
)

timeline = Table(
    "timeline",
    metadata,
    _case_no(nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor_id", String, nullable=False),
    Column("actor_role", String, nullable=False),
    Column("action", String, nullable=False),
    Column("source", String),
    Column("target", String),
    Column("note", Text),
    Column("data", Document, nullable=False),
    PrimaryKeyConstraint("case_no", "seq"),
)

# ── money and messages: records, never rebuilt ────────────────────────────────────────────────────

money_moves = Table(
    "money_moves",
    metadata,
    Column("key", String, nullable=False),  # one key is drawn once, and then settled or released once
    _case_no(nullable=False, index=True),
    _order_no(index=True),
    Column("kind", String, nullable=False),
    Column("account", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String),
    Column("draws", Document, nullable=False),
    Column("reference", String),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("key", "kind"),
    CheckConstraint("amount >= 0", name="not_negative"),
    CheckConstraint("kind IN ('draw', 'settle', 'release')", name="known_kind"),
    # A key ends once: as paid or as not paid after all.
    Index("uq_money_moves_ended", "key", unique=True, **_where("kind <> 'draw'")),
)

money_refusals = Table(
    "money_refusals",
    metadata,
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    _case_no(nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("key", "kind"),
)

ledger = Table(
    "ledger",  # double entry: a row is one transfer from `credit` to `debit`, so that the sum is always zero
    metadata,
    Column("key", String, primary_key=True),
    _case_no(nullable=False, index=True),
    _order_no(index=True),
    Column("debit", String, nullable=False),
    Column("credit", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String, nullable=False),
    Column("payout_id", String),
    Column("reference", String),
    Column("at", Moment, nullable=False),
    CheckConstraint("amount > 0", name="above_zero"),
    CheckConstraint("debit <> credit", name="two_accounts"),
    CheckConstraint(f"debit IN ({_PARTIES}) AND credit IN ({_PARTIES})", name="known_accounts"),
    CheckConstraint(f"purpose IN ({_WHATS})", name="known_purpose"),
    # A payout is posted once, whatever it is settled by.
    Index("uq_ledger_payout", "payout_id", "debit", unique=True, **_where("payout_id IS NOT NULL")),
)

side_accounts = Table(
    "side_accounts",  # what no pot limits: freight that is reimbursed
    metadata,
    _case_no(nullable=False),
    Column("account", String, nullable=False),
    Column("most", Money, nullable=False),
    Column("drawn", Money, nullable=False),
    PrimaryKeyConstraint("case_no", "account"),
    CheckConstraint("drawn >= 0", name="not_negative"),
    CheckConstraint("drawn <= most", name="never_above_limit"),
)

payouts = Table(
    "payouts",
    metadata,
    Column("id", String, primary_key=True),
    _case_no(nullable=False, index=True),
    _order_no(index=True),
    Column("purpose", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String),
    Column("payment_no", String),
    Column("account", String),
    Column("state", String, nullable=False),
    Column("reference", String),
    Column("failure", String),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("paid_at", Moment),
    CheckConstraint("amount >= 0", name="not_negative"),
    Index("ix_payouts_queue", "state", "created_at", "id"),
)

messages = Table(
    "messages",
    metadata,
    Column("key", String, primary_key=True),
    _case_no(nullable=False, index=True),
    Column("recipient", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("level", Integer),
    Column("at", Moment, nullable=False),
    Column("sent_at", Moment),
    Index("ix_messages_unsent", "sent_at", "at"),
)

# ── the desk ──────────────────────────────────────────────────────────────────────────────────────

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String, primary_key=True),
    Column("request_hash", String, nullable=False),
    _case_no(),
    Column("created_at", Moment, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("roles", Document, nullable=False),
    Column("may_act_for_others", Boolean, nullable=False),
    Column("secret_hash", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
)

playbook_versions = Table(
    "playbook_versions",
    metadata,
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("document", Document, nullable=False),
    Column("loaded_at", Moment, nullable=False),
    PrimaryKeyConstraint("kind", "version"),
)

playbook_acts = Table(
    "playbook_acts",
    metadata,
    Column("kind", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("before", String),  # the version in force until then; none for the first
    Column("after", String),  # none when the kind was taken away
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("kind", "number"),
)

personal = Table(
    "personal",
    metadata,
    Column("ref", String, primary_key=True),
    _case_no(nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("value", Document, nullable=False),
    Column("at", Moment, nullable=False),
)

unmatched_parcels = Table(
    "unmatched_parcels",
    metadata,
    Column("id", String, primary_key=True),
    Column("code", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text),
    Column("state", String, nullable=False),
    Column("case_no", String),
    Index("ix_unmatched_parcels_code", "code", "state"),
)
