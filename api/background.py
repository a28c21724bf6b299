"""What the shop knows when a case is opened, checked beforehand, or put under another kind."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from api import opening
from api.documents.requests import OpenCase
from models.case import Case
from models.errors import Invalid
from models.orders import Order
from models.playbook import Playbook
from models.procedure.eligibility import Earlier
from playbooks.loading.load import Playbooks
from store import orders, reservations
from store.procedure.earlier import earlier


def known(
    session: Session, ask: OpenCase, playbook: Playbook, order: Order | None, in_force: Playbooks, now: datetime
) -> opening.Known:
    """What a new case begins with: its order's facts, what came before, and what the rules say."""
    if order is None:
        eligible = opening.judged(ask, None, playbook, in_force, Earlier(), now)
        return opening.Known(playbook=playbook, order=None, facts=None, eligible=eligible, earlier=Earlier())
    claimed = opening.claimed_lines(ask, order)
    pots = orders.pots(session, order.order_no)
    assert pots is not None
    before = _before(session, order, claimed, playbook, now)
    return opening.Known(
        playbook=playbook,
        order=order,
        facts=opening.facts_of(order, pots, claimed, playbook, in_force),
        eligible=opening.judged(ask, order, playbook, in_force, before, now),
        earlier=before,
    )


def _before(
    session: Session, order: Order, lines: Mapping[int, int], playbook: Playbook, now: datetime, but: str | None = None
) -> Earlier:
    since = now - timedelta(days=playbook.procedure.keep_it.earlier_days)
    return earlier(session, order, lines, since, but)


def holders(session: Session, order: Order, lines: Mapping[int, int]) -> list[str]:
    """The open cases that hold units of these lines: the new problem belongs there, as another issue (C1)."""
    found = [reservations.claims_on(session, order.order_no, line_no).holders for line_no in lines]
    return list(dict.fromkeys(case_no for numbers in found for case_no in numbers))


def free_units(session: Session, order: Order) -> dict[int, dict[str, Any]]:
    """By line: how many units nobody has asked for yet, and the open cases that hold some (F18)."""
    found = {}
    for line in order.lines:
        claims = reservations.claims_on(session, order.order_no, line.line_no)
        left = max(0, line.quantity - claims.held - claims.refunded)
        found[line.line_no] = {"left": left, "cases": list(claims.holders)}
    return found


def changed_kind(
    session: Session, case: Case, order: Order | None, playbook: Playbook, data: Mapping[str, Any], in_force: Playbooks
) -> dict[str, Any]:
    """What a `change_kind` needs of the new kind: its procedure for this case, and what its rules say.

    The rules are asked for the day on which the case was opened: notice in time is enough.
    """
    subcategory = data.get("subcategory")
    try:
        book = opening.book_for(playbook, str(subcategory) if subcategory else None, order, case.channel)
    except Invalid:
        return {"procedure": None}
    lines = tuple({"line_no": line.line_no, "quantity": line.quantity, "serials": line.serials} for line in case.lines)
    ask = OpenCase.model_validate({"kind": playbook.kind, "lines": lines})
    held = {line.line_no: line.quantity for line in case.lines}
    before = _before(session, order, held, book, case.opened_at, case.case_no) if order else Earlier()
    eligible = opening.judged(ask, order, book, in_force, before, case.opened_at)
    return {
        "procedure": book.procedure.model_dump(mode="json"),
        "eligible": eligible.model_dump(mode="json"),
        "needs_order": playbook.needs_order,
    }
