"""Devices that are lent: those that are out, and page by page those that came back or were lost (G8)."""

from typing import Any

from sqlalchemy.orm import Session

from api.desk import Desk
from api.views import register_document
from store.goods import loaners


async def out(desk: Desk) -> list[dict[str, Any]]:
    """The devices that are lent now, the longest first: never more than the shop has."""
    return [register_document(row) for row in await desk.read(loaners.lent_now)]


async def over(desk: Desk, lost: bool, mentions: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of those that came back, or were lost, the latest first."""

    def read(session: Session) -> dict[str, Any]:
        rows, following = loaners.came_back(session, lost, mentions, cursor, limit)
        return {"items": [register_document(row) for row in rows], "next_cursor": following}

    return await desk.read(read)
