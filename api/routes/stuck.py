"""What is stuck and why, and one action on many cases."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from api.auth import actor_of
from api.documents.answers import StuckList
from api.documents.bulk import BulkAsk, BulkDetail, BulkList, BulkShown
from api.documents.requests import Number
from api.oversight.bulk import Bulks, narrowed
from api.routes.answers import Cursor, Filter, Json, Limit, documented
from api.routes.cases import Key, Several
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.commands import Amount
from models.lifecycle import Stage
from models.oversight.bulk import ACTIONS, ItemState
from store.oversight.stuck import REASONS, Sort

router = checked_router("stuck")
Answers = Annotated[list[ItemState], Several, Query()]


async def _bulks_of(desk: DeskHere) -> Bulks:
    return Bulks(desk)


BulksHere = Annotated[Bulks, Depends(_bulks_of)]


@router.get("/stuck", summary="Which cases are stuck, and why", response_class=Json, responses=documented(StuckList))
async def list_stuck(
    desk: DeskHere,
    reason: Annotated[list[Literal[REASONS]], Several, Query()] = [],  # type: ignore[valid-type]  # noqa: B006
    stage: Stage | None = None,
    owner: Filter = None,
    kind: Filter = None,
    at_stake: Annotated[
        Amount | None, Query(description="at least so much at stake in main units, whatever the currency")
    ] = None,
    older_than_days: Annotated[int | None, Query(ge=0, le=36500, description="opened so many days ago")] = None,
    sort: Annotated[
        Sort, Query(description="the next deadline first, the oldest first, or what costs most first")
    ] = "due_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """One row per case with every reason that holds; counts are over all that match (T12).

    Several reasons mean any of them. A snoozed case is listed like any other.
    """
    more: dict[str, Any] = {"at_stake": at_stake, "older_than_days": older_than_days}
    wanted = narrowed(desk.clock(), reason=tuple(reason), stage=stage, owner=owner, kind=kind, **more)
    return Json(await desk.stuck(wanted, sort, cursor, limit))


# ── many cases at once ────────────────────────────────────────────────────────────────────────────


@router.post(
    "/bulk",
    summary="One action on many cases",
    response_class=Json,
    status_code=202,
    responses=documented(BulkShown, 409, body=True, status=202, said="begun; GET shows how far it is"),
)
async def start_bulk(ask: BulkAsk, caller: CallerHere, bulks: BulksHere, key: Key = None) -> Json:
    """Cases that are named, or a filter of the stuck list, frozen to a list now; each case answers by its own rules.

    It runs on although nobody waits for it. The same Idempotency-Key with the same request begins one bulk.
    """
    actor = actor_of(caller, ask.actor.model_dump() if ask.actor else None, ACTIONS[ask.action])
    return Json(await bulks.start(ask, actor, key), 202)


@router.get("/bulk", summary="Bulk actions, the newest first", response_class=Json, responses=documented(BulkList))
async def list_bulks(bulks: BulksHere, cursor: Cursor = None, limit: Limit = 50) -> Json:
    """Who had what done to how many cases, and how they answered."""
    return Json(await bulks.listed(cursor, limit))


@router.get("/bulk/{bulk_id}", summary="Show a bulk action", response_class=Json, responses=documented(BulkDetail, 404))
async def get_bulk(
    bulk_id: Number,
    bulks: BulksHere,
    answer: Answers = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """How far it is, and the answer of every case, in the order of its list; of those with these answers, if any."""
    return Json(await bulks.shown(bulk_id, tuple(answer), cursor, limit))


@router.post(
    "/bulk/{bulk_id}/stop", summary="Stop a bulk action", response_class=Json, responses=documented(BulkShown, 404)
)
async def stop_bulk(bulk_id: Number, caller: CallerHere, bulks: BulksHere) -> Json:
    """Nobody else is asked; what was done stays done. Said of one that is over it changes nothing."""
    return Json(await bulks.stop(bulk_id, actor_of(caller).id))
