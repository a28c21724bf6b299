"""What waits for a yes or a no: with what was asked for, and whether whoever looks may decide it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api import views
from api.desk import Desk
from models.lifecycle import Action, Role, State
from models.procedure.rehearsal import answer
from store import cases, lists

_WAITING = lists.CaseFilters(state=(State.AWAITING_APPROVAL.value,))


async def to_approve(
    desk: Desk, roles: Iterable[Role], person: str, cursor: str | None = None, limit: int = 20
) -> dict[str, Any]:
    """A page of what waits, the nearest deadline first; `approve` says whether this person may, and if not, why."""
    now, mine = desk.clock(), frozenset(roles)
    return await desk.read(lambda session: _page(session, mine, person, cursor, limit, now))


def _page(
    session: Session, roles: frozenset[Role], person: str, cursor: str | None, limit: int, now: datetime
) -> dict[str, Any]:
    rows, following = lists.cases(session, _WAITING, "due_at", cursor, limit, now=now)
    whole = cases.load_many(session, [row.case_no for row in rows])
    items = [
        {
            **views.row_document(row),
            "pending": views.pending_document(case),
            "description": description,
            "approve": answer(case, Action.APPROVE, roles, person, now),
        }
        for row in rows
        for case, description in [whole[row.case_no]]
        if case.pending
    ]
    return {"items": items, "next_cursor": following}
