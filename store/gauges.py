"""Counts for whoever watches the service from outside."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import cases, payouts


class Gauges(BaseModel):
    """How much of what there is at this moment."""

    model_config = ConfigDict(frozen=True)

    open_by_stage: dict[str, int]
    payouts_by_state: dict[str, int]


def gauges(session: Session) -> Gauges:
    """Open cases by stage and payouts by state; what there is none of is left out."""
    by_stage = select(cases.c.stage, func.count()).where(cases.c.is_open).group_by(cases.c.stage)
    by_state = select(payouts.c.state, func.count()).group_by(payouts.c.state)
    return Gauges(
        open_by_stage=dict(session.execute(by_stage).all()),
        payouts_by_state=dict(session.execute(by_state).all()),
    )
