"""Counts for whoever watches the service from outside."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import cases, letters, mailings, messages, payouts
from store.oversight import callbacks, sweeps


class Gauges(BaseModel):
    """How much of what there is at this moment."""

    model_config = ConfigDict(frozen=True)

    open_by_stage: dict[str, int]
    payouts_by_state: dict[str, int]
    letters: dict[str, int]  # unaddressed, waiting (for their window or the end of quiet hours), sending, given_up
    letters_late_seconds: int  # how long the oldest has waited that nothing holds back
    failing_by_channel: dict[str, int]  # mailings that were tried in vain and will be tried again
    sweeps_late: dict[str, int]  # by sweep: 1 for one that has not run for twice its interval
    callbacks_overdue: int


#: Mailings that were given up are counted so long.
_A_DAY = timedelta(days=1)


def gauges(session: Session, now: datetime) -> Gauges:
    """Open cases by stage and payouts by state; what there is none of is left out."""
    by_stage = select(cases.c.stage, func.count()).where(cases.c.is_open).group_by(cases.c.stage)
    by_state = select(payouts.c.state, func.count()).group_by(payouts.c.state)
    return Gauges(
        open_by_stage=dict(session.execute(by_stage).all()),
        payouts_by_state=dict(session.execute(by_state).all()),
        letters=letters_by_state(session, now),
        letters_late_seconds=_late(session, now),
        failing_by_channel=_failing(session),
        sweeps_late={one.name: int(one.health == "late") for one in sweeps.health(session, now)},
        callbacks_overdue=callbacks.due(session, now, until=now, limit=1).total,
    )


def letters_by_state(session: Session, now: datetime) -> dict[str, int]:
    """How many messages and letters are where on their way; those that were given up, within a day."""
    unsent = select(func.count()).where(messages.c.sent_at.is_(None))
    waiting = select(func.count()).where(letters.c.state == "waiting")
    sending = select(func.count()).where(_SENDING)
    given_up = select(func.count()).where(mailings.c.given_up_at > now - _A_DAY, mailings.c.kind != "test")
    asked = {"unaddressed": unsent, "waiting": waiting, "sending": sending, "given_up": given_up}
    return {state: session.execute(count).scalar_one() for state, count in asked.items()}


_SENDING = mailings.c.sent_at.is_(None) & mailings.c.given_up_at.is_(None)


def _late(session: Session, now: datetime) -> int:
    """What waits for people to come on duty, or for quiet hours to end, is not late."""
    unsent = select(func.min(messages.c.at)).where(messages.c.sent_at.is_(None), messages.c.ask_at.is_(None))
    sending = select(func.min(mailings.c.made_at)).where(_SENDING)
    since = [session.execute(oldest).scalar() for oldest in (unsent, sending)]
    return max((max(0, round((now - at).total_seconds())) for at in since if at is not None), default=0)


def _failing(session: Session) -> dict[str, int]:
    failing = _SENDING & mailings.c.error.is_not(None) & mailings.c.channel.is_not(None)
    by_channel = select(mailings.c.channel, func.count()).where(failing).group_by(mailings.c.channel)
    return dict(session.execute(by_channel).all())
