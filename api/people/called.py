"""Callbacks as those who call see them: whom, the tries so far, what was answered, and which comes next (T5–T7)."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.desk import Desk
from api.people.calling import as_shown
from models.masking import masked
from store.oversight import callbacks, called
from store.oversight.callbacks import CallbackRow
from store.oversight.called import Face, Survey


async def faces(desk: Desk, keys: list[str]) -> dict[str, dict[str, str | None]]:
    """Whom these callbacks reach: the name, and the telephone masked."""

    def read(session: Session) -> dict[str, Face]:
        return called.faces(session, callbacks.several(session, keys))

    found = await desk.read(read)
    return {key: _masked(face) for key, face in found.items()}


async def over(desk: Desk, state: str, person: str | None, cursor: str | None, limit: int) -> dict[str, Any]:
    """Callbacks that ended in a state, the last first, each with its survey."""
    found = await desk.read(lambda session: called.over(session, state, person, cursor, limit))
    items = [{**_shown(desk, row), "survey": _answers(answers)} for row, answers in found.items]
    return {"items": items, "next_cursor": found.next_cursor}


async def one(desk: Desk, key: str, person: str | None = None, reveal: bool = False) -> dict[str, Any]:
    """One callback with its tries, its survey, whom it reaches, and the one that is due after it. Raises NotFound.

    `reveal` shows the telephone in full; whoever asks for it logs that.
    """
    tonight = _tonight(desk)

    def read(session: Session) -> dict[str, Any]:
        row = callbacks.get(session, key)
        face = called.faces(session, [row])[row.id]
        answers = called.surveys_of(session, [key]).get(key)
        return {
            **_shown(desk, row),
            "tried": [one.model_dump(mode="json") for one in called.tries_of(session, key)],
            "survey": _answers(answers),
            "face": face.model_dump() if reveal else _masked(face),
            "next": called.following(session, row, tonight, person),
            "may_be_asked_not_to": row.customer is not None,
        }

    found: dict[str, Any] = await desk.read(read)
    return found


async def first(desk: Desk, person: str | None = None) -> str | None:
    """The callback that is due first, by the end of the day."""
    now, tonight = desk.clock(), _tonight(desk)
    found = await desk.read(lambda session: callbacks.due(session, now, tonight, person, limit=1))
    return found.items[0].id if found.items else None


def _shown(desk: Desk, row: CallbackRow) -> dict[str, Any]:
    rules, zone = desk.playbook_set.callbacks, ZoneInfo(desk.playbook_set.shop.timezone)
    return {**as_shown(row, rules, zone, desk.clock()), "tries_allowed": rules.tries}


def _answers(survey: Survey | None) -> dict[str, Any] | None:
    return survey.model_dump(mode="json") if survey else None


def _masked(face: Face) -> dict[str, str | None]:
    return {"name": face.name, "phone": masked(face.phone) if face.phone else None}


def _tonight(desk: Desk) -> datetime:
    zone = ZoneInfo(desk.playbook_set.shop.timezone)
    return datetime.combine(desk.clock().astimezone(zone).date() + timedelta(days=1), time(), zone)
