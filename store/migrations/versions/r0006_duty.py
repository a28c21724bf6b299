"""Staff, shifts, rotas, absences, swaps, handovers, and when customers talked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = (
    "staff",
    "staff_standings",
    "duty_plans",
    "rota",
    "absences",
    "swaps",
    "handovers",
    "handover_items",
    "talks",
)


def upgrade() -> None:
    _people()
    _shifts()
    _absences_and_swaps()
    _handovers()


def _text(name: str, needed: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=not needed)


def _moment(name: str, needed: bool = True) -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=not needed)


def _is_staff(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["staff.id"], name=op.f(f"fk_{table}_{column}_staff"))


def _people() -> None:
    op.create_table(
        "staff",
        _text("id"),
        _text("name"),
        _text("language"),
        _text("timezone", False),
        sa.Column("quiet_hours", DOCUMENT, nullable=True),
        sa.Column("channels", DOCUMENT, nullable=False),
        _text("phone", False),
        _text("email", False),
        _moment("changed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_table(
        "staff_standings",
        _text("person"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("roles", DOCUMENT, nullable=False),
        _moment("since"),
        _moment("recorded_at"),
        _text("by"),
        sa.PrimaryKeyConstraint("person", "number", name=op.f("pk_staff_standings")),
        _is_staff("staff_standings", "person"),
    )


def _shifts() -> None:
    op.create_table(
        "duty_plans",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("document", DOCUMENT, nullable=False),
        _moment("recorded_at"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_duty_plans")),
    )
    op.create_table(
        "rota",
        _text("person"),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("first_day"),
        _text("last_day", False),
        sa.Column("pattern", DOCUMENT, nullable=False),
        _moment("recorded_at"),
        _text("by"),
        sa.PrimaryKeyConstraint("person", "number", name=op.f("pk_rota")),
        _is_staff("rota", "person"),
    )


def _absences_and_swaps() -> None:
    op.create_table(
        "absences",
        _text("id"),
        _text("person"),
        _moment("from_at"),
        _moment("until_at"),
        _text("stand_in", False),
        sa.Column("reason", sa.Text(), nullable=True),
        _moment("recorded_at"),
        _text("by"),
        _moment("ended_at", False),
        _text("ended_by", False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
        _is_staff("absences", "person"),
        _is_staff("absences", "stand_in"),
    )
    op.create_index("ix_absences_person", "absences", ["person", "until_at"])
    op.create_index("ix_absences_until_at", "absences", ["until_at"])
    op.create_table(
        "swaps",
        _text("id"),
        _text("proposer"),
        _text("partner"),
        _text("proposer_day"),
        _text("partner_day", False),
        sa.Column("last_day", sa.String(), nullable=False, comment="the later of the two days"),
        _text("state"),
        sa.Column("note", sa.Text(), nullable=True),
        _moment("proposed_at"),
        _moment("answered_at", False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
        _is_staff("swaps", "proposer"),
        _is_staff("swaps", "partner"),
    )
    op.create_index("ix_swaps_last_day", "swaps", ["last_day"])


def _handovers() -> None:
    op.create_table(
        "handovers",
        _text("id"),
        _text("outgoing"),
        _text("incoming"),
        _text("state"),
        sa.Column("note", sa.Text(), nullable=True),
        _moment("began_at"),
        _text("begun_by"),
        _moment("ended_at", False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        _is_staff("handovers", "outgoing"),
        _is_staff("handovers", "incoming"),
    )
    still_open = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_handovers_open",
        "handovers",
        ["outgoing"],
        unique=True,
        postgresql_where=still_open,
        sqlite_where=still_open,
    )
    op.create_index("ix_handovers_began_at", "handovers", ["began_at"])
    op.create_table(
        "handover_items",
        _text("handover_id"),
        _text("case_no"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("shown", DOCUMENT, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        _text("outcome", False),
        sa.PrimaryKeyConstraint("handover_id", "case_no", name=op.f("pk_handover_items")),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handovers.id"], name=op.f("fk_handover_items_handover_id_handovers")
        ),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_handover_items_case_no_cases")),
    )
    op.create_table(
        "talks",
        _text("case_no"),
        sa.Column("seq", sa.Integer(), nullable=False),
        _text("person"),
        _moment("at"),
        sa.PrimaryKeyConstraint("case_no", "seq", name=op.f("pk_talks")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_talks_case_no_cases")),
    )
    op.create_index("ix_talks_at", "talks", ["at"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
