"""Devices that are lent: each by its serial number, with one customer at a time, until it is back (G8)."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import Conflict
from models.lifecycle import Action
from models.tables import cases, orders, timeline
from store.register_columns import Personal, Row

_LENT, _BACK = Action.LEND_LOANER.value, Action.RETURN_LOANER.value


def free(session: Session, serial: object, but: str) -> None:
    """Raises Conflict for a device that is out in another case than `but`, naming it: nothing is lent twice."""
    out = cases.c.document["loaners"][0].as_string().is_not(None)
    found = select(cases.c.case_no, cases.c.document["loaners"].label("out")).where(out, cases.c.case_no != but)
    for row in session.execute(found.order_by(cases.c.case_no)):
        if serial in row.out:
            told = f"Loaner {serial} is out in case {row.case_no}: record its return there first (return_loaner)."
            raise Conflict(told, case_no=row.case_no)


def register(session: Session) -> list[Row]:
    """G8: every time a device was lent: to whom, by whom, since when, and when it came back."""
    happened = (timeline.c.case_no, timeline.c.seq, timeline.c.at, timeline.c.actor_id, timeline.c.action)
    joined = select(*happened, timeline.c.data, cases.c.order_no, orders.c.customer_name)
    joined = joined.select_from(
        timeline.join(cases, cases.c.case_no == timeline.c.case_no).outerjoin(
            orders, orders.c.order_no == cases.c.order_no
        )
    )
    found = joined.where(timeline.c.action.in_((_LENT, _BACK))).order_by(
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
        "returned_by": None,
        "returned_at": None,
        "went_to": None,
    }


def _came_back(out: list[Row], entry: Any) -> None:
    """The one that is named, else the one that was lent first."""
    serial = entry.data.get("serial")
    row = next((one for one in out if serial in (None, one["serial"])), None)
    if row is not None:
        out.remove(row)
        row |= {"out": False, "returned_by": entry.actor_id, "returned_at": entry.at}
        row["went_to"] = entry.data.get("disposition", "restock") if row["sku"] else None
