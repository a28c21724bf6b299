"""Devices that are lent: each by its serial number, with one customer at a time, until it is back (G8)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, delete, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from models.case import Case
from models.errors import Conflict
from models.lifecycle import Action
from models.tables import BOOKED, cases, loaners_out, orders, timeline
from store import documents
from store.accounting.register_columns import Personal, Row
from store.cursors import decode, encode

_LENT, _BACK = Action.LEND_LOANER.value, Action.RETURN_LOANER.value


def free(session: Session, serial: object, but: str) -> None:
    """Raises Conflict for a device that is out in another case than `but`, naming it: nothing is lent twice."""
    for case_no in _elsewhere(session, [str(serial)], but).values():
        told = f"Loaner {serial} is out in case {case_no}: record its return there first (return_loaner)."
        raise Conflict(told, case_no=case_no)


def note(session: Session, case: Case) -> dict[str, str]:
    """Write which loaners a case has out; those that another case has, with its number, are not this case's.

    Of two cases that lend the same device in the same moment the second waits here for the first one's transaction.
    """
    here = loaners_out.c
    session.execute(delete(loaners_out).where(here.case_no == case.case_no, here.serial.not_in(case.loaners)))
    rows = [{"serial": serial, "case_no": case.case_no} for serial in sorted(case.loaners)]
    documents.put_new(session, loaners_out, rows)
    return _elsewhere(session, case.loaners, case.case_no)


def rebuild(session: Session) -> None:
    """Which loaners are out, anew from the documents of all cases."""
    session.execute(delete(loaners_out))
    out = cases.c.document["loaners"][0].as_string().is_not(None)
    for document in session.execute(select(cases.c.document).where(out).order_by(cases.c.case_no)).scalars().all():
        note(session, Case.model_validate(document))


def _elsewhere(session: Session, serials: Sequence[str], but: str) -> dict[str, str]:
    here = loaners_out.c
    found = select(here.serial, here.case_no).where(here.serial.in_(serials), here.case_no != but)
    return {row.serial: row.case_no for row in session.execute(found.order_by(here.serial))}


def register(session: Session) -> list[Row]:
    """G8: every time a device was lent: to whom, by whom, since when, and when it came back."""
    found = _entries(text(BOOKED), timeline.c.action.in_((_LENT, _BACK)))
    return [row for row, _ in _paired(session.execute(found.order_by(timeline.c.at, *_KEY)))]


def lent_now(session: Session) -> list[Row]:
    """The devices that are out, the longest first: as many as the shop has at most."""
    held = {(row.serial, row.case_no) for row in session.execute(select(loaners_out))}
    here = select(loaners_out.c.case_no)
    found = _entries(timeline.c.action.in_((_LENT, _BACK)), timeline.c.case_no.in_(here))
    rows = _paired(session.execute(found.order_by(timeline.c.at, *_KEY)))
    return [row for row, _ in rows if row["out"] and (row["serial"], row["case_no"]) in held]


def came_back(
    session: Session, lost: bool, mentions: str, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of devices that are not out any more, the last that came back (or was lost) first, and its cursor."""
    end = timeline.c.data["disposition"].as_string()
    ended = func.coalesce(end, "") == "lost" if lost else func.coalesce(end, "") != "lost"
    found = select(timeline.c.at, *_KEY).where(text(BOOKED), timeline.c.action == _BACK, ended)
    if mentions:
        found = found.where(timeline.c.case_no.in_(_mentioned(mentions.casefold())))
    columns = (timeline.c.at, *_KEY)
    if cursor is not None:
        found = found.where(tuple_(*columns) < decode(cursor, "loaners", columns))
    last = session.execute(found.order_by(*(one.desc() for one in columns)).limit(limit + 1)).all()
    following = encode("loaners", tuple(last[limit - 1])) if len(last) > limit else None
    keys = [(row.case_no, row.seq) for row in last[:limit]]
    whole = _entries(timeline.c.action.in_((_LENT, _BACK)), timeline.c.case_no.in_({case_no for case_no, _ in keys}))
    paired = _paired(session.execute(whole.order_by(timeline.c.at, *_KEY)))
    by_key = {key: row for row, key in paired if key is not None}
    return [by_key[key] for key in keys if key in by_key], following


_KEY = (timeline.c.case_no, timeline.c.seq)


def _mentioned(words: str) -> Select[Any]:
    """The cases that lent a device whose number, article, case or order has these words in it."""
    said = (
        timeline.c.data["serial"].as_string(),
        timeline.c.data["sku"].as_string(),
        cases.c.case_no,
        cases.c.order_no,
    )
    found = or_(*(func.lower(one).contains(words, autoescape=True) for one in said))
    joined = timeline.join(cases, cases.c.case_no == timeline.c.case_no)
    return select(cases.c.case_no).select_from(joined).where(text(BOOKED), timeline.c.action == _LENT, found)


def _entries(*where: ColumnElement[bool] | TextClause) -> Select[Any]:
    """What was lent and taken back, with whose order it was about."""
    happened = (timeline.c.case_no, timeline.c.seq, timeline.c.at, timeline.c.actor_id, timeline.c.action)
    joined = timeline.join(cases, cases.c.case_no == timeline.c.case_no)
    joined = joined.outerjoin(orders, orders.c.order_no == cases.c.order_no)
    shown = select(*happened, timeline.c.data, cases.c.order_no, orders.c.customer_name)
    return shown.select_from(joined).where(*where)


def _paired(entries: Iterable[Any]) -> list[tuple[Row, tuple[str, int] | None]]:
    """Each lending with the return that ended it, and which entry of the timeline that was."""
    rows: list[tuple[Row, tuple[str, int] | None]] = []
    out: dict[str, list[Row]] = defaultdict(list)
    ends: dict[int, tuple[str, int]] = {}
    for entry in entries:
        if entry.action == _LENT:
            row = _lent(entry)
            rows.append((row, None))
            out[entry.case_no].append(row)
        elif (ended := _came_back(out[entry.case_no], entry)) is not None:
            ends[id(ended)] = (entry.case_no, entry.seq)
    return [(row, ends.get(id(row))) for row, _ in rows]


def _lent(entry: Any) -> Row:
    return {
        "serial": entry.data.get("serial"),
        "sku": entry.data.get("sku"),
        "case_no": entry.case_no,
        "order_no": entry.order_no,
        "customer": Personal(entry.customer_name),
        "out": True,
        "lent_by": entry.actor_id,
        "lent_at": entry.at,
        "until": _instant(entry.data.get("until")),
        "returned_by": None,
        "returned_at": None,
        "went_to": None,
        "lost": False,
        "reason": None,
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _came_back(out: list[Row], entry: Any) -> Row | None:
    """The one that is named, else the one that was lent first."""
    serial = entry.data.get("serial")
    row = next((one for one in out if serial in (None, one["serial"])), None)
    if row is not None:
        del out[next(at for at, one in enumerate(out) if one is row)]
        row |= {"out": False, "returned_by": entry.actor_id, "returned_at": entry.at}
        went_to = entry.data.get("disposition", "restock")
        row["went_to"] = went_to if row["sku"] or went_to == "lost" else None
        row |= {"lost": went_to == "lost", "reason": entry.data.get("note")}
    return row
