"""Callbacks, and the schedules that plan them and look after everything else."""

from typing import Annotated

from fastapi import Query

from api.auth import actor_of
from api.documents.follow_up import CallbackList, CallbackShown, PreferenceShown, ScheduleList
from api.documents.requests import CallbackDone, CallbackMissed, NoCalls, Number
from api.people import calling
from api.routes.answers import Cursor, Filter, Json, Limit, documented
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.lifecycle import Action

router = checked_router("follow-up")


@router.get("/callbacks", summary="Callbacks to be made", response_class=Json, responses=documented(CallbackList))
async def list_callbacks(
    desk: DeskHere,
    due: Annotated[calling.Wanted, Query(description="today: until the end of the shop's day")] = "all",
    person: Filter = None,
    occasion: Annotated[Filter, Query(description="after_remedy, periodic, or one of callbacks.yaml")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """After a remedy (T5) and at intervals after a purchase (T6), with the hours in which people are best reached."""
    return Json(await calling.due(desk, due, person, occasion, cursor, limit))


@router.post(
    "/callbacks/{callback_id}/done",
    summary="The customer was reached",
    response_class=Json,
    responses=documented(CallbackShown, 404, 409, body=True),
)
async def callback_done(callback_id: Number, told: CallbackDone, caller: CallerHere, desk: DeskHere) -> Json:
    """The survey (T7). Of a case's callback it is the command `complete_callback`; a repeat has no second effect."""
    actor = actor_of(caller, action=Action.COMPLETE_CALLBACK)
    return Json(await calling.done(desk, callback_id, told, actor))


@router.post(
    "/callbacks/{callback_id}/missed",
    summary="Nobody was reached",
    response_class=Json,
    responses=documented(CallbackShown, 404, 409, body=True),
)
async def callback_missed(callback_id: Number, told: CallbackMissed, caller: CallerHere, desk: DeskHere) -> Json:
    """A try in vain (T5). Of a case's callback it is the command `miss_callback`."""
    actor = actor_of(caller, action=Action.MISS_CALLBACK)
    return Json(await calling.missed(desk, callback_id, told, actor))


@router.put(
    "/customers/{customer_id}/preferences",
    summary="Whether a customer wants calls",
    response_class=Json,
    responses=documented(PreferenceShown, 404, body=True),
)
async def put_preferences(customer_id: Number, told: NoCalls, caller: CallerHere, desk: DeskHere) -> Json:
    """By the shop's id of the customer, else the phone. Callbacks after a remedy are made all the same (T5)."""
    actor = actor_of(caller, action=Action.COMPLETE_CALLBACK)
    return Json(await calling.prefer(desk, customer_id, told, actor))


@router.get("/schedules", summary="Sweeps and their runs", response_class=Json, responses=documented(ScheduleList))
async def list_schedules(desk: DeskHere) -> Json:
    """When each sweep runs, what its last run found, and whether it runs as it should."""
    return Json(await desk.schedules())
