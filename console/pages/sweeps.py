"""What runs by itself: the sweeps, whether they are well, and what their last runs found."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from console.language import N_
from console.visit import Here

router = APIRouter()
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
    return here.page("sweeps/page.html", found=found["items"], health=HEALTH, states=STATES, tones=TONES)
