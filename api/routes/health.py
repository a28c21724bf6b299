"""Is it alive, is it ready, and how much is there: for whatever watches the service."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime

from fastapi import APIRouter, Request
from sqlalchemy import Engine
from starlette.responses import Response

from api.documents.answers import Health, Ready
from api.routes.answers import Json, documented, refused
from api.routes.checked import DeskHere, checked_router
from models.lifecycle import Stage
from store.engine import reading
from store.oversight.gauges import Gauges, gauges
from store.oversight.stuck import REASONS

router = APIRouter(tags=["health"])
guarded = checked_router("health")

_TEXT = {
    "description": "gauges in the text format of Prometheus",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


@router.get("/healthz", summary="Is the process alive", response_class=Json, responses={200: {"model": Health}})
async def get_health() -> Json:
    """Needs nothing but this process."""
    return Json({"status": "ok"})


@router.get(
    "/readyz", summary="Are all parts there", response_class=Json, responses={200: {"model": Ready}, 503: refused(503)}
)
async def get_readiness(desk: DeskHere) -> Json:
    """The database, its schema and Temporal; 503 names the first that is not there."""
    return Json(await desk.ready())


@guarded.get("/metrics", summary="Gauges", response_class=Response, responses={**documented(Health), 200: _TEXT})
async def get_metrics(request: Request, desk: DeskHere) -> Response:
    """Open cases by stage, stuck cases by reason, payouts by state, notifications by where they are."""
    engine: Engine = request.app.state.engine
    counted = await asyncio.to_thread(_counted, engine, desk.clock())
    stuck = await desk.stuck(limit=1)
    lines = "\n".join(_lines(counted, stuck["by_reason"])) + "\n"
    return Response(lines, media_type="text/plain; version=0.0.4; charset=utf-8")


def _counted(engine: Engine, now: datetime) -> Gauges:
    with reading(engine) as session:
        return gauges(session, now)


def _lines(counted: Gauges, stuck: Mapping[str, int]) -> Iterator[str]:
    stages = {stage.value: counted.open_by_stage.get(stage.value, 0) for stage in Stage if stage is not Stage.DONE}
    reasons = {reason: stuck.get(reason, 0) for reason in REASONS}
    yield from _gauge("aftercare_open_cases", "Open cases by stage.", "stage", stages)
    yield from _gauge("aftercare_stuck_cases", "Stuck cases by reason; one may have several.", "reason", reasons)
    yield from _gauge("aftercare_payouts", "Payouts by state.", "state", counted.payouts_by_state)
    yield from _gauge("aftercare_letters", "Notifications on their way, by where.", "state", counted.letters)
    yield from _gauge(
        "aftercare_letters_failing", "Notifications tried in vain, by channel.", "channel", counted.failing_by_channel
    )
    told = "1 for a sweep that has not run for twice its interval."
    yield from _gauge("aftercare_sweep_late", told, "sweep", counted.sweeps_late)
    yield "# HELP aftercare_callbacks_overdue Callbacks that should have been made."
    yield "# TYPE aftercare_callbacks_overdue gauge"
    yield f"aftercare_callbacks_overdue {counted.callbacks_overdue}"
    name = "aftercare_letters_late_seconds"
    yield f"# HELP {name} How long the oldest notification has waited that nothing holds back."
    yield f"# TYPE {name} gauge"
    yield f"{name} {counted.letters_late_seconds}"


def _gauge(name: str, help: str, label: str, values: Mapping[str, int]) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} gauge"
    for value, count in sorted(values.items()):
        yield f'{name}{{{label}="{value}"}} {count}'
