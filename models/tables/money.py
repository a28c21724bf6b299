"""Movements of money, the ledger, payouts: records, never rebuilt."""

from sqlalchemy import CheckConstraint, Column, Index, PrimaryKeyConstraint, String, Table, Text

from models.ledger import PARTIES, WHATS
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
    CheckConstraint("kind IN ('draw', 'settle', 'release')", name="known_kind"),
    # A key ends once: as paid or as not paid after all.
    Index("uq_money_moves_ended", "key", unique=True, **where("kind <> 'draw'")),
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
    # A payout is posted once, whatever it is settled by.
    Index("uq_ledger_payout", "payout_id", "debit", unique=True, **where("payout_id IS NOT NULL")),
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
    CheckConstraint("amount >= 0", name="not_negative"),
    Index("ix_payouts_queue", "state", "created_at", "id"),
)
