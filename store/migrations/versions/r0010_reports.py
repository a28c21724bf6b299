"""What the reports count: a narrow row per case, and one per product of a case."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CASES = sa.table("cases", sa.column("case_no"), sa.column("order_no"), sa.column("document", DOCUMENT))
ORDERS = sa.table("orders", sa.column("order_no"), sa.column("document", DOCUMENT))
FINAL = ("closed", "rejected", "withdrawn")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 500


def upgrade() -> None:
    facts = op.create_table(
        "case_facts",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "staff", sa.String(), nullable=True, comment="who handled it when it was last resolved, else its owner"
        ),
        sa.Column("cause", sa.String(), nullable=True, comment="found, of the first line that has one"),
        sa.Column("party", sa.String(), nullable=True, comment="liable, of the same line"),
        sa.Column(
            "courier", sa.String(), nullable=True, comment="of the order's first shipment, else the last one named"
        ),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("channel", "remedy", "severity", "currency")),
        sa.Column("goods", sa.String(), nullable=False),
        sa.Column("awaits_goods", sa.Boolean(), nullable=False, comment="the customer has goods that are to come back"),
        sa.Column("complained_of", sa.String(), nullable=True),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_case_facts_case_no_cases"),
        sa.PrimaryKeyConstraint("case_no", name="pk_case_facts"),
    )
    products = op.create_table(
        "case_products",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("party", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_case_products_case_no_cases"),
        sa.PrimaryKeyConstraint("case_no", "sku", name="pk_case_products"),
    )
    op.create_index("ix_case_facts_opened", "case_facts", ["opened_at"])
    op.create_index("ix_case_facts_ended", "case_facts", ["ended_at"])
    counted = ["ended_at", "clock", "case_no", "cycle", "state", "breached", "cause", "used_before"]
    op.create_index("ix_case_clocks_ended", "case_clocks", counted)
    connection = op.get_bind()
    for page in _pages(connection):
        connection.execute(sa.insert(facts), [_fact(*row) for row in page])
        rows = [one for case_no, document, _ in page for one in _products(case_no, document)]
        if rows:
            connection.execute(sa.insert(products), rows)


def _pages(connection: sa.Connection) -> Iterator[list[tuple[str, Any, Any]]]:
    """Case number, document and document of its order, in pages."""
    after = ""
    joined = CASES.outerjoin(ORDERS, ORDERS.c.order_no == CASES.c.order_no)
    found = sa.select(CASES.c.case_no, CASES.c.document, ORDERS.c.document).select_from(joined)
    while True:
        page = found.where(CASES.c.case_no > after).order_by(CASES.c.case_no).limit(PAGE)
        rows = [(row[0], row[1], row[2]) for row in connection.execute(page)]
        if not rows:
            return
        yield rows
        after = rows[-1][0]


def _fact(case_no: str, case: dict[str, Any], order: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = next((line for line in case.get("lines", ()) if line.get("cause")), {})
    shipments = (order or {}).get("shipments") or [{}]
    known = case.get("order") or case.get("announced") or {}
    ended = case.get("closed_at") if case["state"] in FINAL else None
    goods = case.get("goods", "customer")
    delivered = (case.get("order") or {}).get("parcel") == "delivered"
    return {
        "case_no": case_no,
        "kind": case["kind"],
        "state": case["state"],
        "opened_at": _micros(case["opened_at"]),
        "ended_at": _micros(ended) if ended else None,
        "staff": case.get("handled_by") or case.get("owner"),
        "cause": found.get("cause"),
        "party": found.get("party_liable"),
        "courier": shipments[0].get("carrier") or case.get("carrier"),
        **{name: case.get(name) for name in ("channel", "remedy", "severity")},
        "currency": known.get("currency"),
        "goods": goods,
        "awaits_goods": bool(
            delivered and case["procedure"].get("goods_come_back") and goods in ("customer", "in_transit")
        ),
        "complained_of": (case.get("about") or {}).get("person"),
        "reopened": case.get("reopened", 0),
    }


def _products(case_no: str, case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    by_sku: dict[str, list[dict[str, Any]]] = {}
    for line in case.get("lines", ()):
        by_sku.setdefault(line["sku"], []).append(line)
    for sku, lines in by_sku.items():
        yield {
            "case_no": case_no,
            "sku": sku,
            "name": lines[0]["name"],
            "quantity": sum(line["quantity"] for line in lines),
            "cause": next((line["cause"] for line in lines if line.get("cause")), None),
            "party": next((line["party_liable"] for line in lines if line.get("party_liable")), None),
        }


def _micros(text: str) -> int:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at - BEGINNING) // timedelta(microseconds=1)


def downgrade() -> None:
    op.drop_index("ix_case_clocks_ended", "case_clocks")
    op.drop_table("case_products")
    op.drop_table("case_facts")
