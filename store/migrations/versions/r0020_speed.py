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
}


def upgrade() -> None:
    op.add_column("messages", sa.Column("words", DOCUMENT, nullable=True))
    for name, kind in (("chain_calendar", sa.String()), ("chain_version", sa.String()), ("call_at", MOMENT)):
        op.add_column("case_clocks", sa.Column(name, kind, nullable=True, comment=COMMENTS[name]))
    op.add_column("bulk_items", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("bulk_items", "tries")
    for name in ("call_at", "chain_version", "chain_calendar"):
        op.drop_column("case_clocks", name)
    op.drop_column("messages", "words")
