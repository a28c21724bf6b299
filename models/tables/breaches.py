"""What people say of missed clocks: a record. The clocks' rows are rebuilt, so nothing here refers to them."""

from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, String, Table, Text

from models.oversight.breaches import REASONS
from models.tables.columns import Moment, case_no, metadata, words

breach_reasons = Table(
    "breach_reasons",
    metadata,
    case_no(nullable=False),
    Column("clock", String, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("note", Text),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("case_no", "clock", "cycle"),
    CheckConstraint(f"reason IN ({words(REASONS)})", name="known_reason"),
)
