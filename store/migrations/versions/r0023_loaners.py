"""Which loaner is out, and in which case: the database lends none twice."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    out = op.create_table(
        "loaners_out",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_loaners_out_case_no_cases")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_loaners_out")),
    )
    op.create_index(op.f("ix_loaners_out_case_no"), "loaners_out", ["case_no"])
    op.bulk_insert(out, _lent_already())


def _lent_already() -> list[dict[str, str]]:
    """What cases have out by now; of a device that was lent twice the first case keeps it."""
    cases = sa.table("cases", sa.column("case_no", sa.String()), sa.column("document", DOCUMENT))
    loaners = cases.c.document["loaners"]
    found = sa.select(cases.c.case_no, loaners).where(loaners[0].as_string().is_not(None)).order_by(cases.c.case_no)
    by_serial: dict[str, str] = {}
    for case_no, serials in op.get_bind().execute(found):
        for serial in serials:
            by_serial.setdefault(serial, case_no)
    return [{"serial": serial, "case_no": case_no} for serial, case_no in by_serial.items()]


def downgrade() -> None:
    op.drop_table("loaners_out")
