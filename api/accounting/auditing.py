"""Whether the books agree: what the nightly audit and the hourly reconciliation found, and beginning an audit now."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from temporalio.service import RPCError

from api.desk import Desk
from models.errors import Unavailable
from models.oversight.sweeps import AUDIT, RECONCILE, SWEEPS
from store.oversight import sweeps
from workflows import schedules

#: So many runs of the reconciliation are shown: a day of them.
HOURS = 24


async def books(desk: Desk) -> dict[str, Any]:
    """The last audit of all books that came to its end, whether one runs now, and the last day of hourly looks."""
    now = desk.clock()

    def read(session: Session) -> dict[str, Any]:
        audits = sweeps.runs(session, AUDIT)
        ended = next((run for run in audits if run.ended_at is not None), None)
        agree = None if ended is None else not (ended.found or ended.failed)
        return {
            "agree": agree,
            "running": bool(audits) and _runs(audits[0], now),
            "last_audit": _document(ended) if ended else None,
            "last_begun_at": audits[0].started_at.isoformat() if audits else None,
            "hourly": [_document(run) for run in sweeps.runs(session, RECONCILE, HOURS)],
        }

    return await desk.read(read)


def _runs(run: sweeps.Run, now: datetime) -> bool:
    return run.ended_at is None and now - run.started_at < SWEEPS[AUDIT].time_out


def _document(run: sweeps.Run) -> dict[str, Any]:
    looked_at = {name: run.details.get(f"audited_{name}", 0) for name in ("cases", "payouts", "postings")}
    return {
        "run_id": run.run_id,
        "began_at": run.started_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "found": run.found,
        "failed": run.failed,
        "orders": run.details.get("orders", 0),
        **looked_at,
        "amiss": run.details.get("amiss", []),
        "words": (run.words or "").splitlines(),
    }


async def begin(desk: Desk) -> None:
    """Have all books looked through now; where that is under way already, that run is enough.

    Raises NotFound where the schedule is not there, Unavailable while Temporal is away.
    """
    try:
        await schedules.run(desk.client, AUDIT)
    except RPCError:
        raise Unavailable("Temporal is away for the moment; repeat the same call.") from None
