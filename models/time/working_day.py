"""Moments of a working day: its end, and when a paid order leaves (T3, L11)."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.business_time import Calendar, roll_backward, roll_forward
from models.procedure.playbook_parts import Dispatch


def closing_after(calendar: Calendar, at: datetime) -> datetime:
    """The end of the working day in which the moment lies, or of the next one when it lies in none."""
    zone = ZoneInfo(calendar.timezone)
    day = roll_forward(calendar, at).astimezone(zone)
    return roll_backward(calendar, _at(day + timedelta(days=1), "00:00", zone))


def leaves_by(rule: Dispatch, calendar: Calendar, paid_at: datetime) -> datetime:
    """L11: the cut-off at which an order leaves: the next one of the working day, else the next day's first.

    What is paid in the very moment of a cut-off still makes it, also where a break begins then.
    """
    zone = ZoneInfo(calendar.timezone)
    paid = paid_at.astimezone(zone)
    if roll_backward(calendar, paid) == paid and any(_at(paid, cutoff, zone) == paid for cutoff in rule.cutoffs):
        return paid
    opens = roll_forward(calendar, paid_at).astimezone(zone)
    for cutoff in rule.cutoffs:
        at = _at(opens, cutoff, zone)
        if at >= max(opens, paid_at):
            return at
    following = roll_forward(calendar, _at(opens + timedelta(days=1), "00:00", zone)).astimezone(zone)
    return _at(following, rule.cutoffs[0], zone)


def _at(day: datetime, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day.date(), time.fromisoformat(clock), zone)
