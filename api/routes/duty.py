"""Staff and duty: who works when, absences, swaps, handovers (T11, T18)."""

from typing import Annotated, Any

from fastapi import Depends, Query

from api.auth import actor_of
from api.documents.duty import (
    AbsenceAsk,
    AbsenceList,
    AbsenceShown,
    Day,
    DutyDays,
    HandoverAccept,
    HandoverAsk,
    HandoverList,
    HandoverShown,
    OnDuty,
    RotaAsk,
    RotaShown,
    Said,
    StaffAsk,
    StaffList,
    StaffShown,
    SwapAnswer,
    SwapAsk,
    SwapList,
    SwapShown,
)
from api.documents.requests import Number
from api.people.duty import MOST_DAYS, Duty
from api.routes.answers import Filter, Json, Limit, documented
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.commands import Actor, Instant
from models.lifecycle import Action

router = checked_router("duty")


async def _duty_of(desk: DeskHere) -> Duty:
    return Duty(desk)


DutyHere = Annotated[Duty, Depends(_duty_of)]
At = Annotated[Instant | None, Query(description="any instant, past or to come; now, if left out")]


def _by(caller: CallerHere, named: Any = None) -> Actor:
    """Who acts in these matters; of several roles the strongest that works on cases."""
    return actor_of(caller, named, Action.ASSIGN)


# ── people ──


@router.get("/staff", summary="The staff list", response_class=Json, responses=documented(StaffList))
async def list_staff(caller: CallerHere, duty: DutyHere) -> Json:
    """Everybody who was ever on it; telephone and mail only for managers and the person, channels never in full."""
    return Json(await duty.people(_by(caller)))


@router.get("/staff/{person}", summary="Somebody on it", response_class=Json, responses=documented(StaffShown, 404))
async def get_staff(person: Number, caller: CallerHere, duty: DutyHere) -> Json:
    """With what they were, are and will be, their rotas, and how many cases they own."""
    return Json(await duty.person(person, _by(caller)))


@router.put(
    "/staff/{person}",
    summary="Add or change somebody",
    response_class=Json,
    responses=documented(StaffShown, 404, 409, body=True),
)
async def put_staff(person: Number, ask: StaffAsk, caller: CallerHere, duty: DutyHere) -> Json:
    """The id is what they act under. Whatever is left out stays; who leaves gets an `until`, and stays on the list."""
    return Json(await duty.put_person(person, ask, _by(caller, ask.actor)))


# ── who is on duty ──


@router.get("/duty", summary="Who is on duty?", response_class=Json, responses=documented(OnDuty))
async def get_duty(duty: DutyHere, at: At = None) -> Json:
    """At any instant: the past as it was then, the future as it is planned."""
    return Json(await duty.at(at))


@router.get("/duty/days", summary="Shifts by day", response_class=Json, responses=documented(DutyDays))
async def list_duty_days(
    duty: DutyHere,
    first: Annotated[Day | None, Query(description="the first day; today, if left out")] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="how many")] = 7,
    person: Filter = None,
) -> Json:
    """Who works when, as it is known now, with swaps and absences; `gaps` are swapped shifts nobody is there for."""
    return Json(await duty.days(first, days, person))


@router.post(
    "/rota",
    summary="Give somebody a rota",
    response_class=Json,
    status_code=201,
    responses=documented(RotaShown, 404, body=True, status=201, said="written down"),
)
async def put_rota(ask: RotaAsk, caller: CallerHere, duty: DutyHere) -> Json:
    """From a day on; what was before stays as it was."""
    return Json(await duty.put_rota(ask, _by(caller, ask.actor)), 201)


# ── absences ──


@router.get("/absences", summary="Who is out of office", response_class=Json, responses=documented(AbsenceList))
async def list_absences(caller: CallerHere, duty: DutyHere, person: Filter = None) -> Json:
    """Those that are not over; why, only managers and the person see."""
    return Json(await duty.absences(person, _by(caller)))


@router.post(
    "/absences",
    summary="Out of office",
    response_class=Json,
    status_code=201,
    responses=documented(AbsenceShown, 404, body=True, status=201, said="written down"),
)
async def add_absence(ask: AbsenceAsk, caller: CallerHere, duty: DutyHere) -> Json:
    """One's own, or for a manager anybody's; the stand-in gets what is addressed to the person (T11)."""
    return Json(await duty.absent(ask, _by(caller, ask.actor)), 201)


@router.post(
    "/absences/{absence_id}/end",
    summary="Back early",
    response_class=Json,
    responses=documented(AbsenceShown, 404, 409, body=True),
)
async def end_absence(absence_id: Number, said: Said, caller: CallerHere, duty: DutyHere) -> Json:
    """Also when it has not begun. Said twice it has no second effect."""
    return Json(await duty.call_off_absence(absence_id, _by(caller, said.actor)))


# ── swaps ──


@router.get("/swaps", summary="Swaps of duty", response_class=Json, responses=documented(SwapList))
async def list_swaps(duty: DutyHere, person: Filter = None) -> Json:
    """About yesterday and later, with their state."""
    return Json(await duty.swaps(person))


@router.post(
    "/swaps",
    summary="Propose a swap",
    response_class=Json,
    status_code=201,
    responses=documented(SwapShown, 404, 409, body=True, status=201, said="proposed"),
)
async def propose_swap(ask: SwapAsk, caller: CallerHere, duty: DutyHere) -> Json:
    """It holds once the partner agrees, beforehand; both answer for a gap (T18)."""
    return Json(await duty.propose_swap(ask, _by(caller, ask.actor)), 201)


@router.post(
    "/swaps/{swap_id}/answer",
    summary="Agree or refuse",
    response_class=Json,
    responses=documented(SwapShown, 404, 409, body=True),
)
async def answer_swap(swap_id: Number, ask: SwapAnswer, caller: CallerHere, duty: DutyHere) -> Json:
    """Only the partner; the same answer twice is one."""
    return Json(await duty.answer_swap(swap_id, ask.agree, ask.note, _by(caller, ask.actor)))


@router.post(
    "/swaps/{swap_id}/withdraw",
    summary="Take a proposal back",
    response_class=Json,
    responses=documented(SwapShown, 404, 409, body=True),
)
async def withdraw_swap(swap_id: Number, said: Said, caller: CallerHere, duty: DutyHere) -> Json:
    """Only the proposer, and only before it is answered."""
    return Json(await duty.withdraw_swap(swap_id, _by(caller, said.actor)))


# ── handovers ──


@router.get("/handovers", summary="The log of handovers", response_class=Json, responses=documented(HandoverList))
async def list_handovers(duty: DutyHere, person: Filter = None, limit: Limit = 50) -> Json:
    """The newest first, without their cases."""
    return Json(await duty.handovers(person, limit))


@router.post(
    "/handovers",
    summary="Hand over",
    response_class=Json,
    status_code=201,
    responses=documented(HandoverShown, 404, 409, body=True, status=201, said="begun"),
)
async def begin_handover(ask: HandoverAsk, caller: CallerHere, duty: DutyHere) -> Json:
    """Lists the outgoing one's open cases with next steps and running clocks; nothing moves before it is accepted."""
    return Json(await duty.hand_over(ask, _by(caller, ask.actor)), 201)


@router.get(
    "/handovers/{handover_id}", summary="One handover", response_class=Json, responses=documented(HandoverShown, 404)
)
async def get_handover(handover_id: Number, duty: DutyHere) -> Json:
    """With the cases as they were listed, and what became of each."""
    return Json(await duty.handover(handover_id))


@router.post(
    "/handovers/{handover_id}/accept",
    summary="Accept all or some",
    response_class=Json,
    responses=documented(HandoverShown, 404, 409, body=True),
)
async def accept_handover(handover_id: Number, ask: HandoverAccept, caller: CallerHere, duty: DutyHere) -> Json:
    """Only the incoming one. What arose meanwhile stays with the outgoing one; a repeat finishes what was left."""
    return Json(await duty.accept(handover_id, ask.case_nos, ask.note, _by(caller, ask.actor)))


@router.post(
    "/handovers/{handover_id}/refuse",
    summary="Accept none of it",
    response_class=Json,
    responses=documented(HandoverShown, 404, 409, body=True),
)
async def refuse_handover(handover_id: Number, said: Said, caller: CallerHere, duty: DutyHere) -> Json:
    """Only the incoming one."""
    return Json(await duty.refuse(handover_id, said.note, _by(caller, said.actor)))


@router.post(
    "/handovers/{handover_id}/cancel",
    summary="Call it off",
    response_class=Json,
    responses=documented(HandoverShown, 404, 409, body=True),
)
async def cancel_handover(handover_id: Number, said: Said, caller: CallerHere, duty: DutyHere) -> Json:
    """Whoever hands over, or began it."""
    return Json(await duty.call_off_handover(handover_id, _by(caller, said.actor)))
