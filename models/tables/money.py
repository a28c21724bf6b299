"""Movements of money, the ledger, payouts, store credit: records, never rebuilt."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from models.accounting.ledger import PARTIES, WHATS
from models.tables.columns import Document, Moment, Money, case_no, metadata, order_no, where, words

_PARTIES, _WHATS = words(PARTIES), words(WHATS)

money_moves = Table(
    "money_moves",
    metadata,
    Column("key", String, nullable=False),  # one key is drawn once, and then settled or released once
    case_no(nullable=False, index=True),
    order_no(index=True),
    Column("kind", String, nullable=False),
    Column("account", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", String),
    Column("draws", Document, nullable=False),
    Column("reference", String),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("key", "kind"),
    CheckConstraint("amount >= 0", name="not_negative"),
    CheckConstraint("kind IN ('draw', 'settle', 'release', 'raise', 'bounce')", name="known_kind"),
    # A key ends once: as paid or as not paid after all. What was paid can come back, once.
    Index("uq_money_moves_ended", "key", unique=True, **where("kind <> 'draw' AND kind <> 'bounce'")),
)

money_refusals = Table(
    "money_refusals",
    metadata,
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    case_no(nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("key", "kind"),
)

ledger = Table(
    "ledger",  # double entry: a row is one transfer from `credit` to `debit`, so that the sum is always zero
    metadata,
    Column("key", String, primary_key=True),
    case_no(nullable=False, index=True),
    order_no(index=True),
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
    # A payout is posted once, whatever it is settled by, and taken back once.
    Index("uq_ledger_payout", "payout_id", "debit", "credit", unique=True, **where("payout_id IS NOT NULL")),
)

order_payments = Table(
    "order_payments",  # which order a payment belongs to, by what its provider calls it
    metadata,
    Column("reference", String, nullable=False),
    order_no(nullable=False, index=True),
    PrimaryKeyConstraint("reference", "order_no"),
)

side_accounts = Table(
    "side_accounts",  # what no pot limits: freight that is reimbursed
    metadata,
    case_no(nullable=False),
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
    case_no(nullable=False, index=True),
    order_no(index=True),
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
    Column("asked_by", String),
    Column("authority", String),  # the role within whose limit it was granted
    Column("compensates", String),  # the kind of compensation that it is (F26)
    *(Column(name, String) for name in ("named_by", "confirmed_by", "paid_by", "gateway")),  # R1
    CheckConstraint("amount >= 0", name="not_negative"),
    Index("ix_payouts_queue", "state", "created_at", "id"),
)

balances = Table(
    "balances",  # R2: store credit, one running account per customer and currency
    metadata,
    Column("customer_id", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("entries", Integer, nullable=False),  # so many made it; the next one's number is one more
    Column("changed_at", Moment, nullable=False),
    PrimaryKeyConstraint("customer_id", "currency"),
    CheckConstraint("amount >= 0", name="never_negative"),
)

balance_entries = Table(
    "balance_entries",  # double entry, as the ledger: a row is one transfer from `credit` to `debit`
    metadata,
    Column("key", String, primary_key=True),  # of a payout its id, so that it is credited once
    Column("customer_id", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("what", String, nullable=False),
    Column("debit", String, nullable=False),
    Column("credit", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("remains", Money, nullable=False),
    Column("why", Text, nullable=False),
    Column("order_no", String),  # the order that is paid or was refunded; it may be written a moment later
    Column("payment_no", String),
    Column("case_no", String),
    Column("by", String),
    Column("at", Moment, nullable=False),
    CheckConstraint("amount > 0", name="above_zero"),
    CheckConstraint("remains >= 0", name="never_negative"),
    CheckConstraint("debit <> credit", name="two_accounts"),
    CheckConstraint(f"debit IN ({_PARTIES}) AND credit IN ({_PARTIES})", name="known_accounts"),
    CheckConstraint("what IN ('credited', 'used', 'put_back', 'cleared')", name="known_what"),
    Index("uq_balance_entries_number", "customer_id", "currency", "number", unique=True),
    Index("ix_balance_entries_order", "order_no", "payment_no"),
)
