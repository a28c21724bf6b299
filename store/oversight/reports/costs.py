"""What the cases that ended in a period have cost, in each currency by itself (T13)."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.accounting.ledger import Cost, Transfer, cost_of_case
from models.oversight.reports import WORKERS, Labour, Period
from models.tables import case_facts, ledger, timeline

_f, _l, _t = case_facts.c, ledger.c, timeline.c
#: Kind and currency of the cases; no currency for those without an order and without money.
Group = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a group of ended cases has cost: how many they are, what was posted, and minutes of work."""

    cases: int = 0
    posted: Cost = field(default_factory=Cost)
    minutes: int = 0

    def __add__(self, other: "Costs") -> "Costs":
        sums = {one.name: getattr(self.posted, one.name) + getattr(other.posted, one.name) for one in fields(Cost)}
        return Costs(self.cases + other.cases, Cost(**sums), self.minutes + other.minutes)


def by_group(session: Session, period: Period, labour: Labour) -> dict[Group, Costs]:
    """The costs of the ended cases, by kind and currency. Currencies are never added to each other."""
    ended = (_f.ended_at >= period.begin, _f.ended_at < period.end)
    counts = select(_f.kind, _f.currency, func.count()).where(*ended).group_by(_f.kind, _f.currency)
    posted, minutes = _posted(session, ended), minutes_by(session, period, labour, _f.kind, _f.currency)
    return {
        (kind, currency): Costs(many, cost_of_case(posted[kind, currency]), minutes[kind, currency])
        for kind, currency, many in session.execute(counts)
    }


def _posted(session: Session, ended: Any) -> dict[Group, list[Transfer]]:
    by = (_f.kind, _f.currency, _l.debit, _l.credit, _l.purpose)
    found = select(*by, func.sum(_l.amount)).join(ledger, _l.case_no == _f.case_no).where(*ended).group_by(*by)
    posted: dict[Group, list[Transfer]] = defaultdict(list)
    for kind, currency, debit, credit, purpose, amount in session.execute(found):
        transfer = Transfer(debit=debit, credit=credit, purpose=purpose, amount=int(amount))
        posted[kind, currency].append(transfer)
    return posted


def minutes_by(session: Session, period: Period, labour: Labour, *by: Any) -> Counter[Any]:
    """Minutes of our people's acts on the cases that ended, by some columns: an act takes what the rules say."""
    ended = (_f.ended_at >= period.begin, _f.ended_at < period.end, _t.actor_role.in_(WORKERS))
    found = select(*by, _t.action, func.count()).select_from(case_facts).join(timeline, _t.case_no == _f.case_no)
    minutes: Counter[Any] = Counter()
    for *group, action, many in session.execute(found.where(*ended).group_by(*by, _t.action)):
        minutes[tuple(group)] += many * labour.minutes_of(action)
    return minutes
