"""The reports by name, and the document of a month as it is kept (T13)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from models.errors import NotFound
from models.oversight.reports import Period, ReportRules, month_period
from store.oversight.reports import parts, weekly
from store.oversight.reports.parts import Look
from store.oversight.reports.sampling import sample
from store.oversight.reports.sections import Row

_NOTHING: Final = {"zh": "本期没有新开或结束的售后单。", "en": "No case was opened or ended in this period."}
_SPREADS: Final = (
    *(("by_kind", "kind"), ("by_cause", "cause"), ("by_party", "party"), ("by_courier", "courier")),
    *(("by_staff", "staff"), ("by_channel", "channel")),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which period a report is about, by which rules, at what time; `only` narrows the score sheet to one person."""

    period: Period
    rules: ReportRules
    now: datetime
    only: str | None = None


def _monthly(look: Look, asked: Asked) -> list[Row]:
    cost, by_kind = parts.cost(look)
    return [
        parts.totals(look),
        *(parts.spread(look, name, dim) for name, dim in _SPREADS),
        parts.by_product(look),
        parts.remedies(look),
        cost,
        by_kind,
        parts.clocks(look, "clocks", "clock"),
        parts.called(look),
        parts.scores(look),
        parts.uneven_by_age(look),
        parts.repeated(look),
    ]


def _remedies(look: Look, asked: Asked) -> list[Row]:
    ends = parts.spread(look, "ends", "state")
    return [parts.totals(look), parts.remedies(look), parts.remedies_by_kind(look), ends]


def _clocks(look: Look, asked: Asked) -> list[Row]:
    more = (("clocks_by_kind", "kind"), ("clocks_by_staff", "staff"))
    return [parts.clocks(look, "clocks", "clock"), *(parts.clocks(look, name, "clock", dim) for name, dim in more)]


REPORTS: Final[Mapping[str, Callable[[Look, Asked], list[Row]]]] = {
    "monthly": _monthly,
    "remedies": _remedies,
    "clocks": _clocks,
    "staff": lambda look, asked: [parts.staff(look, asked.only)],
    "causes": lambda look, asked: [parts.causes(look), parts.repeated(look)],
    "weekly": lambda look, asked: weekly.problems(look),
    "sample": lambda look, asked: [sample(look)],
}


def made(session: Session, name: str, asked: Asked) -> dict[str, Any]:
    """A report: its period, its sections, and whether there was anything at all. Raises NotFound."""
    if name not in REPORTS:
        raise NotFound(f"There is no report '{name}'; there are {', '.join(REPORTS)}.")
    look = Look(session, asked.period, asked.rules, asked.now)
    empty = not any(look.counted(source)[()] for source in ("opened", "ended", "clocks", "callbacks", "surveys"))
    return {
        "report": name,
        "period": asked.period.name,
        "from": asked.period.begin.isoformat(),
        "until": asked.period.end.isoformat(),
        "timezone": asked.period.zone.key,
        "complete": asked.now >= asked.period.end,
        "made_at": asked.now.isoformat(),
        "empty": empty,
        "note": _NOTHING if empty else None,
        "sections": REPORTS[name](look, asked),
    }


def monthly(session: Session, month: str, rules: ReportRules, zone: Any, now: datetime) -> dict[str, Any]:
    """The monthly report of a month such as `2026-10`: what the sweep of the first keeps as it was (T13)."""
    return made(session, "monthly", Asked(month_period(month, zone), rules, now))
