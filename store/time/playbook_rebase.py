"""What a newer playbook would do to the open cases of its kind (T10): counted beside their clocks, case by case."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.business_time import Calendar
from models.case import Case
from models.clocks import APART
from models.lifecycle import State
from models.playbook import ALL_HOURS, ClockRule, Playbook, Procedure
from models.tables import case_clocks, cases
from models.tables import orders as orders_table
from models.time.rebase import Moved, Preview, RunningClock, moved, preview_of
from store import orders
from store.time.rebase import RUNNING

Calendars = Mapping[str, Calendar]

_CASE, _CLOCK = cases.c, case_clocks.c


class _Terms(NamedTuple):
    """What decides which procedure a case has, under any version of its playbook."""

    version: str
    subcategory: str | None
    country: str | None
    channel: str | None
    zone: str | None


class _Change(NamedTuple):
    """The procedure that cases of the same terms have, and the one that they would have."""

    old: Procedure
    new: Procedure


def next_cases(session: Session, book: Playbook, after: str, limit: int) -> tuple[str, ...]:
    """The next open cases of the kind that follow another version, in the order of their numbers."""
    found = _other_version(select(_CASE.case_no), book).where(_CASE.case_no > after)
    return tuple(session.execute(found.order_by(_CASE.case_no).limit(limit)).scalars())


def procedure_for(session: Session, case: Case, book: Playbook) -> Procedure | None:
    """What the playbook says to this case; None when the case is of a subcategory that it has not any more."""
    subcategory = case.procedure.subcategory
    if subcategory is not None and book.subcategory_of(subcategory) is None:
        return None
    order = orders.load(session, case.order.order_no) if case.order else None
    country = order.customer.country if order and order.customer else None
    zone = order.ship_to.zone if order and order.ship_to else None
    found = book.for_case(subcategory, country, order.channel if order else case.channel)
    return found.procedure.in_zone(zone)


def preview(session: Session, book: Playbook, calendars: Calendars, now: datetime) -> Preview:
    """What putting the open cases of a kind under this version would do to their running clocks."""
    versions = {book.kind: book.version}
    return preview_of(_moves(session, book, calendars, now), versions, now)


def _moves(session: Session, book: Playbook, calendars: Calendars, now: datetime) -> Iterator[Moved]:
    terms = {row[0]: (_Terms(*row[3:]), row.state, row.severity) for row in session.execute(_terms(book))}
    changes: dict[_Terms, _Change] = {}
    rules: dict[tuple[_Terms, str], dict[str, ClockRule]] = {}
    for row in session.execute(_clocks(book)):
        clock = RunningClock(*row)
        mine, state, severity = terms[clock.case_no]
        if mine not in changes:
            changes[mine] = _change(session, clock.case_no, mine, book)
        if (mine, state) not in rules:
            rules[mine, state] = _rules(changes[mine], State(state))
        new = _under(clock, changes[mine], rules[mine, state], severity)
        if new is not None:
            found = moved(new, calendars.get(new.calendar) or calendars[ALL_HOURS], now)
            yield found if new is not clock else _staying(found)


def _staying(clock: Moved) -> Moved:
    """A clock for which nothing changes keeps its instants, whatever calendar they were counted on."""
    return clock._replace(becomes=clock.due_at or clock.becomes, overdue_at_once=False)


def _change(session: Session, case_no: str, terms: _Terms, book: Playbook) -> _Change:
    document = session.execute(select(_CASE.document).where(_CASE.case_no == case_no)).scalar_one()
    new = book.for_case(terms.subcategory, terms.country, terms.channel).procedure.in_zone(terms.zone)
    return _Change(Procedure.model_validate(document["procedure"]), new)


def _rules(change: _Change, state: State) -> dict[str, ClockRule]:
    """The new rule of each clock of the states, by the clock's old name; that of the case's own state wins."""
    old, new = change
    return {old.clocks[s].clock: new.clocks[s] for s in (*new.clocks, state) if s in old.clocks}


def _under(
    clock: RunningClock, change: _Change, rules: Mapping[str, ClockRule], severity: str | None
) -> RunningClock | None:
    """The clock as it would be; itself where nothing changes for it, None where it would end."""
    if clock.clock in APART:
        return clock
    if clock.clock in change.old.side_clocks:
        return _beside(clock, change.new, severity)
    rule = rules.get(clock.clock)
    if rule is None or (rule.target, rule.calendar) == (clock.target, clock.calendar):
        return clock
    return clock._replace(target=rule.target, calendar=rule.calendar, due_by=None)


def _beside(clock: RunningClock, new: Procedure, severity: str | None) -> RunningClock | None:
    rule = new.side_clocks.get(clock.clock)
    if rule is None:
        return None
    lengths = {name: length for name, length in rule.by_severity.items() if name == severity}
    target = next(iter(lengths.values()), None if rule.by_severity else rule.target)
    if target is None:
        return None
    if clock.due_by == "closing" or (target, rule.calendar) == (clock.target, clock.calendar):
        return clock
    return clock._replace(target=target, calendar=rule.calendar)


def _terms(book: Playbook) -> Select[Any]:
    """State, severity and, in their order, the terms of each case that follows another version."""
    order = orders_table.c.document
    columns = [
        _CASE.case_no,
        _CASE.state,
        _CASE.severity,
        _CASE.playbook_version,
        _CASE.document[("procedure", "subcategory")].as_string(),
        order[("customer", "country")].as_string(),
        func.coalesce(orders_table.c.channel, _CASE.channel),
        order[("ship_to", "zone")].as_string(),
    ]
    joined = cases.outerjoin(orders_table, orders_table.c.order_no == _CASE.order_no)
    return _other_version(select(*columns).select_from(joined), book)


def _clocks(book: Playbook) -> Select[Any]:
    """The running clocks of those cases, in the order of their numbers."""
    joined = case_clocks.join(cases, _CLOCK.case_no == _CASE.case_no)
    found = select(*RUNNING).select_from(joined).where(_CLOCK.state == "running", _CLOCK.due_at.is_not(None))
    return _other_version(found, book).order_by(_CLOCK.case_no, _CLOCK.clock, _CLOCK.cycle)


def _other_version(found: Select[Any], book: Playbook) -> Select[Any]:
    return found.where(_CASE.is_open, _CASE.kind == book.kind, _CASE.playbook_version != book.version)
