"""Orders and cases by what a customer can say: their number, a waybill, a telephone, a name; each over an index."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, select, union
from sqlalchemy.orm import Session

from models import tables
from models.value import Value

#: Fewer digits than this are no telephone.
FEWEST_DIGITS = 7
#: So many digits are the end of one.
TAIL = 4
#: Digits of a case's number behind its year, and the years that a shop's cases can be of.
CASE_DIGITS, YEARS = 6, range(20, 60)
#: Where more cases are meant than this, the list finds the first of them by reading on.
MOST_CASES = 2_000


class FoundOrder(Value):
    """An order as a list shows it."""

    order_no: str
    channel: str
    customer_name: str | None
    placed_at: datetime
    delivered_at: datetime | None


def orders(session: Session, text: str, most: int) -> tuple[FoundOrder, ...]:
    """Orders of this number, waybill, telephone or name, the newest first."""
    columns, sent = tables.orders.c, tables.order_waybills.c
    digits, meant = _digits(text), {text, text.upper()}
    said = columns.order_no.in_(meant) | columns.order_no.in_(select(sent.order_no).where(sent.waybill.in_(meant)))
    if len(digits) >= FEWEST_DIGITS:
        said = said | columns.customer_phone.in_({text, digits, f"+{digits}", f"+86{digits}"})
    # A name has no index of its own: it is looked for when it can be nothing else.
    return _orders(session, said, most) or _orders(session, columns.customer_name == text, most)


def _orders(session: Session, said: ColumnElement[bool], most: int) -> tuple[FoundOrder, ...]:
    columns = tables.orders.c
    shown = [columns[name] for name in FoundOrder.model_fields]
    found = select(*shown).where(said).order_by(columns.placed_at.desc(), columns.order_no).limit(most)
    return tuple(FoundOrder.model_validate(dict(row)) for row in session.execute(found).mappings())


def case_numbers(session: Session, text: str) -> list[str]:
    """The cases that somebody can mean by exactly this text; none where it is only a part of something.

    By order, by waybill in either direction, by the customer's whole name, by a telephone or its end, and by the digits
    of a case's number. More than `MOST_CASES` are cut.
    """
    every = union(*_ways(text, {text, text.upper()})).limit(MOST_CASES + 1)
    return [str(row[0]) for row in session.execute(every)]


def _ways(text: str, meant: set[str]) -> list[Select[tuple[str]]]:
    c, own, sent = tables.cases.c, tables.case_waybills.c, tables.order_waybills.c
    ways = [
        select(c.case_no).where(c.order_no.in_(meant)),
        select(c.case_no).where(c.customer_name == text),
        select(own.case_no).where(own.waybill.in_(meant)),
        select(c.case_no).where(c.order_no.in_(select(sent.order_no).where(sent.waybill.in_(meant)))),
    ]
    digits = "" if any(one.isalpha() for one in text) else _digits(text)
    if len(digits) == TAIL or len(digits) >= FEWEST_DIGITS:
        ways.append(select(c.case_no).where(c.phone_tail == digits[-TAIL:]))
    if 0 < len(digits) <= CASE_DIGITS:
        numbers = [f"AC-{year}-{digits.zfill(CASE_DIGITS)}" for year in YEARS]
        ways.append(select(c.case_no).where(c.case_no.in_(numbers)))
    return ways


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isascii() and one.isdigit())
