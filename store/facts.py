"""What reports count of a case: written by every commit, computed anew from its document by a rebuild (T13)."""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import String, bindparam, delete, func, select
from sqlalchemy.orm import Session

from models.case import Case, Line
from models.tables import case_facts, case_products, cases, orders
from store import documents

_WITH_CUSTOMER: Final = frozenset({"customer", "in_transit"})
_PAGE: Final = 500


def write(session: Session, case: Case, same_lines: bool = False) -> None:
    """Bring what reports count of a case up to date, in the transaction of its commit.

    With `same_lines` its products are as they were written last.
    """
    row = facts_of(case)
    facts = _put_facts(tuple(row), documents.is_postgres(session))
    documents.execute(session, facts, row | {"order_no": _order_no(case)})
    if same_lines:
        return
    products = product_rows(case)
    gone = delete(case_products).where(case_products.c.case_no == case.case_no)
    documents.execute(session, gone.where(case_products.c.sku.not_in([one["sku"] for one in products])))
    documents.put(session, case_products, products)


def facts_of(case: Case) -> dict[str, Any]:
    """The row of a case; `courier` is the one it names itself, where its order knows none."""
    found = next((line for line in case.lines if line.cause is not None), None)
    return {
        "case_no": case.case_no,
        "kind": case.kind,
        "state": case.state.value,
        "opened_at": case.opened_at,
        "ended_at": case.closed_at if case.is_final else None,
        "staff": case.handled_by or case.owner,
        "cause": found.cause if found else None,
        "party": found.party_liable if found else None,
        "courier": case.carrier,
        "channel": case.channel,
        "remedy": case.remedy,
        "severity": case.severity,
        "currency": case.currency,
        "goods": case.goods,
        "awaits_goods": _awaits_goods(case),
        "complained_of": case.about.person if case.about else None,
        "reopened": case.reopened,
        **_dues(case),
    }


def _dues(case: Case) -> dict[str, Any]:
    """What the customer owes us or paid too much, so that finance finds it among all cases (F24, T21)."""
    money = case.money
    return {
        "owed_to_us": max(0, money.owed_to_us),
        "owed_before": money.netted + money.repaid + money.forgiven + money.recovered + money.given_up,
        "overpaid": case.overpaid,
        "waiver": case.receivable_waiver is not None,
    }


def product_rows(case: Case) -> list[dict[str, Any]]:
    """One row per product of a case, in the order of its lines."""
    by_sku: dict[str, list[Line]] = {}
    for line in case.lines:
        by_sku.setdefault(line.sku, []).append(line)
    return [
        {
            "case_no": case.case_no,
            "sku": sku,
            "name": lines[0].name,
            "quantity": sum(line.quantity for line in lines),
            "cause": next((line.cause for line in lines if line.cause), None),
            "party": next((line.party_liable for line in lines if line.party_liable), None),
        }
        for sku, lines in by_sku.items()
    ]


def _awaits_goods(case: Case) -> bool:
    """Whether the customer has goods, or sent them off, that the playbook wants back."""
    delivered = case.order is not None and case.order.parcel == "delivered"
    return delivered and case.procedure.goods_come_back and case.goods in _WITH_CUSTOMER


def _order_no(case: Case) -> str | None:
    return case.order.order_no if case.order else None


@lru_cache(maxsize=8)
def _put_facts(names: tuple[str, ...], postgres: bool) -> Any:
    """The row, with the courier whom the order's first shipment names."""
    carrier = orders.c.document["shipments"][0]["carrier"].as_string()
    shipped = select(carrier).where(orders.c.order_no == bindparam("order_no", type_=String)).scalar_subquery()
    values: dict[str, Any] = {name: bindparam(name, type_=case_facts.c[name].type) for name in names}
    values["courier"] = func.coalesce(shipped, values["courier"])
    statement = documents.insert_into(case_facts, postgres).values(values)
    changed = {name: statement.excluded[name] for name in names if name != "case_no"}
    return statement.on_conflict_do_update(index_elements=[case_facts.c.case_no], set_=changed)


# ── rebuilding ────────────────────────────────────────────────────────────────────────────────────


def rebuild_closed(session: Session) -> int:
    """The same for the cases that are closed, from their documents; how many there are."""
    here, after, many = cases.c, "", 0
    while True:
        found = select(here.case_no, here.document).where(~here.is_open, here.case_no > after)
        page = session.execute(found.order_by(here.case_no).limit(_PAGE)).all()
        if not page:
            return many
        for row in page:
            write(session, Case.model_validate(row.document))
        after, many = page[-1].case_no, many + len(page)
