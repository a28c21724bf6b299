"""Who is on duty, the week drawn, absences and swaps, and cases handed over at the end of a shift (T11, T18)."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.responses import Response

from api.auth import actor_of
from api.documents.duty import AbsenceAsk, HandoverAsk, SwapAsk
from api.people.duty import Duty, is_manager
from console import labels, people
from console.language import N_
from console.problems import ROLE_WORDS
from console.visit import Form, Here, Visit
from models.commands import Actor, errors_of
from models.errors import AftercareError, Conflict, Invalid, NotFound
from models.lifecycle import Action, Role, acts_as

router = APIRouter()
DAYS: Final = 7
LOGGED: Final = 50
FIRST, LAST = date(2000, 1, 3), date(2099, 12, 21)
ACTIVITIES: Final = {
    "cases": N_("at cases"),
    "warehouse": N_("helps the warehouse"),
    "handover": N_("hands over"),
    "overtime": N_("still talks to a customer"),
}
SWAPS: Final = {
    "proposed": N_("waits for an answer"),
    "agreed": N_("agreed"),
    "refused": N_("turned down"),
    "withdrawn": N_("taken back"),
}
HANDOVERS: Final = {
    "begun": N_("waits for an answer"),
    "accepted": N_("accepted"),
    "partly": N_("accepted in part"),
    "refused": N_("turned down"),
    "called_off": N_("called off"),
}
TONES: Final = {
    **dict.fromkeys(("proposed", "begun"), "warn"),
    **dict.fromkeys(("agreed", "accepted"), "good"),
    **dict.fromkeys(("refused",), "bad"),
    "partly": "info",
}


# ── the page ──────────────────────────────────────────────────────────────────────────────────────


@router.get("/duty", name="duty")
async def duty(here: Here) -> Response:
    """Who is there now, the week, and what waits for my answer."""
    return await _page(here)


async def _page(here: Visit, code: int = 200, **more: Any) -> Response:
    desk, me = Duty(here.desk), actor(here)
    first, role = _monday(here), here.request.query_params.get("role", "")
    staff, now_there, week, absences, swaps, handovers = await asyncio.gather(
        people.on_the_list(here),
        desk.at(None),
        desk.days(first, DAYS, None),
        desk.absences(None, me),
        desk.swaps(None),
        desk.handovers(me.id, LOGGED),
    )
    shown = [one for one in staff if one["with_us"] and (not role or role in one["roles"])]
    return here.page(
        "duty/page.html",
        code=code,
        first=first,
        last=first + timedelta(days=DAYS - 1),
        before=_week_url(here, first - timedelta(days=DAYS), role),
        after=_week_url(here, first + timedelta(days=DAYS), role),
        this_week=_week_url(here, None, role),
        role=role,
        role_options=_roles_of(here, staff),
        days=_days(here, first),
        rows=_drawn(here, shown, week["items"]),
        gaps=week["gaps"],
        now_there=now_there,
        absences=absences["items"],
        swaps=[one for one in swaps["items"] if me.id in (one["proposer"], one["partner"]) or is_manager(me)],
        to_answer=[one for one in swaps["items"] if one["partner"] == me.id and one["state"] == "proposed"],
        open_handovers=[one for one in handovers["items"] if one["state"] == "begun"],
        on_the_list=any(one["id"] == me.id and one["with_us"] for one in staff),
        **{"typed": {}, "errors": {}, "wrong": "", **await _words(here), **_choices(here, staff), **more},
    )


def actor(here: Visit) -> Actor:
    """Whoever is signed in, as these matters are signed."""
    return actor_of(here.caller, None, Action.ASSIGN)


def _monday(here: Visit) -> date:
    """The Monday of the week that is asked for; this week's for what is no day."""
    try:
        asked = date.fromisoformat(here.request.query_params.get("week", ""))
    except ValueError:
        asked = here.tongue.local(here.now).date()
    return min(max(asked - timedelta(days=asked.weekday()), FIRST), LAST) if asked > FIRST else FIRST


def _week_url(here: Visit, first: date | None, role: str) -> str:
    return here.url("duty", {"week": first.isoformat() if first else "", "role": role})


def _roles_of(here: Visit, staff: list[dict[str, Any]]) -> list[tuple[str, str]]:
    found = {role for one in staff if one["with_us"] for role in one["roles"]}
    return [(role, here.tongue.say(told)) for role, told in ROLE_WORDS.items() if role in found]


def _days(here: Visit, first: date) -> list[dict[str, Any]]:
    today = here.tongue.local(here.now).date()
    names = here.tongue.locale.days["stand-alone"]["abbreviated"]
    days = (first + timedelta(days=n) for n in range(DAYS))
    return [{"on": day, "name": names[day.weekday()], "today": day == today} for day in days]


def _drawn(here: Visit, staff: list[dict[str, Any]], days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for everybody: day → the shifts with their hours, and whether they were swapped or will be missed."""
    told: dict[str, dict[str, Any]] = defaultdict(dict)
    for day in days:
        hours = ["–".join(f"{here.tongue.local(at):%H:%M}" for at in span) for span in day["hours"]]
        told[day["person"]][day["day"]] = {**day, "names": [_shift(here, one) for one in day["shifts"]], "told": hours}
    return [{"who": one, "days": told[one["id"]]} for one in staff]


def _shift(here: Visit, name: str) -> str:
    known = here.desk.playbook_set.duty.shifts.get(name)
    return here.tongue.of(known.names.model_dump()) if known and known.names else name


async def _words(here: Visit) -> dict[str, Any]:
    named = await people.names(here)
    return {
        "me": here.me.id,
        "name_of": lambda id: named.get(id, id),
        "activities": ACTIVITIES,
        "swap_states": SWAPS,
        "handover_states": HANDOVERS,
        "tones": TONES,
        "role_words": ROLE_WORDS,
        "has_cases": lambda roles: any(acts_as(Role(role), Role.AGENT) for role in roles),
        "manages": is_manager(actor(here)),
    }


def _choices(here: Visit, staff: list[dict[str, Any]]) -> dict[str, Any]:
    everybody = [(one["id"], one["name"]) for one in staff if one["with_us"]]
    return {"everybody": everybody, "others": [one for one in everybody if one[0] != here.me.id]}


async def _again(here: Visit, which: str, form: Form, errors: Mapping[str, str]) -> Response:
    """The page with what was typed in one of its forms, and what is wrong with it."""
    return await _page(here, 422, wrong=which, typed=form.keep(), errors=dict(errors))


def told_by(here: Visit, refused: AftercareError | ValidationError, fields: Mapping[str, str]) -> dict[str, str]:
    """What is wrong by field of the form; `fields` renames those of the API. What is about none stands under ''."""
    if isinstance(refused, ValidationError):
        found = {one["field"].partition(".")[0]: here.complaint(one["message"]) for one in errors_of(refused)}
    else:
        found = here.wrong(refused)
    return {fields.get(field, field): told for field, told in found.items()}


# ── absences ──────────────────────────────────────────────────────────────────────────────────────


@router.post("/duty/absences", name="add_absence")
async def add_absence(here: Here) -> Response:
    """Out of office: everybody their own, a manager anybody's. The same form sent twice is one absence."""
    form, me = await here.form(), actor(here)
    begins, until = moment(here, form.text("from")), moment(here, form.text("until"))
    errors = _absence_errors(here, form, begins, until)
    if errors or begins is None or until is None:
        return await _again(here, "absence", form, errors)
    person = form.text("person") or me.id
    known = (await Duty(here.desk).absences(person, me))["items"] if person == me.id or is_manager(me) else []
    if any(_same(one, begins, until) for one in known):
        return here.go(here.url("duty"), here.tongue.say("This absence is written down."))
    asked = {"person": person, "from": begins, "until": until, "stand_in": form.text("stand_in") or None}
    try:
        await Duty(here.desk).absent(AbsenceAsk.model_validate({**asked, "reason": form.text("reason") or None}), me)
    except (ValidationError, Invalid, NotFound) as refused:
        return await _again(here, "absence", form, told_by(here, refused, {"begins": "from"}))
    return here.go(here.url("duty"), here.tongue.say("This absence is written down."))


def moment(here: Visit, text: str) -> datetime | None:
    """What was typed as a time, on the reader's clock."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=here.tongue.zone)


def _absence_errors(here: Visit, form: Form, begins: datetime | None, until: datetime | None) -> dict[str, str]:
    say, found = here.tongue.say, {}
    if begins is None:
        found["from"] = say("Say from when.")
    if until is None:
        found["until"] = say("Say until when.")
    elif begins and until <= max(begins, here.now):
        found["until"] = say("An absence ends after it begins, and in time to come.")
    if form.text("stand_in") and form.text("stand_in") == (form.text("person") or here.me.id):
        found["stand_in"] = say("Nobody stands in for themselves: name somebody else.")
    return found


def _same(one: Mapping[str, Any], begins: datetime, until: datetime) -> bool:
    held = (datetime.fromisoformat(one["from"]), datetime.fromisoformat(one["until"]))
    return not one["ended_at"] and held == (begins, until)


@router.post("/duty/absences/{absence_id}/end", name="end_absence")
async def end_absence(here: Here, absence_id: str) -> Response:
    """Back early, or not gone at all."""
    await Duty(here.desk).call_off_absence(absence_id, actor(here))
    return here.go(here.url("duty"), here.tongue.say("The absence is over."))


# ── swaps ─────────────────────────────────────────────────────────────────────────────────────────


@router.post("/duty/swaps", name="propose_swap")
async def propose_swap(here: Here) -> Response:
    """Propose a swap of one's own duty; the same form sent twice proposes once."""
    form, me = await here.form(), actor(here)
    asked = {name: form.text(name) or None for name in ("partner", "day", "partner_day", "note")}
    missing = {"partner": here.tongue.say("Say with whom."), "day": here.tongue.say("Say on which day.")}
    errors = {field: told for field, told in missing.items() if not asked[field]}
    if errors:
        return await _again(here, "swap", form, errors)
    known = (await Duty(here.desk).swaps(me.id))["items"]
    mine = (me.id, asked["partner"], asked["day"], asked["partner_day"], "proposed")
    kept = ("proposer", "partner", "proposer_day", "partner_day", "state")
    if not any(tuple(one[name] for name in kept) == mine for one in known):
        try:
            await Duty(here.desk).propose_swap(SwapAsk.model_validate(asked), me)
        except (ValidationError, Invalid, NotFound, Conflict) as refused:
            return await _again(here, "swap", form, told_by(here, refused, {}))
    return here.go(here.url("duty"), here.tongue.say("Proposed. It holds once the other agrees."))


@router.post("/duty/swaps/{swap_id}/answer", name="answer_swap")
async def answer_swap(here: Here, swap_id: str) -> Response:
    """The partner agrees or refuses."""
    form = await here.form()
    agrees = form.text("agree") == "yes"
    await Duty(here.desk).answer_swap(swap_id, agrees, form.text("note") or None, actor(here))
    told = here.tongue.say("Agreed: the week shows it.") if agrees else here.tongue.say("Refused.")
    return here.go(here.url("duty"), told)


@router.post("/duty/swaps/{swap_id}/withdraw", name="withdraw_swap")
async def withdraw_swap(here: Here, swap_id: str) -> Response:
    """The proposer takes it back."""
    await Duty(here.desk).withdraw_swap(swap_id, actor(here))
    return here.go(here.url("duty"), here.tongue.say("The swap is taken back."))


# ── handovers ─────────────────────────────────────────────────────────────────────────────────────


@router.get("/duty/handovers", name="handovers")
async def handovers(here: Here, person: Annotated[str, Query()] = "") -> Response:
    """The log, the newest first."""
    found = (await Duty(here.desk).handovers(person or None, 200))["items"]
    staff = _choices(here, await people.on_the_list(here))
    return here.page("duty/handovers.html", found=found, person=person, **staff, **await _words(here))


@router.post("/duty/handovers", name="begin_handover")
async def begin_handover(here: Here) -> Response:
    """List all open cases for the incoming one; a handover that waits already is gone on with."""
    form, me = await here.form(), actor(here)
    if not form.text("to"):
        return await _again(here, "handover", form, {"to": here.tongue.say("Say to whom.")})
    ask = {name: form.text(name) or None for name in ("to", "outgoing", "note")}
    try:
        begun = await Duty(here.desk).hand_over(HandoverAsk.model_validate(ask), me)
    except Conflict as refused:
        waiting = await _waiting(here, ask["outgoing"] or me.id, str(ask["to"]))
        if waiting is None:
            return await _again(here, "handover", form, {"": here.told(refused)})
        return here.go(here.url("handover", handover_id=waiting))
    except (ValidationError, Invalid, NotFound) as refused:
        return await _again(here, "handover", form, told_by(here, refused, {}))
    return here.go(here.url("handover", handover_id=begun["id"]))


async def _waiting(here: Visit, outgoing: str, to: str) -> str | None:
    """The handover of these two that is not answered, if there is one."""
    rows = (await Duty(here.desk).handovers(outgoing, LOGGED))["items"]
    pair = (
        one["id"] for one in rows if one["state"] == "begun" and (one["outgoing"], one["incoming"]) == (outgoing, to)
    )
    return next(pair, None)


@router.get("/duty/handovers/{handover_id}", name="handover")
async def handover(here: Here, handover_id: str) -> Response:
    """What is listed, and what became of it."""
    return await _one(here, handover_id)


async def _one(here: Visit, handover_id: str, code: int = 200, **more: Any) -> Response:
    found = await Duty(here.desk).handover(handover_id)
    kinds = {kind: here.tongue.of(book.names.model_dump()) for kind, book in here.desk.playbook_set.kinds.items()}
    shown = {"errors": {}, "typed": {}, "chosen": None, **more}
    words = await _words(here)
    shown["came_to"] = lambda outcome: _came_to(here, outcome, words["name_of"])
    return here.page("duty/handover.html", code=code, handover=found, kinds=kinds, labels=labels, **shown, **words)


def _came_to(here: Visit, outcome: str, name_of: Callable[[str], str]) -> str:
    """Why an accepted case did not move, as the desk keeps it, in words."""
    if outcome == "closed meanwhile":
        return here.tongue.say("closed meanwhile")
    holder = outcome.removeprefix("with ").removesuffix(" meanwhile")
    if holder != outcome:
        who = here.tongue.say("nobody") if holder == "nobody" else name_of(holder)
        return here.tongue.say("with %(who)s meanwhile", who=who)
    return here.sentence(outcome)


@router.post("/duty/handovers/{handover_id}/accept", name="accept_handover")
async def accept_handover(here: Here, handover_id: str) -> Response:
    """Accept all, or those that are ticked; sent again it moves what has not moved yet."""
    form = await here.form()
    chosen = None if form.text("scope") == "all" else tuple(dict.fromkeys(form.texts("case")))
    if chosen == ():
        wrong = {"": here.tongue.say("Tick the cases that you take, or refuse the handover.")}
        return await _one(here, handover_id, 422, errors=wrong, typed=form.keep(), chosen=())
    await Duty(here.desk).accept(handover_id, chosen, form.text("note") or None, actor(here))
    return here.go(here.url("handover", handover_id=handover_id), here.tongue.say("Accepted."))


@router.post("/duty/handovers/{handover_id}/refuse", name="refuse_handover")
async def refuse_handover(here: Here, handover_id: str) -> Response:
    """The incoming one takes none of them."""
    form = await here.form()
    await Duty(here.desk).refuse(handover_id, form.text("note") or None, actor(here))
    return here.go(here.url("handover", handover_id=handover_id), here.tongue.say("Refused."))


@router.post("/duty/handovers/{handover_id}/call-off", name="call_off_handover")
async def call_off_handover(here: Here, handover_id: str) -> Response:
    """Whoever began it takes it back."""
    await Duty(here.desk).call_off_handover(handover_id, actor(here))
    return here.go(here.url("handover", handover_id=handover_id), here.tongue.say("The handover is called off."))
