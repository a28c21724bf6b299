"""The registers of section 11, read from what cases, orders and payouts hold; nothing is kept twice for them.

Rows hold plain values, sums of money, and what is personal, which whoever shows a row masks.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal_column, or_, select, text
from sqlalchemy.orm import Session

from models.case import UNDONE
from models.goods.warranty import Card
from models.lifecycle import Action
from models.tables import BOOKED, case_facts, cases, orders, payouts, timeline
from models.tables import balances as credited
from store.accounting import claims as kept_claims
from store.accounting import credit, refund_register
from store.accounting.register_columns import Personal, Row, Sum, Window
from store.goods import loaners, watch
from store.goods import parcels as boxes
from store.goods import warranties as cards_kept
from store.stock import listing

_document = cases.c.document
facts = case_facts.c
_NOTHING: ColumnElement[int] = literal_column("0")


def _documents(
    session: Session, which: ColumnElement[bool], window: Window | None = None
) -> Iterator[tuple[str, str | None, str | None, Row]]:
    """Case number, order number, currency and document of the cases that a register is about, oldest first."""
    found = select(cases.c.case_no, cases.c.order_no, cases.c.currency, _document).where(which)
    for row in session.execute(_within(found.order_by(cases.c.case_no), window)):
        yield row.case_no, row.order_no, row.currency, row.document


def balances(session: Session, window: Window | None = None) -> list[Row]:
    """R2: the running account: who is credited and why, which later order used it, what remains, what was cleared."""
    some = credit.entries(session) if window is None else credit.some(session, window.after, window.most)
    names = _names(session, None if window is None else {one.customer_id for one in some})
    return [
        {
            "customer_id": entry.customer_id,
            "customer": Personal(names.get(entry.customer_id)),
            "number": entry.number,
            "what": entry.what,
            "credited": Sum(entry.amount, entry.currency) if entry.what in credit.GIVES else None,
            "taken": None if entry.what in credit.GIVES else Sum(entry.amount, entry.currency),
            "remains": Sum(entry.remains, entry.currency),
            "why": entry.why,
            "order_no": entry.order_no,
            "case_no": entry.case_no,
            "by": entry.by,
            "at": entry.at,
        }
        for entry in some
    ]


def _names(session: Session, of: Collection[str] | None) -> dict[str, str | None]:
    """The names of those who have a balance, or of these of them."""
    have = orders.c.customer_id.in_(select(credited.c.customer_id) if of is None else sorted(of))
    found = select(orders.c.customer_id, func.max(orders.c.customer_name)).where(have)
    return {row[0]: row[1] for row in session.execute(found.group_by(orders.c.customer_id))}


def remittances(session: Session, window: Window | None = None) -> list[Row]:
    """L12: money that was announced or notified, and how much of it came in."""
    rows = []
    for case_no, order_no, currency, case in _documents(session, _remitted(window.state if window else None), window):
        told, came = case.get("announced") or {}, case["money"].get("received", 0)
        in_currency = currency or told.get("currency")
        rows.append(
            {
                "case_no": case_no,
                "order_no": order_no,
                "state": "matched" if came else "notified" if case.get("payment_notified") else "announced",
                "announced": Sum(told["amount"], in_currency) if told else None,
                "owed": Sum(case["money"].get("customer_owes", 0), in_currency),
                "received": Sum(came, in_currency),
                "payer": Personal(told.get("payer")),
            }
        )
    return rows


def _remitted(state: str | None) -> ColumnElement[bool]:
    """Cases with money that is to come by transfer or came: all of them, or those that are so far."""
    received = func.coalesce(_document["money"]["received"].as_integer(), 0) > 0
    notified = func.coalesce(_document["payment_notified"].as_boolean(), false())
    announced = _document["announced"]["amount"].as_integer().is_not(None)
    by_state: dict[str, ColumnElement[bool]] = {
        "matched": received,
        "notified": notified & ~received,
        "announced": announced & ~notified & ~received,
    }
    every: ColumnElement[bool] = announced | notified | received
    return by_state.get(state or "", every)


def receivables(session: Session, window: Window | None = None) -> list[Row]:
    """F24, T21: what customers still owe us: freight paid without cause, and what they got twice by a chargeback; what
    was netted of the one, and paid of both."""
    return [
        {
            "case_no": case_no,
            "order_no": order_no,
            "owed": Sum(_owed_to_us(case["money"]), currency),
            "netted": Sum(case["money"].get("netted", 0), currency),
            "repaid": Sum(case["money"].get("repaid", 0), currency),
            "charged_back": Sum(case["money"].get("charged_back", 0), currency),
            "recovered": Sum(case["money"].get("recovered", 0), currency),
            "waived": Sum(case["money"].get("forgiven", 0) + case["money"].get("given_up", 0), currency),
        }
        for case_no, order_no, currency, case in _documents(session, _ever_owed(), window)
    ]


def _ever_owed() -> ColumnElement[bool]:
    """By the narrow columns, each with an index of its own; the documents of all cases are too many to look into."""
    owed = (facts.owed_to_us > _NOTHING, facts.owed_before > _NOTHING)
    return or_(*(cases.c.case_no.in_(select(facts.case_no).where(one)) for one in owed))


def _owed_to_us(money: Mapping[str, int]) -> int:
    gone = money.get("recovered", 0) + money.get("given_up", 0)
    return money.get("receivable", 0) + money.get("charged_back", 0) - gone


def overpayments(session: Session, window: Window | None = None) -> list[Row]:
    """What customers paid and did not owe, until it is given back or kept as credit; also of cases that are over."""
    rows = []
    for case_no, order_no, currency, case in _documents(session, _ever_overpaid(), window):
        given = case["money"].get("overpayment", 0)
        left = max(0, case["money"].get("received", 0) - given - case["money"].get("customer_owes", 0))
        in_currency = currency or (case.get("announced") or {}).get("currency")
        sums = {"overpaid": Sum(left, in_currency), "given_back": Sum(given, in_currency)}
        rows.append({"case_no": case_no, "order_no": order_no, "state": case["state"], **sums})
    return rows


def _ever_overpaid() -> ColumnElement[bool]:
    """By the index of what is still there, and by the payouts that gave it back."""
    given_back = select(payouts.c.case_no).where(payouts.c.purpose == "overpayment", payouts.c.state.not_in(UNDONE))
    still = select(facts.case_no).where(facts.overpaid > _NOTHING)
    return or_(cases.c.case_no.in_(still), cases.c.case_no.in_(given_back))


def repairs(session: Session) -> list[Row]:
    """G7: the workshop's orders: who repairs what, with which parts, until when, and how it ended."""
    known = _document["repairs"][0]["asked_at"].as_string().is_not(None)
    return [
        _repair(case_no, order_no, currency, case, number, order)
        for case_no, order_no, currency, case in _documents(session, known)
        for number, order in enumerate(case["repairs"], 1)
    ]


def _repair(case_no: str, order_no: str | None, currency: str | None, case: Row, number: int, order: Row) -> Row:
    parts = order.get("parts") or ()
    prices = [part["unit_price"] * part["quantity"] for part in parts if part.get("unit_price") is not None]
    labour = order.get("labour")
    return {
        "case_no": case_no,
        "repair": number,
        "order_no": order_no,
        "goods": ", ".join(f"{line['quantity']} × {line['sku']}" for line in case["lines"]),
        "workshop": order["workshop"],
        "state": order.get("ended") or ("begun" if order.get("begun_at") else "planned"),
        "diagnosis": order.get("diagnosis"),
        "parts": ", ".join(f"{part['quantity']} × {part.get('sku') or part['name']}" for part in parts),
        "parts_cost": Sum(sum(prices), currency),
        "labour": None if labour is None else Sum(labour, currency),
        "asked_at": order.get("asked_at"),
        "promised_at": order.get("promised_at"),
        "begun_at": order.get("begun_at"),
        "ended_at": order.get("ended_at"),
        "report": order.get("report"),
    }


def claims(session: Session, window: Window | None = None) -> list[Row]:
    """L5, G10: what couriers and suppliers were asked for, what it waits for until when, and what is missing."""
    return [
        {
            "case_no": row.case_no,
            "claim": row.number,
            "order_no": row.order_no,
            "against": row.against,
            "name": row.name,
            "state": row.state,
            "awaits": row.awaits,
            "due_at": row.due_at,
            "claimed": Sum(row.amount, row.currency),
            "accepted": None if row.accepted is None else Sum(row.accepted, row.currency),
            "paid": Sum(row.paid, row.currency),
            "missing": ", ".join(one["key"] for one in row.missing),
            "reference": row.reference,
            "opened_at": row.opened_at,
            "filed_at": row.filed_at,
            "reason": row.reason,
        }
        for row in (kept_claims.every(session) if window is None else kept_claims.some(session, window))
    ]


def invoices(session: Session, window: Window | None = None) -> list[Row]:
    """G9, G15: cases whose invoice has to be credited, amended, endorsed, reissued or sent back, and what was done."""
    concerned = or_(
        _document["invoice_open"].as_boolean(), cases.c.case_no.in_(select(timeline.c.case_no).where(*_SAID))
    )
    found = list(_documents(session, concerned, window))
    last = _settled(session, None if window is None else [case_no for case_no, *_ in found])
    return [
        _invoice(case_no, order_no, case, None if case.get("invoice_open") else last.get(case_no))
        for case_no, order_no, _, case in found
    ]


#: Entries that say what was done with an invoice.
_SAID = (text(BOOKED), timeline.c.action == literal_column(f"'{Action.SETTLE_INVOICE.value}'"))


def _settled(session: Session, of: Collection[str] | None) -> dict[str, Any]:
    """By case what was said last of its invoice; of these cases, or of all."""
    found = select(timeline.c.case_no, timeline.c.at, timeline.c.actor_id, timeline.c.data).where(*_SAID)
    if of is not None:
        found = found.where(timeline.c.case_no.in_(of))
    return {row.case_no: row for row in session.execute(found.order_by(timeline.c.seq))}


def _invoice(case_no: str, order_no: str | None, case: Row, settled: Any) -> Row:
    order = case.get("order") or {}
    return {
        "case_no": case_no,
        "order_no": order_no,
        "kind": order.get("invoice_kind"),
        "remedy": case.get("remedy"),
        "state": settled.data.get("result") if settled else "open",
        "due": ", ".join(case.get("invoice_due") or ()),
        "came_back": case.get("invoice_enclosed"),
        "settled_at": settled.at if settled else None,
        "settled_by": settled.actor_id if settled else None,
        "reason": settled.data.get("reason") if settled else None,
    }


def warranties(session: Session) -> list[Row]:
    """Every warranty card with what repairs have added to it, then goods of cases whose warranty was looked up."""
    return [_card(card) for card in cards_kept.every(session)] + _looked_up(session)


def _card(card: Card) -> Row:
    return {
        "card_no": card.card_no,
        "case_no": None,
        "order_no": card.order_no,
        "sku": card.sku,
        "name": card.name,
        "serials": card.serial,
        "starts_on": card.starts_on.isoformat(),
        "months": card.months,
        "until": card.until.isoformat(),
        "in_warranty": None,  # that depends on the day; `until` does not
        "failed_repairs": None,
        "days_in_repair": card.repaired_days,
    }


def _looked_up(session: Session) -> list[Row]:
    """By serial number, with their time in repair (section 13)."""
    known = _document["in_warranty"].as_boolean().is_not(None)
    return [
        {
            "card_no": None,
            "case_no": case_no,
            "order_no": order_no,
            "sku": line["sku"],
            "name": line["name"],
            "serials": ", ".join(line.get("serials") or ()),
            "starts_on": None,
            "months": None,
            "until": None,
            "in_warranty": case["in_warranty"],
            "failed_repairs": case.get("failed_repairs", 0),
            "days_in_repair": case.get("repair_seconds", 0) // 86_400,
        }
        for case_no, order_no, _, case in _documents(session, known)
        for line in case["lines"]
    ]


def parcels(session: Session) -> list[Row]:
    """G1, G2: every box that came in, whose it was, and what became of it."""
    return [_parcel(box) for box in boxes.every(session)]


def unmatched_parcels(session: Session) -> list[Row]:
    """G2: the boxes on the shelf, and until when they wait there."""
    return [_parcel(box) for box in boxes.every(session, "on_shelf")]


def _shelf_page(session: Session, window: Window) -> list[Row]:
    return [_parcel(box) for box in boxes.some(session, "on_shelf", window.after, window.most)]


def _parcels_page(session: Session, window: Window) -> list[Row]:
    return [_parcel(box) for box in boxes.some(session, window.state, window.after, window.most)]


def _parcel(box: boxes.Parcel) -> Row:
    named = ("id", "code", "waybill", "box", "of", "grams", "product", "note", "phone_tail", "state", "at", "by")
    ended = ("due_at", "ended_at", "ended_by", "ended_role", "reason", "sent_carrier", "sent_waybill")
    return {
        **{name: getattr(box, name) for name in named},
        "sender": Personal(box.sender_name),
        "cases": ", ".join(box.case_nos),
        "photos": len(box.photos),
        "invoice_enclosed": box.invoice_enclosed,
        **{name: getattr(box, name) for name in ended},
    }


def customers(session: Session) -> list[Row]:
    """The archive: whoever bought, with how many orders and cases, and when last."""
    return _customers(session, None)


def _customers(session: Session, window: Window | None) -> list[Row]:
    asked = select(cases.c.order_no, func.count().label("cases")).group_by(cases.c.order_no).subquery()
    named = (orders.c.customer_id, orders.c.customer_name, orders.c.customer_phone)
    found = select(
        *named,
        func.count().label("orders"),
        func.coalesce(func.sum(asked.c.cases), 0).label("cases"),
        func.max(orders.c.placed_at).label("last"),
    ).select_from(orders.outerjoin(asked, asked.c.order_no == orders.c.order_no))
    known = found.where(or_(*(column.is_not(None) for column in named))).group_by(*named)
    return [
        {
            "customer_id": row.customer_id,
            "name": Personal(row.customer_name),
            "phone": Personal(row.customer_phone),
            "orders": row.orders,
            "cases": int(row.cases),
            "last_order_at": row.last,
        }
        for row in session.execute(_within(known.order_by(*named), window))
    ]


def _within(found: Select[Any], window: Window | None) -> Select[Any]:
    return found if window is None else found.offset(window.after).limit(window.most)


def stock(session: Session) -> list[Row]:
    """The stock ledger: how many units of each article are where, and how many cases wait for."""
    return [
        {
            "sku": one.sku,
            "name": one.name,
            "counted": one.counted,
            "on_hand": one.on_hand,
            **one.places,
            "awaited": one.awaited,
        }
        for one in listing.every(session)
    ]


REGISTERS: Mapping[str, Callable[[Session], list[Row]]] = {
    "refunds": refund_register.refunds,
    "silent_parcels": watch.silent,
    "balances": balances,
    "remittances": remittances,
    "receivables": receivables,
    "overpayments": overpayments,
    "loaners": loaners.register,
    "repairs": repairs,
    "parcels": parcels,
    "unmatched_parcels": unmatched_parcels,
    "claims": claims,
    "invoices": invoices,
    "warranties": warranties,
    "customers": customers,
    "stock": stock,
}
#: The long ones, of which a page is read without the rest.
PAGED: Mapping[str, Callable[[Session, Window], list[Row]]] = {
    "refunds": refund_register.page,
    "parcels": _parcels_page,
    "unmatched_parcels": _shelf_page,
    "customers": _customers,
    "balances": balances,
    "remittances": remittances,
    "receivables": receivables,
    "overpayments": overpayments,
    "claims": claims,
    "invoices": invoices,
}
#: Those of them that are narrowed to a state without reading the rest.
STATED = frozenset({"refunds", "parcels", "remittances", "claims"})
