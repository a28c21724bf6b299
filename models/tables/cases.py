"""Cases: the document is the truth, the columns and the other tables are for lists."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
)

from models.tables.columns import Document, Moment, case_no, count_of, metadata, order_no, sum_of, where

#: Entries by which registers are read from all timelines at once: what came in, devices lent, invoices settled.
BOOKED = "action IN ('record_payment', 'lend_loaner', 'return_loaner', 'settle_invoice')"

cases = Table(
    "cases",
    metadata,
    Column("case_no", String, primary_key=True),
    order_no(index=True),
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
    count_of("escalation"),
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
    count_of("reassigned"),
    count_of("reopened"),
    count_of("callback_misses"),
    Column("chain_exhausted", Boolean, nullable=False, server_default=false()),
    Column("failing_step", String),
    sum_of("at_stake"),
    Column("currency", String),
    Column("description", Text),
    Column("contact", Document, nullable=False),  # personal: kept here and nowhere else
    Column("customer_name", String),
    Column("phone_tail", String),
    Column("search_text", Text, nullable=False),
    Column("usual_time", Integer, comment="seconds that silent_at is twice of; NULL = the target of its clock"),
    Index("ix_cases_due", "is_open", "due_order", "case_no"),
    Index("ix_cases_due_all", "due_order", "case_no"),
    Index("ix_cases_opened", "opened_at", "case_no"),
    Index("ix_cases_priority", "priority_rank", "due_order", "case_no"),
    Index("ix_cases_owner_due", "owner", "due_order", "case_no"),
    Index("ix_cases_state_due", "state", "due_order", "case_no"),
    Index("ix_cases_phone_tail", "phone_tail", "case_no"),  # whose a parcel without a slip may be (G2)
    Index("ix_cases_customer_name", "customer_name", "case_no"),
)

case_units = Table(
    "case_units",
    metadata,
    case_no(nullable=False),
    Column("line_no", Integer, nullable=False),
    order_no(nullable=False),
    Column("quantity", Integer, nullable=False),
    count_of("units_out"),  # of these, how many this case has drawn the money of
    Column("allowed", Integer),  # how many units of the line could be claimed when the case was opened (F18)
    Column("open", Boolean, nullable=False),
    PrimaryKeyConstraint("case_no", "line_no"),
    CheckConstraint("quantity >= 1", name="at_least_one"),
    Index("ix_case_units_order", "order_no", "line_no"),
)

case_clocks = Table(
    "case_clocks",
    metadata,
    case_no(nullable=False),
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
    Column("cause", String, comment="of the breach: delay, or change"),
    Column("log", Document, nullable=False, server_default="[]", comment="[[epoch seconds, what, note], …]"),
    Column("used_before", Integer, comment="seconds used before running_since; NULL = not counted yet"),
    Column("running_since", Moment),
    Column("due_by", String, comment="until: somebody set it; closing: the end of its day; NULL: its target"),
    Column("calendar_version", String, comment="of the calendar that its instants were computed on"),
    Column("chain_calendar", String, comment="on which its chain calls people; NULL = it calls nobody"),
    Column("chain_version", String, comment="of that calendar, when the calls were computed"),
    Column("call_at", Moment, comment="when the chain speaks next"),
    PrimaryKeyConstraint("case_no", "clock", "cycle"),
    Index("ix_case_clocks_due", "state", "due_at"),
    # All that the reports read of the clocks that ended in a month (T13).
    Index("ix_case_clocks_ended", "ended_at", "clock", "case_no", "cycle", "state", "breached", "cause", "used_before"),
)

case_waybills = Table(
    "case_waybills",
    metadata,
    Column("waybill", String, nullable=False),
    case_no(nullable=False),
    PrimaryKeyConstraint("waybill", "case_no"),
)

case_splits = Table(
    "case_splits",
    metadata,
    Column("key", String, primary_key=True),
    case_no(nullable=False, index=True),
    Column("linked_case_no", String, ForeignKey("cases.case_no"), nullable=False),
)

order_holds = Table(
    "order_holds",
    metadata,
    case_no(nullable=False),
    Column("hold", String, nullable=False),
    order_no(nullable=False, index=True),
    PrimaryKeyConstraint("case_no", "hold"),
)

timeline = Table(
    "timeline",
    metadata,
    case_no(nullable=False),
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
    Index("ix_timeline_booked", "action", "at", "case_no", "seq", **where(BOOKED)),
)
