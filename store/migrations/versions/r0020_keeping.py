"""What nobody heard is kept for whoever comes, silent cases of a bulk are counted, usual times are known."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

COMMENTS = {
    "chain_calendar": "on which its chain calls people; NULL = it calls nobody",
    "chain_version": "of that calendar, when the calls were computed",
    "call_at": "when the chain speaks next",
    "usual_time": "seconds that silent_at is twice of; NULL = the target of its clock",
    "seconds": "the median of what was used, on the clock's calendar",
    "spans": "of how many clocks that were met",
}


def upgrade() -> None:
    op.add_column("messages", sa.Column("words", DOCUMENT, nullable=True))
    for name, kind in (("chain_calendar", sa.String()), ("chain_version", sa.String()), ("call_at", MOMENT)):
        op.add_column("case_clocks", sa.Column(name, kind, nullable=True, comment=COMMENTS[name]))
    op.add_column("bulk_items", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("cases", sa.Column("usual_time", sa.Integer(), nullable=True, comment=COMMENTS["usual_time"]))
    op.create_table(
        "usual_times",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False, comment=COMMENTS["seconds"]),
        sa.Column("spans", sa.Integer(), nullable=False, comment=COMMENTS["spans"]),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "clock", name=op.f("pk_usual_times")),
    )
    _in_main_units()


#: Digits after the point, of currencies that have not two.
DIGITS = {
    0: [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    3: ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"],
    4: ["CLF", "UYW"],
}
CASES = sa.table("cases", sa.column("case_no"), sa.column("currency"))
SPANS = sa.table("stuck_spans", sa.column("case_no"), sa.column("at_stake", sa.BigInteger()))


def _factor() -> sa.ScalarSelect[int]:
    """By how much minor units of a case's currency become ten-thousandths of its main unit."""
    rules = [(CASES.c.currency.in_(codes), 10 ** (4 - digits)) for digits, codes in DIGITS.items()]
    found = sa.select(sa.case(*rules, else_=100)).where(CASES.c.case_no == SPANS.c.case_no)
    return found.scalar_subquery()


def _in_main_units() -> None:
    """Sums at stake were in minor units, and compared as such, whatever the currency."""
    op.execute(sa.update(SPANS).values(at_stake=SPANS.c.at_stake * sa.func.coalesce(_factor(), 100)))


def downgrade() -> None:
    op.execute(sa.update(SPANS).values(at_stake=SPANS.c.at_stake // sa.func.coalesce(_factor(), 100)))
    op.drop_table("usual_times")
    op.drop_column("cases", "usual_time")
    op.drop_column("bulk_items", "tries")
    for name in ("call_at", "chain_version", "chain_calendar"):
        op.drop_column("case_clocks", name)
    op.drop_column("messages", "words")
