"""Money and goods that do not meet, by how long they have not (T13)."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from models.oversight.reports import Period
from store.accounting import ledger

#: Ages in days, with the first day that is older than that.
_UNTIL: Final = {"0-7": 7, "8-30": 30, "31-90": 90}
OLDEST: Final = "91+"
AGES: Final = (*_UNTIL, OLDEST)


class Aged(NamedTuple):
    """A case whose money and goods do not meet, in which way, and how old that is."""

    which: str
    age: str
    case_no: str
    since: datetime


def uneven(session: Session, period: Period, now: datetime) -> list[Aged]:
    """Those that began before the period was over, as they stand now; aged to its end, or to now while it lasts."""
    until = min(now, period.end)
    found = (
        ("refunded_not_returned", ledger.refunded_not_returned(session)),
        ("returned_not_refunded", ledger.returned_not_refunded(session)),
    )
    return [
        Aged(which, _age(until - one.since), one.case_no, one.since)
        for which, rows in found
        for one in rows
        if one.since < period.end
    ]


def _age(since: timedelta) -> str:
    return next((age for age, days in _UNTIL.items() if since <= timedelta(days=days)), OLDEST)
