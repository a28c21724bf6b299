"""Devices that are lent: each by its serial number, with one customer at a time, until it is back (G8)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from models.case import Case
from models.errors import Conflict
from models.lifecycle import Action
from models.tables import BOOKED, cases, loaners_out, orders, timeline
from store import documents
from store.accounting.register_columns import Personal, Row

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
    happened = (timeline.c.case_no, timeline.c.seq, timeline.c.at, timeline.c.actor_id, timeline.c.action)
    joined = select(*happened, timeline.c.data, cases.c.order_no, orders.c.customer_name)
    joined = joined.select_from(
        timeline.join(cases, cases.c.case_no == timeline.c.case_no).outerjoin(
            orders, orders.c.order_no == cases.c.order_no
        )
    )
    found = joined.where(text(BOOKED), timeline.c.action.in_((_LENT, _BACK))).order_by(
        timeline.c.at, timeline.c.case_no, timeline.c.seq
    )
    rows: list[Row] = []
    out: dict[str, list[Row]] = defaultdict(list)
    for entry in session.execute(found):
        if entry.action == _LENT:
            row = _lent(entry)
            rows.append(row)
            out[entry.case_no].append(row)
        else:
            _came_back(out[entry.case_no], entry)
    return rows


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


def _came_back(out: list[Row], entry: Any) -> None:
    """The one that is named, else the one that was lent first."""
    serial = entry.data.get("serial")
    row = next((one for one in out if serial in (None, one["serial"])), None)
    if row is not None:
        out.remove(row)
        row |= {"out": False, "returned_by": entry.actor_id, "returned_at": entry.at}
        went_to = entry.data.get("disposition", "restock")
        row["went_to"] = went_to if row["sku"] or went_to == "lost" else None
        row |= {"lost": went_to == "lost", "reason": entry.data.get("note")}
