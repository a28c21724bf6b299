"""The reasons for being stuck, kept with the case they are about: written by every commit, in its transaction (T12)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, SelectBase, String, bindparam, cast, delete, null, select, union_all, update
from sqlalchemy.orm import Session

from models.case import Case
from models.money import comparable
from models.oversight.stuck import BIT, END_OF_TIME, Held, Times, held, spans
from models.tables import case_reasons, cases, stuck_spans
from store import projection
from store.documents import add, ask, execute, put_new

Row = dict[str, Any]
NO_TIMER: Final = "no_timer"
_FACT: Final = [column.name for column in case_reasons.c]
_SPAN: Final = [column.name for column in stuck_spans.c]


def question(case_no: str) -> tuple[SelectBase, dict[str, str]]:
    """What asks for the facts and spans of a case as they are written."""
    return _READ, {"wanted_case": case_no}


def write(
    session: Session, case: Case, times: Times, at: datetime | None = None, written: Sequence[Any] | None = None
) -> bool:
    """Bring the facts of a case up to date; whether anything of them was different before.

    Since when a reason holds is what the case says; where it does not say, it is `at` of the commit that first saw it
    hold, and stays so as long as it does. Without `at` (a rebuild) it is the last move of the case. `written` is what
    `question` was answered, where it was asked.
    """
    facts_before, spans_before = _before(ask(session, question(case.case_no))[0] if written is None else written)
    known = {row["reason"]: row["from_at"] for row in facts_before}
    facts = held(case, times)
    dated = [_dated(fact, known.get(fact.reason), at, case.last_moved_at) for fact in facts]
    new_facts = [
        {"case_no": case.case_no, "reason": fact.reason, "from_at": fact.since, "until_at": fact.until}
        for fact in dated
    ]
    new_spans = span_rows(case, facts)
    changed = [
        _put(session, case_reasons, facts_before, sorted(new_facts, key=lambda row: str(row["reason"]))),
        _put(session, stuck_spans, spans_before, new_spans),
    ]
    return any(changed)


_HERE: Final = bindparam("wanted_case", type_=String)
_none = {name: cast(null(), stuck_spans.c[name].type).label(name) for name in _SPAN}
_READ: Final = union_all(
    select(
        *(case_reasons.c[name] if name in case_reasons.c else _none[name] for name in _SPAN), case_reasons.c.reason
    ).where(case_reasons.c.case_no == _HERE),
    select(*stuck_spans.c, cast(null(), String).label("reason")).where(stuck_spans.c.case_no == _HERE),
)


def _before(rows: Iterable[Any]) -> tuple[list[Row], list[Row]]:
    """The facts of a case as they are written, by name, and its spans, in order."""
    facts = [{name: getattr(row, name) for name in _FACT} for row in rows if row.reason is not None]
    line = [{name: getattr(row, name) for name in _SPAN} for row in rows if row.reason is None]
    return sorted(facts, key=lambda row: str(row["reason"])), sorted(line, key=lambda row: row["from_at"])


def _dated(fact: Held, known: datetime | None, at: datetime | None, moved: datetime) -> Held:
    if fact.since is not None:
        return fact
    if known is None:
        return fact.model_copy(update={"since": at or moved})
    return fact.model_copy(update={"since": min(known, at) if at else known})


_CLEAR: Final = {table.name: delete(table).where(table.c.case_no == _HERE) for table in (case_reasons, stuck_spans)}


def _put(session: Session, table: Any, before: list[Row], rows: list[Row]) -> bool:
    """Write these rows of a case instead of those, where they differ."""
    if before == rows:
        return False
    if before:
        execute(session, _CLEAR[table.name], {"wanted_case": before[0]["case_no"]})
    add(session, table, rows)
    return True


def span_rows(case: Case, facts: Iterable[Held]) -> list[Row]:
    """The spans of an open case with what lists filter and sort by; none of a closed one."""
    if case.is_final:
        return []
    about = {
        "stage": case.stage.value,
        "kind": case.kind,
        "owner": case.owner,
        "at_stake": comparable(projection.at_stake(case), case.order.currency if case.order else None),
        "due_order": case.due_at or END_OF_TIME,
        "opened_at": case.opened_at,
    }
    return [
        {"case_no": case.case_no, "from_at": span.since, "until_at": span.until, "mask": span.mask, **about}
        for span in spans(facts, case.last_acted_at)
    ]


def forget_closed(session: Session) -> None:
    """A closed case is never stuck: take away what a damaged database says of one."""
    closed = select(cases.c.case_no).where(~cases.c.is_open)
    for table in (case_reasons, stuck_spans):
        session.execute(delete(table).where(table.c.case_no.in_(closed)))


# ── what only Temporal can tell ───────────────────────────────────────────────────────────────────


def marked_lost(session: Session, case_nos: Iterable[str]) -> set[str]:
    """Which of these cases are listed as `no_timer` although their own state has one: they were found not to run."""
    timed = (cases.c.due_at.is_not(None), cases.c.alarm_at.is_not(None))
    found = select(cases.c.case_no).join(case_reasons, case_reasons.c.case_no == cases.c.case_no)
    here = found.where(case_reasons.c.reason == NO_TIMER, cases.c.case_no.in_(list(case_nos)), *timed)
    return set(session.execute(here).scalars())


def mark_lost(session: Session, lost: Iterable[str], found: Iterable[str], at: datetime) -> None:
    """List the lost ones as `no_timer`, and no more those that run again; the next commit of a case decides anew."""
    new = [{"case_no": number, "reason": NO_TIMER, "from_at": at, "until_at": END_OF_TIME} for number in lost]
    put_new(session, case_reasons, new)
    _set_bit(session, [row["case_no"] for row in new], stuck_spans.c.mask.bitwise_or(BIT[NO_TIMER]))
    back = list(found)
    gone = delete(case_reasons).where(case_reasons.c.reason == NO_TIMER, case_reasons.c.case_no.in_(back))
    session.execute(gone)
    _set_bit(session, back, stuck_spans.c.mask.bitwise_and(~BIT[NO_TIMER]))


def _set_bit(session: Session, case_nos: list[Any], mask: ColumnElement[int]) -> None:
    session.execute(update(stuck_spans).where(stuck_spans.c.case_no.in_(case_nos)).values(mask=mask))
