"""Whether payouts and their cases say the same, and what was touched since the books were looked at last."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.case import UNDONE
from models.tables import cases, ledger, messages, money_moves, payouts

_p, _c = payouts.c, cases.c


def uneven_payouts(
    session: Session, since: datetime, after: str, limit: int
) -> tuple[int, tuple[tuple[str, str], ...], str | None]:
    """A page of payouts on their way, or changed since: how many, those whose case says otherwise, and the next page.

    A payout that is paid, refused or under way in its row and something else in its case was lost between the two.
    """
    unsettled = _p.state.not_in(("done", *UNDONE))
    found = select(_p.id, _p.state, _p.case_no, _c.document["payouts"].label("said"))
    joined = found.join(cases, _c.case_no == _p.case_no)
    here = joined.where(or_(unsettled, _p.changed_at >= since), _p.id > after).order_by(_p.id)
    rows = session.execute(here.limit(limit + 1)).all()
    page = rows[:limit]
    uneven = tuple((row.id, told) for row in page if (told := _uneven(row)) is not None)
    return len(page), uneven, page[-1].id if len(rows) > limit else None


def _uneven(row: Any) -> str | None:
    said = next((one.get("state", "approved") for one in row.said or () if one.get("key") == row.id), None)
    return None if said == row.state else f"{row.id}: {row.state} in finance's queue, {said or 'unknown'} in its case"


def touched_cases(
    session: Session, since: datetime, after: str, limit: int
) -> tuple[tuple[tuple[str, int], ...], str | None]:
    """A page of open cases that moved or were acted on since then, each with the version that SQL has."""
    touched = or_(_c.last_moved_at >= since, _c.last_acted_at >= since)
    found = select(_c.case_no, _c.version).where(_c.is_open, touched, _c.case_no > after).order_by(_c.case_no)
    rows = session.execute(found.limit(limit + 1)).all()
    page = tuple((row.case_no, row.version) for row in rows[:limit])
    return page, page[-1][0] if len(rows) > limit else None


def touched_orders(session: Session, since: datetime, after: str, limit: int) -> tuple[tuple[str, ...], str | None]:
    """A page of orders whose money moved since then."""
    moved = [
        select(table.c.order_no).where(at >= since)
        for table, at in ((ledger, ledger.c.at), (money_moves, money_moves.c.at), (payouts, _p.changed_at))
    ]
    every = moved[0].union(*moved[1:]).subquery()
    named = select(every.c.order_no).where(every.c.order_no > after).order_by(every.c.order_no).limit(limit + 1)
    found = tuple(session.execute(named).scalars())
    return found[:limit], found[limit - 1] if len(found) > limit else None


def unsent(session: Session, before: datetime) -> int:
    """How many messages wait to be told since before then; those for whom nobody is on duty wait rightly."""
    here = (messages.c.sent_at.is_(None), messages.c.ask_at.is_(None), messages.c.at < before)
    return session.execute(select(func.count()).select_from(messages).where(*here)).scalar_one()
