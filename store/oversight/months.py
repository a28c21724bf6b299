"""The numbers of a month that is over, kept as they were on the first of the next one (T13)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.oversight.callbacks import QUESTIONS
from models.tables import cases, ledger, month_summaries
from store import documents
from store.oversight import callbacks

_c, _l = cases.c, ledger.c


def bounds(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a month such as `2026-10` begins and ends in the shop's zone."""
    year, number = (int(part) for part in month.split("-"))
    following = (year + number // 12, number % 12 + 1)
    return datetime(year, number, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)


def kept(session: Session, month: str) -> dict[str, Any] | None:
    """What was kept of a month, such as `2026-10`; None where nothing was."""
    found = select(month_summaries.c.document).where(month_summaries.c.month == month)
    return session.execute(found).scalar()


def keep(session: Session, month: str, document: dict[str, Any], at: datetime) -> bool:
    """Keep the numbers of a month, once: they stay as they were. Whether they are new."""
    if kept(session, month) is not None:
        return False
    documents.put_new(session, month_summaries, [{"month": month, "document": document, "at": at}])
    return True


def summary(session: Session, begin: datetime, end: datetime) -> dict[str, Any]:
    """Cases opened and ended by kind and remedy, what they cost, callbacks and whom they score, in that time."""
    opened, ended = (_c.opened_at >= begin, _c.opened_at < end), (_c.closed_at >= begin, _c.closed_at < end)
    return {
        "opened": _counted(session, _c.kind, *opened),
        "ended": _counted(session, _c.state, *ended),
        "remedies": _counted(session, _c.remedy, *ended, _c.remedy.is_not(None)),
        "paid": _paid(session, begin, end),
        "callbacks": callbacks.ended(session, begin, end),
        "scores": [_score(one) for one in callbacks.scores(session, begin, end)],
    }


def _counted(session: Session, column: Any, *which: Any) -> dict[str, int]:
    found = select(column, func.count()).where(*which).group_by(column).order_by(column)
    return {str(row[0]): row[1] for row in session.execute(found)}


def _paid(session: Session, begin: datetime, end: datetime) -> dict[str, dict[str, int]]:
    """Minor units given to customers, by currency and purpose."""
    sums = select(_l.currency, _l.purpose, func.sum(_l.amount)).where(_l.at >= begin, _l.at < end)
    given = sums.where(_l.debit == "customer", _l.credit == "shop").group_by(_l.currency, _l.purpose)
    found: dict[str, dict[str, int]] = {}
    for currency, purpose, amount in session.execute(given.order_by(_l.currency, _l.purpose)):
        found.setdefault(currency, {})[purpose] = int(amount)
    return found


def _score(one: callbacks.Scores) -> dict[str, Any]:
    averages = {question: one.average(question) for question in QUESTIONS}
    return {"person": one.person, "surveys": one.surveys, "satisfied": one.satisfied, **averages}
