"""How much waits behind the pages of the desk: one statement that walks an index for each, and none of them far."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, GenerativeSelect, Select, func, literal_column, or_, select
from sqlalchemy.orm import Session

from models.tables import (
    callbacks,
    case_facts,
    cases,
    claims,
    handovers,
    order_holds,
    parcels,
    payouts,
    stuck_spans,
    swaps,
)

#: Nobody needs to know how many hundreds there are; the counting stops here.
MOST: Final = 100


class Asked(NamedTuple):
    """Who asks, at what time, when his day ends, and which day it is."""

    person: str
    now: datetime
    tonight: datetime
    today: str


def _mine(asked: Asked) -> GenerativeSelect:
    """Cases of a person that wait for him and do not sleep."""
    c = cases.c
    awake = or_(c.snoozed_until.is_(None), c.snoozed_until <= asked.now)
    return select(c.case_no).where(c.owner == asked.person, c.is_open, c.waiting_for == "agent", awake)


def _in_state(state: str) -> Callable[[Asked], Select[tuple[str]]]:
    return lambda asked: select(cases.c.case_no).where(cases.c.state == state)


def _stuck(asked: Asked) -> GenerativeSelect:
    s = stuck_spans.c
    found = select(s.case_no).where(s.mask != 0, s.from_at <= asked.now, s.until_at > asked.now)
    return found.order_by(s.stage, s.mask)  # the order of the index that has all that is asked


def _called_today(asked: Asked) -> GenerativeSelect:
    c = callbacks.c
    return select(c.id).where(c.state == "due", c.due_at <= asked.tonight)


def _offered(asked: Asked) -> GenerativeSelect:
    """Handovers that this person is to accept, and swaps that he is to answer."""
    h, s = handovers.c, swaps.c
    proposed = select(s.id).where(s.last_day >= asked.today, s.partner == asked.person, s.state == "proposed")
    return select(h.id).where(h.incoming == asked.person, h.ended_at.is_(None)).union_all(proposed)


def _noted(asked: Asked) -> GenerativeSelect:
    """Payments that customers say they made, to be looked for by finance (L12)."""
    return _in_state("awaiting_payment")(asked).where(cases.c.waiting_for == "finance")


def _owed(asked: Asked) -> GenerativeSelect:
    f = case_facts.c
    return select(f.case_no).where(f.owed_to_us > literal_column("0"))  # as its index says it


def _to_be_pressed(asked: Asked) -> GenerativeSelect:
    """Claims past their deadline, whatever they wait for (L5)."""
    c = claims.c
    return select(c.case_no).where(c.awaits.is_not(None), c.due_at <= asked.now)


#: Page of the console → what waits there.
WAITING: Final[Mapping[str, Callable[[Asked], GenerativeSelect]]] = {
    "work": _mine,
    "inspection": _in_state("received"),
    "parcels": lambda asked: select(parcels.c.id).where(parcels.c.state == "on_shelf"),
    "holds": lambda asked: select(order_holds.c.case_no).group_by(order_holds.c.case_no),
    "payouts": lambda asked: select(payouts.c.id).where(payouts.c.state == "approved"),
    "remittances": _noted,
    "receivables": _owed,
    "claims": _to_be_pressed,
    "approvals": _in_state("awaiting_approval"),
    "stuck": _stuck,
    "callbacks": _called_today,
    "duty": _offered,
}


def counts(session: Session, pages: Collection[str], asked: Asked) -> dict[str, int]:
    """How much waits behind these pages, at most MOST of each."""
    wanted = [page for page in pages if page in WAITING]
    if not wanted:
        return {}
    row = session.execute(select(*(_many(WAITING[page](asked)) for page in wanted))).one()
    return dict(zip(wanted, map(int, row), strict=True))


def _many(found: GenerativeSelect) -> ColumnElement[int]:
    few = found.limit(MOST).subquery()
    return select(func.count()).select_from(few).scalar_subquery()
