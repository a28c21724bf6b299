"""Which cases are stuck, and why: every reason that holds, not only lateness (T12, T14).

Commits keep the reasons as facts (`reasons.py`); here they are read. `owner_away` is no fact of the case: the
roster is asked at the moment of looking who is off duty, and until when, so that it is never out of date.

Counts and page come from `stuck_spans`, in one pass over the open cases of this moment: a group per stage and set of
reasons, so that counts by reason and stage, and any choice of reasons, are sums of a few dozen numbers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, and_, case, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from models.errors import Invalid
from models.money import comparable_as
from models.oversight.stuck import BIT, OWNER_AWAY, REASONS, mask_of, named
from models.oversight.stuck_words import Seen, Why, why
from models.tables import case_facts, case_reasons, cases, staff, stuck_spans
from store.cursors import decode, encode
from store.people import duty

__all__ = ["REASONS", "SORTS", "Narrowed", "Sort", "Stuck", "StuckCase", "is_stuck", "off_duty", "rows", "wanted_nos"]

Sort = Literal["due_at", "age", "at_stake"]
Away = Mapping[str, datetime]
T = TypeVar("T")
_spans = stuck_spans.c
_SORTS: dict[str, tuple[Any, ...]] = {
    "due_at": (_spans.due_order, _spans.case_no),
    "age": (_spans.opened_at, _spans.case_no),
    "at_stake": (_spans.at_stake, _spans.case_no),
}
SORTS = tuple(_SORTS)
#: With more than this to choose from, the index of the sort finds a page at once; with fewer, sorting them is quicker
#: than looking for them along the index.
FEW = 2000


def off_duty(session: Session, now: datetime) -> Away:
    """Who is off duty now, and until when (T11)."""
    return duty.away(session, now)


class StuckCase(BaseModel):
    """One stuck case, with every reason that holds, since when, and why in a sentence each."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    order_no: str | None
    kind: str
    state: str
    stage: str
    waiting_for: str
    owner: str | None
    priority: str
    severity: str | None
    escalation: int
    due_at: datetime | None
    snoozed_until: datetime | None
    opened_at: datetime
    reasons: tuple[str, ...]
    why: tuple[Why, ...]
    since: datetime
    at_stake: int
    currency: str | None


class Stuck(BaseModel):
    """A page of stuck cases; the counts are over all that match, not only the page."""

    model_config = ConfigDict(frozen=True)

    items: tuple[StuckCase, ...]
    next_cursor: str | None
    total: int
    by_reason: dict[str, int]
    by_stage: dict[str, int]


class Narrowed(BaseModel):
    """What the list is narrowed to: any of these reasons, and all of the rest. `at_stake` is the least sum in
    ten-thousandths of a main unit, `opened_before` the latest opening."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    only: tuple[str, ...] = ()
    stage: str | None = None
    owner: str | None = None
    kind: str | None = None
    at_stake: int | None = None
    opened_before: datetime | None = None

    @property
    def mask(self) -> int:
        """The reasons wanted, as bits. Raises Invalid for a word that is no reason."""
        unknown = [reason for reason in self.only if reason not in BIT]
        if unknown:
            told = f"'{unknown[0]}' is no reason for being stuck; there are {', '.join(REASONS)}."
            raise Invalid(told, errors=[{"field": "reason", "message": told}])
        return mask_of(self.only)


# ── the list ──────────────────────────────────────────────────────────────────────────────────────


def rows(
    session: Session,
    now: datetime,
    only: tuple[str, ...] = (),
    stage: str | None = None,
    owner: str | None = None,
    kind: str | None = None,
    at_stake: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
    *,
    opened_before: datetime | None = None,
    sort: Sort = "due_at",
    away: Away | None = None,
) -> Stuck:
    """The stuck cases with counts by reason and stage (T12): the next deadline first, the oldest, or the costliest.

    `away` is who is off duty until when; left out, the roster is asked.
    """
    wanted = Narrowed(only=only, stage=stage, owner=owner, kind=kind, at_stake=at_stake, opened_before=opened_before)
    gone = off_duty(session, now) if away is None else away
    groups = {key: n for key, n in _groups(session, now, wanted, gone).items() if n and key[1] & wanted.mask}
    total = sum(groups.values())
    found = _page(session, now, wanted, gone, sort, cursor, limit, total) if total else []
    last = found[limit - 1] if len(found) > limit else None
    return Stuck(
        items=_shown(session, found[:limit], now, gone),
        next_cursor=encode(f"stuck {sort}", [last[column.name] for column in _SORTS[sort]]) if last else None,
        total=total,
        by_reason=_by_reason(groups),
        by_stage=_by_stage(groups),
    )


def _by_reason(groups: Mapping[tuple[str, int], int]) -> dict[str, int]:
    counts = {reason: sum(n for (_, mask), n in groups.items() if mask & bit) for reason, bit in BIT.items()}
    return {reason: count for reason, count in counts.items() if count}


def _by_stage(groups: Mapping[tuple[str, int], int]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for (stage, _), n in sorted(groups.items()):
        counts[stage] += n
    return dict(counts)


class Tally(BaseModel):
    """All stuck cases of one reason: how many, since when the oldest is open, and what is at stake by currency."""

    model_config = ConfigDict(frozen=True)

    reason: str
    cases: int
    oldest: datetime
    at_stake: dict[str, int]


def board(session: Session, now: datetime, wanted: Narrowed, away: Away | None = None) -> tuple[Tally, ...]:
    """What is stuck by reason, with age and money, in the order of `REASONS` (T12).

    It is narrowed as the list is, but for its reasons: each number is that of the list of its reason.
    """
    gone = off_duty(session, now) if away is None else away
    left = case((_owner_away(gone), 1), else_=0) if gone else literal(0)
    currency = case_facts.c.currency  # not that of `cases`: its rows are long, and all of them would be walked through
    found = (
        select(*(_spans.mask, left, currency, func.count(), func.min(_spans.opened_at), func.sum(_spans.at_stake)))
        .outerjoin_from(stuck_spans, case_facts, case_facts.c.case_no == _spans.case_no)
        .where(*_now(now), *_narrowing(wanted), _with_reason(Narrowed().mask, gone))
    )
    groups = session.execute(found.group_by(_spans.mask, left, currency)).all()
    return tuple(_tallies(groups))


def _tallies(groups: Iterable[Any]) -> Iterable[Tally]:
    rows = [(mask | (BIT[OWNER_AWAY] if left else 0), *rest) for mask, left, *rest in groups]
    for reason, bit in BIT.items():
        held = [row[1:] for row in rows if row[0] & bit]
        if not held:
            continue
        sums: Counter[str] = Counter()
        for currency, _, _, stake in held:
            sums[currency or ""] += int(stake)
        at_stake = {currency: comparable_as(total, currency) for currency, total in sums.items() if currency and total}
        number, oldest = sum(n for _, n, _, _ in held), min(opened for _, _, opened, _ in held)
        yield Tally(reason=reason, cases=number, oldest=oldest, at_stake=at_stake)


def _groups(session: Session, now: datetime, wanted: Narrowed, away: Away) -> Counter[tuple[str, int]]:
    """How many open cases there are of each stage and set of reasons; the empty set is one of them."""
    gone = func.sum(case((_owner_away(away), 1), else_=0)) if away else literal(0)
    counted = select(_spans.stage, _spans.mask, func.count(), gone).where(*_now(now), *_narrowing(wanted))
    groups: Counter[tuple[str, int]] = Counter()
    for stage, mask, n, left in session.execute(counted.group_by(_spans.stage, _spans.mask)):
        groups[stage, mask] += n - left
        groups[stage, mask | BIT[OWNER_AWAY]] += left
    return groups


def _unindexed(column: ColumnElement[T]) -> ColumnElement[T]:
    """The same value as an expression, so that no index is chosen for its order."""
    return func.coalesce(column, column)


def _now(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_spans.from_at <= now, _spans.until_at > now)


def _narrowing(wanted: Narrowed) -> list[ColumnElement[bool]]:
    equal = ((_spans.stage, wanted.stage), (_spans.owner, wanted.owner), (_spans.kind, wanted.kind))
    found: list[ColumnElement[bool]] = [column == str(value) for column, value in equal if value is not None]
    if wanted.at_stake is not None:
        found.append(_spans.at_stake >= wanted.at_stake)
    if wanted.opened_before is not None:
        found.append(_spans.opened_at <= wanted.opened_before)
    return found


def _owner_away(away: Away) -> ColumnElement[bool]:
    """T12: off duty until after the deadline. Few instants are the end of many people's absence: the shifts' begins."""
    by_return: dict[datetime, list[str]] = {}
    for person, until in away.items():
        by_return.setdefault(until, []).append(person)
    gone = (and_(_spans.due_order < until, _spans.owner.in_(sorted(who))) for until, who in by_return.items())
    return or_(false(), *gone)


def _with_reason(mask: int, away: Away) -> ColumnElement[bool]:
    known = _spans.mask.bitwise_and(mask) != 0
    return or_(known, _owner_away(away)) if away and mask & BIT[OWNER_AWAY] else known


def _page(
    session: Session,
    now: datetime,
    wanted: Narrowed,
    away: Away,
    sort: Sort,
    cursor: str | None,
    limit: int,
    total: int,
) -> list[Any]:
    columns = _SORTS[sort]
    downward = sort == "at_stake"
    found = select(_spans.case_no, _spans.mask, *(c for c in columns if c is not _spans.case_no))
    found = found.where(*_now(now), *_narrowing(wanted), _with_reason(wanted.mask, away))
    if cursor is not None:
        seen = decode(cursor, f"stuck {sort}", columns)
        found = found.where(tuple_(*columns) < seen if downward else tuple_(*columns) > seen)
    ordered = columns if total > FEW else [_unindexed(column) for column in columns]
    found = found.order_by(*(column.desc() if downward else column for column in ordered))
    return list(session.execute(found.limit(limit + 1)).mappings())


# ── the rows as they are shown ────────────────────────────────────────────────────────────────────

_SHOWN = [cases.c[name] for name in StuckCase.model_fields if name not in ("reasons", "since", "why")]
_SEEN = [field.name for field in fields(Seen) if field.name != "back"]
_TOLD = [cases.c[name] for name in _SEEN if name not in StuckCase.model_fields]


def _shown(session: Session, page: list[Any], now: datetime, away: Away) -> tuple[StuckCase, ...]:
    numbers = [row["case_no"] for row in page]
    found = session.execute(select(*_SHOWN, *_TOLD).where(cases.c.case_no.in_(numbers)))
    known = {row.case_no: row for row in found}
    began, names = _began(session, numbers, now), _names(session, {row.owner for row in known.values()} & away.keys())
    return tuple(
        _stuck_case(known[row["case_no"]], row["mask"], began.get(row["case_no"], {}), now, away, names) for row in page
    )


def _names(session: Session, people: Iterable[str]) -> dict[str, str]:
    """What owners who are away are called."""
    found = select(staff.c.id, staff.c.name).where(staff.c.id.in_(sorted(people)))
    return {row.id: row.name for row in session.execute(found)} if people else {}


def _began(session: Session, numbers: list[str], now: datetime) -> dict[str, dict[str, datetime]]:
    here = case_reasons.c
    found = select(here.case_no, here.reason, here.from_at).where(here.case_no.in_(numbers), here.from_at <= now)
    began: dict[str, dict[str, datetime]] = {}
    for case_no, reason, from_at in session.execute(found):
        began.setdefault(case_no, {})[reason] = from_at
    return began


def _stuck_case(
    row: Row[Any], mask: int, began: Mapping[str, datetime], now: datetime, away: Away, names: Mapping[str, str]
) -> StuckCase:
    plain = {column.name: getattr(row, column.name) for column in _SHOWN}
    back = away.get(row.owner or "")
    if back is not None and row.due_at is not None and row.due_at < back:
        mask |= BIT[OWNER_AWAY]
    reasons = named(mask)
    told_of = {name: getattr(row, name) for name in _SEEN}
    seen = Seen(back=back, **{**told_of, "owner": names.get(row.owner, row.owner)})
    told = tuple(why(reason, min(now, began.get(reason, now)), seen, now) for reason in reasons)
    return StuckCase(**plain, reasons=reasons, why=told, since=min((one.since for one in told), default=now))


# ── the same as a condition, and as numbers ───────────────────────────────────────────────────────


def is_stuck(now: datetime, only: Iterable[str] = (), away: Away | None = None) -> ColumnElement[bool]:
    """The condition that a case is stuck for any reason, or for one of those named."""
    mask = Narrowed(only=tuple(only)).mask
    found = select(_spans.case_no).where(*_now(now), _with_reason(mask, away or {}))
    return cases.c.case_no.in_(found)


def wanted_nos(session: Session, now: datetime, wanted: Narrowed, most: int, away: Away | None = None) -> list[str]:
    """The numbers of all that match, the next deadline first: a filter frozen to a list, up to one more than `most`."""
    gone = off_duty(session, now) if away is None else away
    found = select(_spans.case_no).where(*_now(now), *_narrowing(wanted), _with_reason(wanted.mask, gone))
    return list(session.execute(found.order_by(_spans.due_order, _spans.case_no).limit(most + 1)).scalars())
