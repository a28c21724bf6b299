"""Changing how cases are handled: playbooks and calendars checked, tried, put into force, and how they came about."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query

from api.auth import actor_of
from api.documents.answers import CheckShown, HistoryShown, PublishedShown, TrialShown
from api.documents.requests import Number, PublishAsk, TextAsk, TrialAsk
from api.procedure import drafting, trying
from api.procedure.publishing import Compared, Published
from api.routes.answers import Json, documented
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.lifecycle import Action

router = checked_router("reference")


@router.post(
    "/playbooks/{kind}/check",
    summary="Check a changed playbook",
    response_class=Json,
    responses=documented(CheckShown, 404, body=True),
)
async def check_playbook(kind: Number, ask: TextAsk, desk: DeskHere) -> Json:
    """Whether a changed `<kind>.yaml` could go into force, and what it would change; nothing moves (section 10)."""
    return Json(_checked(await drafting.checked(desk, drafting.file_of(kind), ask.text)))


@router.post(
    "/playbooks/{kind}/publish",
    summary="Publish a playbook",
    response_class=Json,
    responses=documented(PublishedShown, 404, 409, body=True),
)
async def publish_playbook(kind: Number, ask: PublishAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """Put a changed playbook into force for new cases, if what it was compared with still is; open ones keep theirs."""
    by = actor_of(caller, action=Action.REBASE_PLAYBOOK).id
    return Json(_published(await drafting.publish(desk, drafting.file_of(kind), ask.text, ask.before, by, ask.reason)))


@router.get(
    "/playbooks/{kind}/history",
    summary="Versions of a playbook",
    response_class=Json,
    responses=documented(HistoryShown, 404),
)
async def get_playbook_history(kind: Number, desk: DeskHere) -> Json:
    """Which versions there were, who put them into force and why, and how many cases have each."""
    found = await drafting.history(desk, kind)
    return Json({"acts": [asdict(act) for act in found.acts], "versions": [asdict(one) for one in found.used]})


# ── trials ────────────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/playbooks/{kind}/trials",
    summary="Try a playbook",
    response_class=Json,
    status_code=202,
    responses=documented(TrialShown, 404, body=True, status=202, said="under way"),
)
async def begin_trial(kind: Number, ask: TrialAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """What a changed playbook would have decided on past cases; only reads, and goes on by itself (section 10)."""
    drafting.file_of(kind)
    by = actor_of(caller, action=Action.REBASE_PLAYBOOK).id
    trial_id = await trying.begin(desk, kind, ask.text, ask.days, by)
    return Json(await trying.shown(desk, trial_id), 202)


@router.get(
    "/trials/{trial_id}", summary="How far a trial is", response_class=Json, responses=documented(TrialShown, 404)
)
async def get_trial(
    trial_id: Number, desk: DeskHere, after: Annotated[int, Query(ge=-1, le=10**9, description="`next_after`")] = -1
) -> Json:
    """Its sums, and the cases that would have been decided otherwise, a page at a time."""
    return Json(await trying.shown(desk, trial_id, after))


@router.post(
    "/trials/{trial_id}/stop", summary="Stop a trial", response_class=Json, responses=documented(TrialShown, 404)
)
async def stop_trial(trial_id: Number, desk: DeskHere) -> Json:
    """Try no further case; what was found stays."""
    await trying.stop(desk, trial_id)
    return Json(await trying.shown(desk, trial_id))


# ── calendars ─────────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/calendars/{name}/check",
    summary="Check a changed calendar",
    response_class=Json,
    responses=documented(CheckShown, 404, body=True),
)
async def check_calendar(name: Number, ask: TextAsk, desk: DeskHere) -> Json:
    """What a changed calendar file would change, and what that would do to open cases; nothing moves (T10)."""
    found = await drafting.checked(desk, drafting.file_of_calendar(name), ask.text)
    return Json({**_checked(found), "effect": await drafting.effect(desk, found)})


@router.post(
    "/calendars/{name}/publish",
    summary="Publish a calendar",
    response_class=Json,
    responses=documented(PublishedShown, 404, 409, body=True),
)
async def publish_calendar(name: Number, ask: PublishAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """Put it into force for what is counted from now on; open cases move by a rebase only (T10)."""
    by, file = actor_of(caller, action=Action.REBASE_PLAYBOOK).id, drafting.file_of_calendar(name)
    return Json(_published(await drafting.publish(desk, file, ask.text, ask.before, by, ask.reason)))


@router.get(
    "/calendars/{name}/history",
    summary="Changes of a calendar",
    response_class=Json,
    responses=documented(HistoryShown, 404),
)
async def get_calendar_history(name: Number, desk: DeskHere) -> Json:
    """Who put which version into force, when and why."""
    acts, _ = await drafting.calendar_history(desk, name)
    return Json({"acts": [act.model_dump() for act in acts], "versions": []})


def _checked(found: Compared) -> dict[str, Any]:
    days = [
        {"on": one.on.isoformat(), "before": one.before.kind, "after": one.after.kind, "hours": _hours(one.after.hours)}
        for one in found.days
    ]
    fields = [asdict(change) for change in found.fields]
    return {"before": found.before, "after": found.after, "changes": fields, "days": days, "effect": None}


def _hours(hours: Any) -> list[list[int]]:
    return [[one.opens, one.closes] for one in hours]


def _published(done: Published) -> dict[str, Any]:
    return asdict(done)
