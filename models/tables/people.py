"""The staff and their duty. Facts are dated and added to; nobody and nothing is ever deleted."""

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from models.tables.columns import Document, Moment, case_no, metadata, where


def person(name: str = "person", **how: Any) -> Column[str]:
    return Column(name, String, ForeignKey("staff.id"), **how)


staff = Table(
    "staff",
    metadata,
    Column("id", String, primary_key=True),  # the id that the person acts under
    Column("name", String, nullable=False),
    Column("language", String, nullable=False),
    Column("timezone", String),  # none: the shop's
    Column("quiet_hours", Document),  # [from, to] as times of day in that zone
    Column("channels", Document, nullable=False),  # addresses with their secrets: never shown
    Column("phone", String),
    Column("email", String),
    Column("changed_at", Moment, nullable=False),
)

staff_standings = Table(
    "staff_standings",
    metadata,
    person(nullable=False),
    Column("number", Integer, nullable=False),
    Column("roles", Document, nullable=False),  # none: not with us from then on
    Column("since", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("by", String, nullable=False),
    PrimaryKeyConstraint("person", "number"),
)

duty_plans = Table(
    "duty_plans",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", Document, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)

rota = Table(
    "rota",
    metadata,
    person(nullable=False),
    Column("number", Integer, nullable=False),
    Column("first_day", String, nullable=False),  # dates are text: they have no zone of their own
    Column("last_day", String),
    Column("pattern", Document, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("by", String, nullable=False),
    PrimaryKeyConstraint("person", "number"),
)

absences = Table(
    "absences",
    metadata,
    Column("id", String, primary_key=True),
    person(nullable=False),
    Column("from_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=False),
    person("stand_in", nullable=True),
    Column("reason", Text),  # personal
    Column("recorded_at", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", String),
    Index("ix_absences_person", "person", "until_at"),
    Index("ix_absences_until_at", "until_at"),
)

swaps = Table(
    "swaps",
    metadata,
    Column("id", String, primary_key=True),
    person("proposer", nullable=False),
    person("partner", nullable=False),
    Column("proposer_day", String, nullable=False),
    Column("partner_day", String),
    Column("last_day", String, nullable=False, comment="the later of the two days"),
    Column("state", String, nullable=False),
    Column("note", Text),
    Column("proposed_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("answer", Text),
    Index("ix_swaps_last_day", "last_day"),
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", String, primary_key=True),
    person("outgoing", nullable=False),
    person("incoming", nullable=False),
    Column("state", String, nullable=False),
    Column("note", Text),
    Column("began_at", Moment, nullable=False),
    Column("begun_by", String, nullable=False),
    Column("ended_at", Moment),
    Column("answer", Text),
    # One hands over to one at a time; of two begun at once the database lets one be.
    Index("ix_handovers_open", "outgoing", unique=True, **where("ended_at IS NULL")),
    Index("ix_handovers_began_at", "began_at"),
)

handover_items = Table(
    "handover_items",
    metadata,
    Column("handover_id", String, ForeignKey("handovers.id"), nullable=False),
    case_no(nullable=False),
    Column("position", Integer, nullable=False),
    Column("shown", Document, nullable=False),  # next step and running clocks, as they were listed
    Column("accepted", Boolean),
    Column("outcome", String),  # what became of an accepted one: moved, or why not
    PrimaryKeyConstraint("handover_id", "case_no"),
)

talks = Table(
    "talks",
    metadata,
    case_no(nullable=False),
    Column("seq", Integer, nullable=False),
    Column("person", String, nullable=False),  # whose case it was, also of somebody who is on no staff list
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("case_no", "seq"),
    Index("ix_talks_at", "at"),
)
