"""What runs by itself: the sweeps, whether they are well, and what their last runs found."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from console.language import N_
from console.visit import Here, Visit
from models.oversight.sweeps import SWEEPS, When

router = APIRouter()
#: Sweep → what it is called, and what it does.
WHAT: Final = {
    "aftercare-stuck-sweep": (
        N_("Stuck sweep"),
        N_(
            "Starts open cases that do not run, tries failing steps again, gives work without an owner to whoever is "
            "on duty, reminds whoever keeps us waiting."
        ),
    ),
    "aftercare-manager-digest": (
        N_("Managers' morning letter"),
        N_("Writes every manager one letter: what is stuck, what waits for approval, which sweeps did not run."),
    ),
    "aftercare-periodic-callbacks": (
        N_("Periodic callbacks"),
        N_("Plans calls to customers of last month, of two months ago, of half a year, 1, 2 and 3 years ago."),
    ),
    "aftercare-monthly-summary": (
        N_("Month's summary"),
        N_("Keeps the numbers of the month that is over as they were, and tells the managers."),
    ),
    "aftercare-unmatched-remittances": (
        N_("Transfers, claims and parcels without a match"),
        N_(
            "Has somebody ask about transfers that did not come, claims past their deadline and parcels whose time on "
            "the shelf is over."
        ),
    ),
    "aftercare-reconcile": (
        N_("Reconciliation"),
        N_("Compares payouts with their cases, cases with their workflows, and the books of orders."),
    ),
    "aftercare-audit": (
        N_("Audit of the books"),
        N_("Looks whether all books agree: payouts, orders and cases, every night."),
    ),
    "aftercare-housekeeping": (
        N_("Housekeeping"),
        N_("Computes how long each state usually takes, and deletes what was kept for long enough."),
    ),
}
HEALTH: Final = {"ok": N_("well"), "late": N_("late"), "never": N_("never ran"), "failing": N_("failing")}
STATES: Final = {
    "waiting": N_("waits for its time"),
    "running": N_("runs now"),
    "paused": N_("paused"),
    "missing": N_("not set up"),
}
TONES: Final = {"ok": "good", "late": "bad", "never": "warn", "failing": "bad"}


@router.get("/sweeps", name="sweeps")
async def sweeps(here: Here) -> Response:
    """Every sweep with its last run."""
    found = await here.desk.schedules()
    runs = {name: _when(here, sweep.when) for name, sweep in SWEEPS.items()}
    words: dict[str, Any] = {"health": HEALTH, "states": STATES, "tones": TONES, "what": WHAT, "runs": runs}
    return here.page("sweeps/page.html", found=found["items"], **words)


def _when(here: Visit, when: When) -> str:
    """When a sweep runs, as people say it."""
    say, at = here.tongue.say, f"{when.hour:02}:{when.minute:02}"
    if when.every is not None:
        return say("every %(time)s", time=here.tongue.length(round(when.every.total_seconds())))
    if when.day_of_month is not None:
        return say("at %(time)s on day %(day)s of the month", time=at, day=when.day_of_month)
    return say("at %(time)s, Monday to Friday", time=at) if when.weekdays else say("at %(time)s every day", time=at)
