"""Missed clocks as those who lead look at them: the register, what is said of each, and how a month went (T10, T13)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.desk import Desk
from models.commands import Actor
from models.errors import Invalid
from models.oversight.breaches import REASONS
from models.oversight.reports import Period, month_period
from store.oversight import breaches
from store.oversight.breaches import Breach

#: What the register can be narrowed to.
NARROWED: Final = ("clock", "kind", "staff", "cause", "reason")
UNSAID: Final = breaches.UNSAID
#: What a register as a spreadsheet tells of each missed clock.
COLUMNS: Final = (
    *("case_no", "clock", "cycle", "kind", "staff", "cause", "started_at", "due_at", "ended_at", "late_seconds"),
    *("target_seconds", "used_seconds", "reason", "note", "said_by", "said_at"),
)
_MOST_IN_A_FILE: Final = 100_000


async def register(
    desk: Desk, month: str | None, narrowed: Mapping[str, str], cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """The turns that ended late in a month; without one those that still run late. Raises Invalid for no month."""
    period, wanted = _month(desk, month) if month else None, {k: v for k, v in narrowed.items() if k in NARROWED and v}
    found = await desk.read(lambda session: breaches.listed(session, period, wanted, cursor, limit))
    items = [_document(desk, one) for one in found.items]
    return {"items": items, "next_cursor": found.next_cursor, "total": found.total}


async def every(desk: Desk, month: str | None, narrowed: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
    """The same as rows of a spreadsheet, to the last."""
    cursor, told = None, 0
    while told < _MOST_IN_A_FILE:
        found = await register(desk, month, narrowed, cursor, 500)
        for row in found["items"]:
            yield row
        told, cursor = told + len(found["items"]), found["next_cursor"]
        if cursor is None:
            return


async def summary(desk: Desk, month: str) -> dict[str, Any]:
    """How many turns were missed in a month by what is said of them, and how many run late now."""
    period = _month(desk, month)

    def read(session: Any) -> dict[str, Any]:
        late = breaches.listed(session, None, {}, limit=1).total
        return {"by_reason": breaches.by_reason(session, period), "still_late": late}

    found: dict[str, Any] = await desk.read(read)
    return found


async def say(
    desk: Desk, case_no: str, clock: str, cycle: int, reason: str, note: str | None, actor: Actor
) -> dict[str, Any]:
    """Keep why a clock was missed; said again it is changed. Answers its entry. Raises Invalid, NotFound."""
    if reason not in REASONS:
        raise Invalid(f"'{reason[:40]}' is none of: {', '.join(REASONS)}.")
    if note is not None and len(note) > 2000:
        raise Invalid("A remark has at most 2000 characters.")
    now = desk.clock()

    def keep(session: Session) -> Breach:
        breaches.say(session, case_no, clock, cycle, reason, note, actor.id, now)
        return breaches.one(session, case_no, clock, cycle)

    return _document(desk, await desk.write(keep))


def _month(desk: Desk, month: str) -> Period:
    return month_period(month, ZoneInfo(desk.playbook_set.shop.timezone))


def _document(desk: Desk, one: Breach) -> dict[str, Any]:
    until = one.ended_at or desk.clock()
    late = int((until - one.due_at).total_seconds()) if one.due_at and until > one.due_at else None
    told = one.model_dump(mode="json", exclude={"target", "used"})
    return {**told, "late_seconds": late, "target_seconds": one.target, "used_seconds": one.used}
