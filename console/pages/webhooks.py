"""Word to other programs: who is told of what, how each delivery went, tests, new secrets, telling again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.documents.requests import Number
from api.documents.webhooks import EndpointAsk, ReplayAsk
from console.language import N_
from console.visit import Form, Here, Visit
from models.commands import errors_of
from models.errors import AftercareError, Conflict, Invalid
from models.outside.webhooks import SUBSCRIBED, EventType

router = APIRouter()
PAGE: Final = 50
#: What other programs can be told, in words.
EVENTS: Final[Mapping[str, str]] = {
    EventType.CASE_OPENED.value: N_("a case was opened"),
    EventType.CASE_MOVED.value: N_("a case came into another state"),
    EventType.CASE_ESCALATED.value: N_("a case was escalated"),
    EventType.CASE_CLOSED.value: N_("a case was closed, rejected or withdrawn"),
    EventType.CASE_REOPENED.value: N_("a case is open again"),
    EventType.PAYOUT_PAID.value: N_("money of a payout has left"),
    EventType.PAYOUT_FAILED.value: N_("a payout could not be made"),
    EventType.PARCEL_CHANGED.value: N_("a parcel stands somewhere else"),
    EventType.PING.value: N_("a test"),
}
STATES: Final = {
    "": N_("all"),
    "waiting": N_("to be delivered"),
    "delivered": N_("taken"),
    "given_up": N_("never delivered"),
}
TONES: Final = {"waiting": "info", "delivered": "good", "given_up": "bad"}
#: So many hours the old secret signs besides.
HOURS: Final = (24, 0, 1, 72, 168)


@router.get("/webhooks", name="webhooks")
async def webhooks(here: Here) -> Response:
    """Every address that is told."""
    return await _list(here)


async def _list(here: Visit, code: int = 200, **more: Any) -> Response:
    found = (await here.outside.webhooks.every())["items"]
    shown = {"typed": {}, "errors": {}, "chosen": (), **more}
    return here.page("webhooks/page.html", code=code, found=found, **_words(here), **shown)


def _words(here: Visit) -> dict[str, Any]:
    return {
        "events": [(one.value, here.tongue.say(EVENTS[one.value])) for one in SUBSCRIBED],
        "event_words": EVENTS,
        "states": STATES,
        "tones": TONES,
        "why_off": lambda why: _why_off(here, why),
    }


def _why_off(here: Visit, why: str | None) -> str:
    if why and "410" in why:
        return here.tongue.say("it answered that it is gone for good (410)")
    return here.tongue.say("it took nothing for days") if why else ""


def _asked(form: Form) -> EndpointAsk:
    """What a form says of an endpoint. Raises ValidationError."""
    known = {one.value for one in SUBSCRIBED}
    events = [one for one in form.texts("events") if one in known]
    # All of them is what somebody gets who chose none: events that come later too.
    told = [] if set(events) == known else events
    return EndpointAsk.model_validate({"url": form.text("url"), "events": told, "note": form.text("note")})


def _wrong(here: Visit, wrong: ValidationError | AftercareError) -> dict[str, str]:
    if isinstance(wrong, ValidationError):
        return {one["field"]: here.complaint(one["message"]) for one in errors_of(wrong)}
    return here.wrong(wrong)


@router.post("/webhooks", name="add_webhook")
async def add_webhook(here: Here) -> Response:
    """Tell another program; its secret is on the answer and nowhere else. The same address twice is refused."""
    form = await here.form()
    try:
        made = await here.outside.webhooks.add(_asked(form), here.me.id)
    except (ValidationError, Invalid, Conflict) as refused:
        code = refused.status if isinstance(refused, AftercareError) else 422
        return await _list(here, code, typed=form.keep(), chosen=form.texts("events"), errors=_wrong(here, refused))
    return here.page("webhooks/secret.html", one=made, hours=None)


@router.get("/webhooks/{endpoint_id}", name="webhook")
async def webhook(here: Here, endpoint_id: Number, state: str = "", cursor: str = "") -> Response:
    """One address with its deliveries, the newest first."""
    return await _one(here, endpoint_id, state, cursor)


async def _one(
    here: Visit, endpoint_id: str, state: str = "", cursor: str = "", code: int = 200, **more: Any
) -> Response:
    state = state if state in STATES else ""
    one = await here.outside.webhooks.show(endpoint_id)
    page = await here.outside.webhooks.deliveries(endpoint_id, state or None, cursor or None, PAGE)  # type: ignore[arg-type]
    asked = {"state": state, "cursor": page["next_cursor"]}
    following = here.url("webhook", asked, endpoint_id=endpoint_id) if page["next_cursor"] else None
    events = one["events"] or [event.value for event in SUBSCRIBED]
    shown = {
        "typed": one,
        "errors": {},
        "chosen": events,
        "mark": await here.outside.webhooks.mark(endpoint_id),
        **more,
    }
    lists = {"found": page["items"], "following": following, "state": state, "hours": HOURS}
    return here.page("webhooks/one.html", code=code, one=one, **lists, **_words(here), **shown)


@router.post("/webhooks/{endpoint_id}", name="change_webhook")
async def change_webhook(here: Here, endpoint_id: Number) -> Response:
    """Another address, other events, another note; the secret stays."""
    form = await here.form()
    try:
        await here.outside.webhooks.change(endpoint_id, _asked(form))
    except (ValidationError, Invalid, Conflict) as refused:
        code = refused.status if isinstance(refused, AftercareError) else 422
        again: dict[str, Any] = {"typed": form.keep(), "chosen": form.texts("events"), "errors": _wrong(here, refused)}
        return await _one(here, endpoint_id, code=code, **again)
    return _back(here, endpoint_id, here.tongue.say("Saved."))


def _back(here: Visit, endpoint_id: str, told: str) -> Response:
    return here.go(here.url("webhook", endpoint_id=endpoint_id), told)


@router.post("/webhooks/{endpoint_id}/rotate", name="rotate_webhook")
async def rotate_webhook(here: Here, endpoint_id: Number) -> Response:
    """A new secret, shown once; the old one signs besides for a while. The same form again makes no other."""
    form = await here.form()
    hours = int(form.text("hours")) if form.text("hours") in {str(one) for one in HOURS} else HOURS[0]
    if form.text("mark") != await here.outside.webhooks.mark(endpoint_id):
        told = here.tongue.say("A new secret was made already and shown once. If it is lost, make another here.")
        return await _one(here, endpoint_id, code=409, errors={"": told})
    made = await here.outside.webhooks.rotate(endpoint_id, timedelta(hours=hours))
    return here.page("webhooks/secret.html", one=made, hours=hours)


@router.post("/webhooks/{endpoint_id}/enable", name="enable_webhook")
async def enable_webhook(here: Here, endpoint_id: Number) -> Response:
    """Switch it on again."""
    await here.outside.webhooks.enable(endpoint_id)
    return _back(here, endpoint_id, here.tongue.say("Switched on; what waits is tried at once."))


@router.post("/webhooks/{endpoint_id}/remove", name="remove_webhook")
async def remove_webhook(here: Here, endpoint_id: Number) -> Response:
    """Tell it nothing more; its deliveries go with it."""
    await here.outside.webhooks.remove(endpoint_id)
    return here.go(here.url("webhooks"), here.tongue.say("It is told nothing any more."))


@router.post("/webhooks/{endpoint_id}/ping", name="ping_webhook")
async def ping_webhook(here: Here, endpoint_id: Number) -> Response:
    """A test, on to its delivery."""
    try:
        sent = await here.outside.webhooks.ping(endpoint_id)
    except Conflict as refused:
        return await _one(here, endpoint_id, code=409, errors={"": here.told(refused)})
    told = here.tongue.say("The test is on its way; load the page again in a moment.")
    return here.go(here.url("delivery", delivery_id=sent["id"]), told)


@router.post("/webhooks/{endpoint_id}/again", name="tell_again")
async def tell_again(here: Here, endpoint_id: Number) -> Response:
    """What was given up, or everything that is kept, once more under the same ids."""
    form = await here.form()
    done = await here.outside.webhooks.replay_many(endpoint_id, ReplayAsk(all=form.text("all") == "on"))
    told = here.tongue.say_many("One delivery begins anew.", "%(count)s deliveries begin anew.", done["replayed"])
    return _back(here, endpoint_id, told if done["replayed"] else here.tongue.say("There is nothing to tell again."))


@router.get("/deliveries/{delivery_id}", name="delivery")
async def delivery(here: Here, delivery_id: Number) -> Response:
    """One delivery: what is sent, and what each try came to."""
    found = await here.outside.webhooks.delivery(delivery_id)
    one = await here.outside.webhooks.show(found["endpoint_id"])
    return here.page("webhooks/delivery.html", found=found, one=one, **_words(here))


@router.post("/deliveries/{delivery_id}/again", name="deliver_again")
async def deliver_again(here: Here, delivery_id: Number) -> Response:
    """From the beginning, under the same id."""
    await here.outside.webhooks.replay(delivery_id)
    return here.go(here.url("delivery", delivery_id=delivery_id), here.tongue.say("It is delivered again."))
