"""Who is to be called at intervals after a purchase (T6): found by the day of his last purchase, once per occasion."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from models.business_time import Calendar
from models.oversight.callbacks import (
    AFTER_REMEDY,
    CallbackRules,
    Occasion,
    at_the_end_of,
    bought_between,
    due_on,
    working_days,
)
from models.tables import callbacks, cases, orders
from store import documents
from store.oversight.callbacks import no_calls

#: So many working days ahead periodic callbacks are spread; what is more goes to the emptiest of them.
DAYS_AHEAD = 30

_o = orders.c
_customer: ColumnElement[str] = func.coalesce(func.nullif(_o.customer_id, ""), func.nullif(_o.customer_phone, ""))


@dataclass(frozen=True, slots=True)
class Bought:
    """The last purchase of a customer."""

    order_no: str
    customer: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """What a page came to: purchases looked at, callbacks planned, and customers who are not called."""

    found: int
    planned: int
    left_out: int
    cursor: str | None


def plan(
    session: Session, rules: CallbackRules, calendar: Calendar, zone: ZoneInfo, now: datetime, at: str, limit: int
) -> Planned:
    """Plan the callbacks of one page of purchases; `at` says where it begins, from `0` on (occasion, then purchase)."""
    number, last = _place(at)
    if number >= len(rules.periodic):
        return Planned(0, 0, 0, None)
    occasion, today = rules.periodic[number], now.astimezone(zone).date()
    rows = _page(session, occasion, rules, today, zone, last, limit + 1)
    page = rows[:limit]
    more = f"{number}|{page[-1].placed_at.isoformat()}|{page[-1].order_no}" if len(rows) > limit else None
    following = f"{number + 1}" if number + 1 < len(rules.periodic) else None
    wanted = [one for one in page if _due(occasion, one, today, rules, zone)]
    planned = _planned(session, occasion, wanted, _Days(session, rules, calendar, zone, now), now)
    return Planned(len(wanted), planned, len(wanted) - planned, more or following)


def _place(at: str) -> tuple[int, tuple[datetime, str] | None]:
    number, _, rest = at.partition("|")
    placed, _, order_no = rest.partition("|")
    return int(number), (datetime.fromisoformat(placed), order_no) if rest else None


def _page(
    session: Session,
    occasion: Occasion,
    rules: CallbackRules,
    today: date,
    zone: ZoneInfo,
    last: tuple[datetime, str] | None,
    limit: int,
) -> list[Bought]:
    """Last purchases of customers in the days that an occasion is about, oldest first."""
    first_day, last_day = bought_between(occasion, today, rules.late_days)
    begin = datetime.combine(first_day, time(), zone)
    end = datetime.combine(last_day + timedelta(days=1), time(), zone)
    found = select(_o.order_no, _customer.label("customer"), _o.placed_at)
    found = found.where(_o.placed_at >= begin, _o.placed_at < end, _customer.is_not(None), ~_bought_again())
    if last is not None:
        found = found.where(tuple_(_o.placed_at, _o.order_no) > tuple_(*last))
    rows = session.execute(found.order_by(_o.placed_at, _o.order_no).limit(limit))
    return [Bought(row.order_no, row.customer, row.placed_at) for row in rows]


def _bought_again() -> ColumnElement[bool]:
    """Whether the customer has bought since: the occasions count from the last purchase."""
    later = orders.alias("later")
    same = or_(
        later.c.customer_id == _o.customer_id,
        and_(_o.customer_id.is_(None), later.c.customer_phone == _o.customer_phone),
    )
    newer = tuple_(later.c.placed_at, later.c.order_no) > tuple_(_o.placed_at, _o.order_no)
    return exists().where(same, newer)


def _due(occasion: Occasion, one: Bought, today: date, rules: CallbackRules, zone: ZoneInfo) -> bool:
    day = due_on(occasion, one.placed_at.astimezone(zone).date())
    return today - timedelta(days=rules.late_days) <= day <= today


def callback_id(occasion: Occasion, one: Bought) -> str:
    """The same for the same customer, occasion and purchase, and telling nothing of him."""
    return f"{occasion.key}:{one.order_no}:{sha256(one.customer.encode()).hexdigest()[:8]}"


def _planned(session: Session, occasion: Occasion, wanted: Sequence[Bought], days: "_Days", now: datetime) -> int:
    """Write the callbacks of those who may be called, once; answers how many are new."""
    customers = {one.customer for one in wanted}
    spared = no_calls(session, customers) | _with_open_cases(session, customers)
    ids = {callback_id(occasion, one): one for one in wanted if one.customer not in spared}
    known = set(session.execute(select(callbacks.c.id).where(callbacks.c.id.in_(list(ids)))).scalars())
    handled = _handled_by(session, customers)
    rows = [
        {
            "id": key,
            "occasion": occasion.key,
            "order_no": one.order_no,
            "customer": one.customer,
            "person": handled.get(one.customer),
            "state": "due",
            "created_at": now,
            "due_at": days.next(),
        }
        for key, one in ids.items()
        if key not in known
    ]
    documents.put_new(session, callbacks, rows)
    return len(rows)


def _with_open_cases(session: Session, customers: Iterable[str]) -> frozenset[str]:
    """Those whose trouble is being looked after: they are asked when it is over, while the occasion lasts."""
    joined = cases.join(orders, _o.order_no == cases.c.order_no)
    found = select(_customer).select_from(joined).where(cases.c.is_open, _one_of(customers))
    return frozenset(session.execute(found).scalars())


def _handled_by(session: Session, customers: Iterable[str]) -> dict[str, str]:
    """Who owned the last case of each customer: whom his answers score."""
    joined = cases.join(orders, _o.order_no == cases.c.order_no)
    found = select(_customer, cases.c.owner).select_from(joined).where(cases.c.owner.is_not(None), _one_of(customers))
    return {row[0]: row[1] for row in session.execute(found.order_by(cases.c.opened_at, cases.c.case_no))}


def _one_of(customers: Iterable[str]) -> ColumnElement[bool]:
    """The customer is one of these; spelt so that both indexes can be used."""
    named = list(customers)
    return or_(_o.customer_id.in_(named), and_(_o.customer_id.is_(None), _o.customer_phone.in_(named)))


class _Days:
    """The working days ahead, and how many periodic callbacks each of them has."""

    def __init__(
        self, session: Session, rules: CallbackRules, calendar: Calendar, zone: ZoneInfo, now: datetime
    ) -> None:
        hours = rules.hours_for(None)
        today = now.astimezone(zone).date()
        first = today if at_the_end_of(hours, today, zone) > now else today + timedelta(days=1)
        self.ends = [at_the_end_of(hours, day, zone) for day in working_days(calendar, first, DAYS_AHEAD)]
        self.most = rules.most_per_day
        c = callbacks.c
        here = (c.state == "due", c.occasion != AFTER_REMEDY, c.due_at >= now)
        taken = session.execute(select(c.due_at, func.count()).where(*here).group_by(c.due_at))
        self.taken: Counter[datetime] = Counter({row[0]: row[1] for row in taken})

    def next(self) -> datetime:
        """The end of the good hours of the next day with room; where all are full, of the emptiest."""
        free = (end for end in self.ends if self.taken[end] < self.most)
        chosen = next(free, None) or min(self.ends, key=lambda end: self.taken[end])
        self.taken[chosen] += 1
        return chosen
