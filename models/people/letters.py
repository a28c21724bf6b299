"""When somebody is told: quiet hours, and how what comes together is told together (T8).

The rule against storms, so that 500 cases breaching in one minute give each person exactly one message: nothing goes
out the moment it arises. The first letter opens a window for its holder; all that comes until the window closes goes
out as one. A letter alone is a single alert, several are a digest.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.errors import DataRefused
from models.lifecycle import Role
from models.value import Value

#: How long the window of what is pressing stays open at least: own cases, escalations, critical ones.
WINDOW = timedelta(seconds=60)
#: It closes only when it has been quiet for so long, since a storm does not keep to the minute …
CALM = timedelta(seconds=15)
#: … but then at the latest.
LONGEST = timedelta(minutes=5)
#: How long what is not pressing is collected: news of cases that are not one's own.
DIGEST = timedelta(minutes=15)
#: The most messages that one person gets in an hour; what comes then waits, and is told together. Critical ones pass.
AN_HOUR = 12
#: After so long a letter to nobody on duty asks again who is.
ASK_AGAIN = timedelta(minutes=1)

#: How the holder of a role's box begins.
BOX = "role:"
#: What is told to these stays in the house until the console shows it to them.
OUTSIDE = frozenset({"customer", "courier", "recipient", "expert", "platform", "system", "nobody"})
#: Words that playbooks use for people of a role.
_KNOWN_AS = {"department": "supervisor", "department_head": "manager"}
#: In whose box it is what no staff list says more of.
_BOXES = {"on_duty": "agent", "owner": "agent", **_KNOWN_AS}
_ROLES = frozenset(Role) - OUTSIDE


class Quiet(Value):
    """Hours of the day in which somebody is told only what is critical; over midnight where they end earlier."""

    start: time
    end: time


class Pending(Value):
    """A letter that waits. `pressing`: an own case, an escalation, or critical."""

    id: str
    since: datetime
    pressing: bool = False
    urgent: bool = False


def known_as(to: str) -> str:
    """Whom the staff list knows by another name: the head of a department is its manager."""
    return _KNOWN_AS.get(to, to)


def box_of(to: str) -> str:
    """The box of a role for letters that no registered person hears; a person's id stays what it is."""
    role = _BOXES.get(to, to)
    return f"{BOX}{role}" if role in _ROLES else to


def is_pressing(own: bool, urgent: bool, level: int | None) -> bool:
    """Own cases, escalations and critical ones are told within a minute; other news is collected for longer."""
    return own or urgent or (level or 0) >= 1


# ── quiet hours ───────────────────────────────────────────────────────────────────────────────────


def quiet_of(start: str | None, end: str | None) -> Quiet | None:
    """Quiet hours as they are written, `22:00` and `08:00`. Raises DataRefused for what is none."""
    if start is None and end is None:
        return None
    try:
        found = Quiet(start=time.fromisoformat(start or ""), end=time.fromisoformat(end or ""))
    except ValueError:
        raise DataRefused.of("quiet", "Quiet hours are two times of day, such as 22:00 and 08:00.") from None
    if found.start == found.end or found.start.tzinfo or found.end.tzinfo:
        raise DataRefused.of(
            "quiet", "Quiet hours begin and end at two different times of day, such as 22:00 and 08:00."
        )
    return found


def quiet_until(quiet: Quiet | None, zone: str, at: datetime) -> datetime | None:
    """When the quiet hours end in which `at` falls; None where it falls in none.

    On the wall clock of `zone`: an hour that a clock change takes away moves forward with it, of one that comes
    twice the first is meant (section 9).
    """
    if quiet is None:
        return None
    for start, end in _spans(quiet, ZoneInfo(zone), at):
        if start <= at < end:
            return end
    return None


def _spans(quiet: Quiet, zone: ZoneInfo, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    today = at.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last = day if quiet.start < quiet.end else day + timedelta(days=1)
        yield _instant(day, quiet.start, zone), _instant(last, quiet.end, zone)


def _instant(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, zone).astimezone(ZoneInfo("UTC"))


# ── the window ────────────────────────────────────────────────────────────────────────────────────


def goes_now(waiting: Sequence[Pending], told: Sequence[datetime], quiet: bool, now: datetime) -> tuple[Pending, ...]:
    """Which of a holder's letters go out together now; none while their window is open.

    `told` are the instants of the last hour at which this holder was told something.
    """
    may = [one for one in waiting if one.urgent or not quiet]
    if not may or now < closes_at(may):
        return ()
    if len(told) >= AN_HOUR and not any(one.urgent for one in may):
        return ()
    return tuple(may)


def closes_at(waiting: Sequence[Pending]) -> datetime:
    """When the window of these letters closes. Raises ValueError when there are none."""
    pressing = [one.since for one in waiting if one.pressing]
    if not pressing:
        return min(one.since for one in waiting) + DIGEST
    first, last = min(pressing), max(pressing)
    return max(first + WINDOW, min(last + CALM, first + LONGEST))
