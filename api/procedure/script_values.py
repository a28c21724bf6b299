"""What the variables of a script stand for, in each language: names, amounts and dates as its readers write them."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from models.case import Case
from models.money import to_minor, to_text
from playbooks.loading.load import Shop

Values = Mapping[str, Mapping[str, str | None]]

LANGUAGES = ("zh", "en")


def script_values(
    case: Case, shop: Shop, customer: str | None, link: str | None = None, agent: str | None = None
) -> Values:
    """Every variable by language; None is a value that is not known, and leaves its script out."""
    return {
        language: {**_plain(case, shop, customer, agent), "link": link, **_told(case, shop, language)}
        for language in LANGUAGES
    }


def _plain(case: Case, shop: Shop, customer: str | None, agent: str | None) -> dict[str, str | None]:
    """What reads the same in every language."""
    return {
        "customer": customer,
        "agent": agent or case.owner or case.opened_by,
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "carrier": case.carrier,
        "waybill": case.waybills[-1] if case.waybills else None,
        "phone": shop.phone,
        "platform": case.order.channel if case.order else case.channel,
    }


def _paying(case: Case) -> int:
    """What is on its way to the customer, where it is no refund: freight, a deposit."""
    return sum(payout.amount for payout in case.open_payouts)


def _told(case: Case, shop: Shop, language: str) -> dict[str, str | None]:
    zone = ZoneInfo(shop.timezone)
    owes = case.to_collect
    return {
        "product": product(case, language),
        "amount": _amount(case, case.money.refund or owes or _quoted(case) or _paying(case), language),
        "refund": _amount(case, case.money.refund or _paying(case), language),
        "owes": _amount(case, owes, language),
        "deposit": _amount(case, case.advance.deposit if case.advance else 0, language),
        "offer": _offer(case, language),
        "due": date_said(case.due_at, zone, language),
        "leaves_by": date_said(case.order.leaves_by if case.order else None, zone, language),
        "finding_date": date_said(case.found_until, zone, language),
        "return_address": getattr(shop.return_address, language),
        "shop": getattr(shop.names, language),
    }


def _quoted(case: Case) -> int:
    """What a repair would cost, while the customer has its quote before him (G7)."""
    return case.quote.parts + case.quote.labour + case.quote.freight if case.quote else 0


def product(case: Case, language: str) -> str | None:
    """The goods of the case: the first line, and how many more there are."""
    if not case.lines:
        return None
    name, more = case.lines[0].name, len(case.lines) - 1
    if not more:
        return name
    return f"{name}等{more + 1}种商品" if language == "zh" else f"{name} and {more} more"


def _offer(case: Case, language: str) -> str | None:
    """The amount of the first option on the table that has one."""
    options = case.offer.options if case.offer else ()
    amount = next((option.amount for option in options if option.amount), None)
    return _amount(case, to_minor(amount, case.currency), language) if amount and case.currency else None


def _amount(case: Case, minor: int, language: str) -> str | None:
    if not minor or case.currency is None:
        return None
    text = to_text(minor, case.currency)
    return f"{text}元" if language == "zh" and case.currency == "CNY" else f"{text} {case.currency}"


def date_said(at: datetime | None, zone: ZoneInfo, language: str) -> str | None:
    """An instant on the shop's clock: 11月24日 18:00, or 24 November, 18:00."""
    if at is None:
        return None
    local = at.astimezone(zone)
    if language == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {_MONTHS[local.month - 1]}, {local:%H:%M}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
