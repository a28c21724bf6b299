"""Why clocks were missed, as people say it afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

REASONS = (
    "'workload', 'nobody_on_duty', 'colleague', 'warehouse', 'outside', 'customer', 'overlooked', 'system', 'other'"
)


def upgrade() -> None:
    op.create_table(
        "breach_reasons",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_breach_reasons_known_reason")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_breach_reasons_case_no_cases")),
        sa.PrimaryKeyConstraint("case_no", "clock", "cycle", name=op.f("pk_breach_reasons")),
    )


def downgrade() -> None:
    op.drop_table("breach_reasons")
