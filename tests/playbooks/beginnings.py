"""Where a case begins that follows its playbook: the setting that a walk is about, and the lot for all the rest."""

from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any, NamedTuple

from models.case import Announced, Case, Line, OrderFacts
from models.playbook import Playbook
from models.procedure.eligibility import Earlier, Eligible, Reason
from tests.builders import DAY, NOW, an_order, order_facts
from tests.shipped import shipped


class Setting(NamedTuple):
    """Where a walk begins."""

    kind: str
    subcategory: str | None = None
    country: str | None = None
    parcel: str | None = "delivered"  # None: a case without an order
    wanted: str | None = None
    eligible: str = "yes"
    seed: int = 0


@cache
def book_of(kind: str, subcategory: str | None, country: str | None) -> Playbook:
    return shipped().get(kind).for_case(subcategory, country, None)


@cache
def document_of(kind: str, subcategory: str | None, country: str | None) -> dict[str, Any]:
    return book_of(kind, subcategory, country).procedure.model_dump(mode="json")


@cache
def _sold(paid: bool, postage: int) -> OrderFacts:
    unpaid: dict[str, Any] = {"payments": [], "paid_at": None}
    total = 2 * 12900 + 4 * 1990 + postage
    payments = [{"payment_no": "P1", "method": "alipay", "amount": total}]
    order = an_order(postage=postage, **({"payments": payments} if paid else unpaid))
    return order_facts(order, paid=paid, return_rate=1200, replacement_rate=1000)


def _announces(setting: Setting, book: Playbook) -> bool:
    """Who writes of a transfer mostly says how much; without an order some do not (L12)."""
    return book.procedure.collects and (setting.parcel is not None or setting.seed % 4 > 0)


def begun(setting: Setting, lot: Random, book: Playbook) -> Case:
    """The case as the desk opens it; what the setting does not say is drawn."""
    order = _order(setting, book, lot)
    return Case(
        case_no="AC-26-000001",
        kind=setting.kind,
        procedure=book.procedure,
        order=order,
        lines=_lines(lot) if order else (),
        wanted=setting.wanted,
        severity=lot.choice((None, None, "minor", "important", "critical")) if _asks(book, "severity") else None,
        announced=Announced(amount=9900, currency="CNY") if _announces(setting, book) else None,
        eligible=_eligible(setting, lot),
        earlier=Earlier(keep_its=3 if lot.random() < 0.2 else 0),
        in_warranty=lot.choice((None, True, False)) if _asks(book, "warranty") else None,
        told=lot.random() < 0.3,
        owner="li",
        opened_at=NOW,
        opened_by="li",
        last_moved_at=NOW,
        last_acted_at=NOW,
        goods="customer" if setting.parcel in (None, "delivered") else "nowhere",
    )


def _order(setting: Setting, book: Playbook, lot: Random) -> OrderFacts | None:
    if setting.parcel is None:
        return None
    of_unpaid = any("no" in step.when.get("paid", ()) for step in book.steps)
    unpaid = setting.parcel == "unprinted" and of_unpaid and lot.random() < 0.3
    sold = _sold(not (unpaid or book.procedure.collects), lot.choice((0, 1000)))
    received = date(2026, 3, 4) - timedelta(days=lot.choice((2, 2, 10, 40, 300)))
    facts: dict[str, Any] = {
        "parcel": setting.parcel,
        "country": setting.country,
        "received_on": received if setting.parcel == "delivered" else None,
        "leaves_by": NOW + lot.choice((-1, 1)) * DAY if _asks(book, "dispatch") else None,
        "has_invoice": lot.random() < 0.2,
    }
    return sold.model_copy(update=facts)


def _asks(book: Playbook, fact: str) -> bool:
    return any(fact in step.when for step in book.steps)


def _lines(lot: Random) -> tuple[Line, ...]:
    kettle = Line(line_no=1, quantity=1, sku="KETTLE-17", name="电热水壶", category="appliance")
    cup = Line(line_no=2, quantity=1, sku="CUP-04", name="陶瓷杯")
    return (cup,) if lot.random() < 0.25 else (kettle,)  # a cup is not worth its freight (section 12)


def _eligible(setting: Setting, lot: Random) -> Eligible | None:
    if setting.eligible == "yes":
        return Eligible(answer="yes")
    answer: Any = setting.eligible
    why = Reason(rule="days_since_delivery", answer=answer, zh="签收后第9天", en="day 9 after delivery", line_no=1)
    return Eligible(answer=answer, reasons=(why,))
