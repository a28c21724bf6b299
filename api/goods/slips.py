"""The return slip of a case: who may ship back, and what the slip says (section 1 step 2, G1)."""

import re
from zoneinfo import ZoneInfo

from api.procedure.script_values import date_said
from models.case import Case
from models.errors import Conflict
from models.lifecycle import State
from models.orders import Order
from playbooks.loading.shop import Shop
from printing.slip import Goods, Slip
from printing.words import Language

#: A slip's code: the case's number and, behind it, the shop that printed it.
_CODE = re.compile(r"(?P<case_no>AC-\d\d-\d{6,})-(?P<shop>[A-Z0-9]{2,8})", re.ASCII)
_SHIPPING = frozenset({State.AWAITING_RETURN, State.RETURN_IN_TRANSIT})


def slip_of(case: Case, order: Order | None, contact: dict[str, str], shop: Shop, language: Language | None) -> Slip:
    """The slip of a case whose return is approved. Raises Conflict for any other: nothing unapproved is sent back."""
    if case.state not in _SHIPPING and case.goods == "customer":
        raise Conflict("There is no slip yet: only an approved return may be shipped. Approve it first.")
    said = language or language_of(order)
    customer = order.customer if order else None
    return Slip(
        code=f"{case.case_no}-{shop.code}" if shop.code else case.case_no,
        case_no=case.case_no,
        order_no=case.order.order_no if case.order else None,
        name=contact.get("name") or (customer.name if customer else None),
        phone=contact.get("phone") or (customer.phone if customer else None),
        goods=tuple(Goods(line.name, line.sku, line.quantity) for line in case.lines),
        shop=getattr(shop.names, said),
        address=getattr(shop.return_address, said),
        instructions=getattr(shop.slip, said),
        language=said,
        until=_until(case, shop, said),
    )


def language_of(order: Order | None) -> Language:
    """The language of an order's customer: the one that he named, else that of his country, else Chinese."""
    customer = order.customer if order else None
    if customer and customer.language:
        return "zh" if customer.language.casefold().startswith("zh") else "en"
    return "en" if customer and customer.country and customer.country not in ("CN", "HK", "MO", "TW") else "zh"


def _until(case: Case, shop: Shop, language: Language) -> str | None:
    due = case.due_at if case.state is State.AWAITING_RETURN else None
    return date_said(due, ZoneInfo(shop.timezone), language)


def read_code(code: str) -> tuple[str, str | None]:
    """What was scanned, and the shop behind it where it is a slip's code: `AC-26-000042-DEMO`."""
    found = _CODE.fullmatch(code.strip().upper())
    return (found["case_no"], found["shop"]) if found else (code, None)
