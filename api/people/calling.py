"""Callbacks as people work on them: what is due, that it was made, that nobody answered, who wants no calls (T5–T7)."""

from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.desk import Desk
from api.documents.requests import CallbackDone, CallbackMissed, NoCalls
from models.commands import Actor, Command
from models.lifecycle import Action
from models.masking import masked
from models.oversight.callbacks import AFTER_REMEDY, CallbackRules, as_document, at_the_end_of, working_days
from models.playbook import ALL_HOURS
from store.oversight import callbacks
from store.oversight.callbacks import CallbackRow

Wanted = Literal["all", "today", "overdue"]


async def due(
    desk: Desk,
    wanted: Wanted,
    person: str | None,
    occasion: str | None,
    cursor: str | None,
    limit: int,
    tried: bool = False,
) -> dict[str, Any]:
    """The callbacks to be made, those of longest ago first, with the hours in which people are best reached."""
    now, zone, rules = desk.clock(), _zone(desk), desk.playbook_set.callbacks
    until = {"all": None, "overdue": now, "today": _end_of_day(now, zone)}[wanted]
    found = await desk.read(lambda session: callbacks.due(session, now, until, person, occasion, cursor, limit, tried))
    return {
        "items": [as_shown(row, rules, zone, now) for row in found.items],
        "next_cursor": found.next_cursor,
        "total": found.total,
        "overdue": found.overdue,
        "by_person": found.by_person,
    }


async def done(desk: Desk, key: str, told: CallbackDone, actor: Actor) -> dict[str, Any]:
    """T7: the customer was reached and asked. A case's callback ends or reopens its case, any other is only kept."""
    row = await desk.read(lambda session: callbacks.get(session, key))
    if row.state == "answered":
        return await _shown(desk, key, repeated=True)
    callbacks.still_due(row)
    survey = told.model_dump(exclude_none=True, exclude={"no_more_calls"})
    if row.case_no is not None and row.occasion == AFTER_REMEDY:
        await desk.carry_out(row.case_no, Command(action=Action.COMPLETE_CALLBACK, actor=actor, data=survey))
    else:
        await desk.write(lambda session: _answered(session, key, told, actor, desk.clock()))
    if told.no_more_calls and row.customer is not None:
        customer = row.customer
        await desk.write(lambda session: callbacks.put_preference(session, customer, True, actor.id, desk.clock()))
    return await _shown(desk, key)


def _answered(session: Session, key: str, told: CallbackDone, actor: Actor, now: datetime) -> None:
    callbacks.still_due(callbacks.get(session, key, lock=True))
    more = {"satisfied": told.satisfied, "words": told.words, "channel": told.channel}
    callbacks.answered(session, key, now, actor.id, {str(name): score for name, score in told.scores.items()}, **more)


async def missed(desk: Desk, key: str, told: CallbackMissed, actor: Actor, seen: int | None = None) -> dict[str, Any]:
    """T5: nobody was reached; it is tried again on another day, and given up after the last try.

    `seen` is how many tries the caller knew of: where there are more by now it is a repeat, and has no second effect.
    """
    row = await desk.read(lambda session: callbacks.get(session, key))
    if seen is not None and row.tries > seen:
        return await _shown(desk, key, repeated=True)
    callbacks.still_due(row)
    data = told.model_dump(exclude_none=True)
    if row.case_no is not None and row.occasion == AFTER_REMEDY:
        await desk.carry_out(row.case_no, Command(action=Action.MISS_CALLBACK, actor=actor, data=data))
    else:
        await desk.write(lambda session: _missed(session, desk, key, told, actor))
    return await _shown(desk, key)


def _missed(session: Session, desk: Desk, key: str, told: CallbackMissed, actor: Actor) -> None:
    row, now = callbacks.still_due(callbacks.get(session, key, lock=True)), desk.clock()
    rules, zone = desk.playbook_set.callbacks, _zone(desk)
    callbacks.tried(session, key, row.tries + 1, now, actor.id, told.channel, told.note)
    if row.tries + 1 >= rules.tries:
        callbacks.given_up(session, key, now, actor.id)
        return
    calendars = desk.playbook_set.calendars
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    (day,) = working_days(calendars.get(rules.calendar) or calendars[ALL_HOURS], tomorrow, 1)
    callbacks.put_off(session, key, at_the_end_of(rules.hours_for(row.kind), day, zone))


async def prefer(desk: Desk, customer: str, told: NoCalls, actor: Actor) -> dict[str, Any]:
    """Keep that a customer wants no periodic calls, or wants them again."""

    def keep(session: Session) -> int:
        return callbacks.put_preference(session, customer, told.no_calls, actor.id, desk.clock(), told.note)

    dropped = await desk.write(keep)
    return {"customer": _customer(customer), "no_calls": told.no_calls, "dropped": dropped}


async def _shown(desk: Desk, key: str, repeated: bool = False) -> dict[str, Any]:
    row = await desk.read(lambda session: callbacks.get(session, key))
    return {**as_shown(row, desk.playbook_set.callbacks, _zone(desk), desk.clock()), "repeated": repeated}


def as_shown(row: CallbackRow, rules: CallbackRules, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """A callback as a document: its occasion in words, its customer masked, the hours that are good to call in."""
    occasion = next((one for one in rules.periodic if one.key == row.occasion), None)
    names = {"zh": occasion.zh, "en": occasion.en} if occasion else {"zh": "售后回访", "en": "after the remedy"}
    return {
        **row.model_dump(mode="json", exclude={"customer"}),
        "names": names if occasion or row.occasion == AFTER_REMEDY else {"zh": row.occasion, "en": row.occasion},
        "customer": _customer(row.customer),
        "overdue": row.state == "due" and row.due_at <= now,
        "good_hours": as_document(rules.hours_for(row.kind)),
        "timezone": zone.key,
    }


def _customer(customer: str | None) -> str | None:
    """The shop's id of a customer; a telephone number in its place is masked."""
    if customer is None:
        return None
    is_phone = sum(c.isdigit() for c in customer) >= 7 and not any(c.isalpha() for c in customer)
    return masked(customer) if is_phone else customer


def _zone(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.playbook_set.shop.timezone)


def _end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
