"""One case: where it stands, what is to be done, and doing it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import actor_of
from console import labels, people
from console.cases import approving, chips, forms, sentences, timeline
from console.cases.amounts import Amounts, amounts_of
from console.cases.groups import ELSEWHERE, GROUPS
from console.pages.live import others_of
from console.visit import Form, Here, Visit
from models.commands import parse_command, parse_data
from models.errors import AftercareError, CommandRefused, Conflict, DataRefused, NotFound, PreviewStale, Unavailable
from models.lifecycle import Action, may
from models.masking import masked

router = APIRouter()
log = logging.getLogger("aftercare.console")

#: After these nothing can be said any more, so the words for the customer go before them.
LAST: Final = frozenset({Action.REJECT, Action.CLOSE, Action.WITHDRAW, Action.COMPLETE_CALLBACK, Action.MISS_CALLBACK})
#: The most entries that a page shows; older ones are a click away.
MOST_ENTRIES = 100


@router.get("/cases/{case_no}", name="case")
async def case(here: Here, case_no: str, show: str = "all", before: int | None = None) -> Response:
    """Everything about one case; `before` an entry: what happened earlier."""
    return await page_of(here, case_no, show=show if show in timeline.FILTERS else "all", before=before)


async def page_of(
    here: Visit, case_no: str, code: int = 200, show: str = "all", before: int | None = None, **more: Any
) -> Response:
    """The page of a case, with what somebody typed into one of its forms."""
    seen = await seen_of(here, case_no, show, before)
    given = {"show": show, "before": before, "filters": timeline.FILTERS, "typed": {}, "phone": None, "email": None}
    values = {**seen, **given, **more}
    return here.page("cases/page.html", part="cases/_case.html", code=code, **values)


async def seen_of(here: Visit, case_no: str, show: str = "all", before: int | None = None) -> dict[str, Any]:
    """What the page of a case shows."""
    only, but = timeline.chosen(show)
    document, entries, files, names, customer = await asyncio.gather(
        here.desk.case(case_no, here.roles, here.me.id),
        here.desk.timeline_back(case_no, before, MOST_ENTRIES, only, but),
        here.desk.filing.of_case(case_no),
        people.names(here),
        here.desk.customer_of(case_no),
    )
    order = await here.desk.order(document["order_no"]) if document["order_no"] else None
    actions = {one["action"]: one for one in document["actions"]}
    return {
        "case": document,
        "chips": chips.all_three(document),
        "actions": actions,
        "groups": _groups(here, actions),
        "primary": _primary(here, document, actions),
        "command_id": uuid4().hex,
        "seen": entries["last_seq"],
        "rows": timeline.rows(entries["items"], here.tongue, names, timeline.About.of(document)),
        "older": entries["before"],
        "ahead": timeline.ahead(document, here.tongue),
        "asked_sum": await approving.asked_of(here, document),
        "asked_for": approving.more_of(here, document),
        "order": order,
        "contact": _masked(customer),
        "files": files,
        "names": names,
        "labels": labels,
        "sources": sentences.sums((document["plan"] or {}).get("sources") or (), here.tongue),
        "script": script_of(document, order, here.house.locale),
        "spoken": language_of(order, here.house.locale),
        "why": lambda reasons: why(here, reasons),
        "at_case": case_no,
        "case_no": case_no,
        **await others_of(here, case_no),
        "kind": kind_words(here, document["kind"]),
        "kinds": kinds(here),
    }


def kinds(here: Visit) -> dict[str, str]:
    """Every kind of case in this language."""
    return {one["kind"]: here.tongue.of(one["names"]) for one in here.desk.playbooks()["items"]}


def kind_words(here: Visit, kind: str) -> str:
    """A kind of case in this language."""
    return kinds(here).get(kind, kind)


def _masked(customer: Mapping[str, Any]) -> dict[str, Any]:
    """The customer as he is shown until somebody asks for more."""
    hidden = {name: masked(customer[name]) if customer[name] else "" for name in ("phone", "email")}
    return {**customer, **hidden, "name": customer["name"] or ""}


def script_of(document: Mapping[str, Any], order: Mapping[str, Any] | None, locale: str) -> str:
    """What to say, in the customer's language: it is he who reads it."""
    told = (document["next_step"] or {}).get("script") or {}
    return told.get(language_of(order, locale).partition("-")[0]) or next(iter(told.values()), "")


def language_of(order: Mapping[str, Any] | None, locale: str) -> str:
    """The language that the customer speaks, as far as the order says; else that of the shop."""
    customer = (order or {}).get("customer") or {}
    return str(customer.get("language") or locale)


def _groups(here: Visit, actions: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The other actions: those allowed first; those that this person's roles never reach are left out."""
    found = []
    for title, listed in GROUPS:
        mine = [actions[name] for name in listed if name in actions and here.may_act(name)]
        found.append((title, sorted(mine, key=lambda one: not one["allowed"])))
    return found


def _primary(here: Visit, document: Mapping[str, Any], actions: Mapping[str, Any]) -> dict[str, Any] | None:
    """The action of the next step, if this person may do it now."""
    step = document["next_step"]
    name = step["action"] if step else None
    if name is None or name in ELSEWHERE or not actions.get(name, {}).get("allowed"):
        return None
    if not any(may(role, Action(name)) for role in here.roles):
        return None
    values = flat(step["data"])
    if name == Action.REQUEST_EVIDENCE and not values.get("what"):
        values["what"] = "\n".join(one["key"] for one in step["evidence_missing"])  # all of it, unless some is unticked
    known = known_of(here, document, name, values=values)
    return {"action": name, "fields": forms.fields_of(Action(name), known), "values": values}


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Data as the names and texts of a form."""
    found: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{prefix}{key}."))
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, one in enumerate(value):
                found.update(flat(one, f"{prefix}{key}.{number}."))
        elif isinstance(value, list):
            found[f"{prefix}{key}"] = "\n".join(str(one) for one in value)
        elif isinstance(value, bool):
            found[f"{prefix}{key}"] = "true" if value else ""
        elif value is not None:
            found[f"{prefix}{key}"] = str(value)
    return found


def known_of(
    here: Visit,
    document: Mapping[str, Any],
    action: str,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    now_typed: bool = False,
    names: Mapping[str, str] | None = None,
) -> forms.Known:
    """What the form of an action can offer in this case."""
    say = here.tongue.say
    lines = [(f"{one['name'] or one['sku']} × {one['quantity']}", one) for one in document["lines"]]
    rows: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "lines": [(told, {"line_no": one["line_no"], "quantity": one["quantity"]}) for told, one in lines]
    }
    choices: dict[str, forms.Choices] = {"line_no": [(str(one["line_no"]), told) for told, one in lines]}
    if action == "change_kind":
        choices["kind"] = sorted(kinds(here).items(), key=lambda one: one[1])
    if action == "correct":
        choices["to_state"] = [(state, say(words)) for state, words in labels.STATES.items()]
    if action == "assign" and names:
        choices["to"] = sorted(names.items(), key=lambda one: one[1])
    if action in ("request_evidence", "submit_evidence"):
        wanted = [
            (one["key"], here.tongue.of(one)) for one in (document["next_step"] or {}).get("evidence_missing", [])
        ]
        if wanted:
            choices["what"] = choices["keys"] = wanted
    if action == "accept_offer" and document["offer"]:
        told = enumerate(document["offer"]["options"], start=1)
        choices["option"] = [(str(n), offered(here, one, document)) for n, one in told]
    if action in ("record_refund", "fail_refund", "ask_payout"):
        over = ("done", "cancelled", "bounced", *(("approved", "failed") if action == "ask_payout" else ()))
        still = [one for one in document["payouts"] if one["state"] not in over]
        choices["payout_id"] = [
            (one["id"], f"{here.tongue.money(one['amount'])} · {say(labels.PURPOSES[one['purpose']])}") for one in still
        ]
    if action == "bounce_refund":
        paid = [one for one in document["payouts"] if one["state"] == "done"]
        choices["payout_id"] = [
            (one["id"], f"{here.tongue.money(one['amount'])} · {say(labels.PURPOSES[one['purpose']])}") for one in paid
        ]
    if action == "choose_remedy":
        can: list[dict[str, Any]] = next(
            (one.get("remedies", []) for one in document["actions"] if one["action"] == action), []
        )
        choices["remedy"] = [
            (one["remedy"], say(labels.choice("remedy", one["remedy"]))) for one in can if one["allowed"]
        ]
    return forms.Known(say, choices, rows, values or {}, errors or {}, now_typed)


def offered(here: Visit, option: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """An option of an offer in a few words."""
    say = here.tongue.say
    told = say(labels.choice("type", option["type"]))
    currency = document["money"]["refund"]["currency"] if document["money"]["refund"] else None
    if option.get("amount") and currency:
        told += " " + here.tongue.money({"amount": option["amount"], "currency": currency})
    return f"{told} · {option['text']}" if option.get("text") else told


# ── doing something ───────────────────────────────────────────────────────────────────────────────


@router.get("/cases/{case_no}/do/{action}", name="case_form")
async def case_form(here: Here, case_no: str, action: str) -> Response:
    """The form of an action."""
    return await _form(here, case_no, _action(action))


@router.post("/cases/{case_no}/do/{action}", name="case_act")
async def case_act(here: Here, case_no: str, action: str) -> Response:
    """Do it; on to the case as it is then."""
    form, named = await here.form(), _action(action)
    typed = forms.typed_of(form.data.multi_items())
    conflict = await _meanwhile(here, case_no, form)
    if conflict:
        return await _form(here, case_no, named, typed, conflict=conflict, code=409)
    data = forms.data_of(named, typed, here.tongue.zone)
    if named is Action.CHOOSE_REMEDY and form.text("preview_id"):
        data["preview_id"] = form.text("preview_id")
    command_id = form.text("command_id") or uuid4().hex
    said = wrong = ""
    try:
        if named in LAST and await _can_be_done(here, case_no, named, data):
            said, wrong = await _say_too(here, case_no, form, command_id)
        await here.desk.command(case_no, _envelope(action, data, command_id), here.caller)
    except DataRefused as refused:
        errors = here.wrong(refused)
        return await _form(here, case_no, named, typed, errors, code=422)
    except PreviewStale as refused:
        document = await here.desk.case(case_no, here.roles, here.me.id)
        errors, shown = {"": here.told(refused)}, await amounts_of(here, document, data)
        return await _form(here, case_no, named, typed, errors, code=refused.status, shown=shown)
    except (CommandRefused, Conflict, Unavailable) as refused:
        return await _form(here, case_no, named, typed, {"": here.told(refused)}, code=refused.status)
    if named not in LAST:
        said, wrong = await _say_too(here, case_no, form, command_id)
    if wrong:
        unsaid = {"words": form.text("say")}
        return await page_of(here, case_no, 422, typed=unsaid, write_errors={"message": wrong}, writing="message")
    return here.go(here.url("case", case_no=case_no), said or here.tongue.say("Done."))


@router.post("/cases/{case_no}/amounts", name="case_amounts")
async def case_amounts(here: Here, case_no: str) -> Response:
    """The form of a remedy with what it comes to; nothing moves, and choosing it names these numbers (F20)."""
    form, named = await here.form(), Action.CHOOSE_REMEDY
    typed = forms.typed_of(form.data.multi_items())
    data = forms.data_of(named, typed, here.tongue.zone)
    document = await here.desk.case(case_no, here.roles, here.me.id)
    try:
        _mind_data(here, named, data)
        shown = await amounts_of(here, document, data)
    except AftercareError as refused:
        return await _form(here, case_no, named, typed, here.wrong(refused), code=422)
    errors = {} if shown else {"": here.tongue.say("This moves no money.")}
    return await _form(here, case_no, named, typed, errors, shown=shown)


def _action(name: str) -> Action:
    try:
        found = Action(name)
    except ValueError:
        raise NotFound(f"There is no action '{name}'.") from None
    return found


def _envelope(action: str, data: Mapping[str, Any], command_id: str) -> dict[str, Any]:
    return {"action": action, "command_id": command_id, "data": dict(data)}


async def _meanwhile(here: Visit, case_no: str, form: Form) -> list[timeline.Row]:
    """What others did to the case since the form was made; nothing when it says that this was seen."""
    seen = form.text("seen")
    if not seen.isdecimal():
        return []
    found = await here.desk.timeline(case_no, int(seen), 50)
    others = [one for one in found["items"] if one["actor"]["id"] != here.me.id and _matters(one)]
    return timeline.rows(others, here.tongue, await people.names(here)) if others else []


async def _can_be_done(here: Visit, case_no: str, action: Action, data: Mapping[str, Any]) -> bool:
    """Whether a step is allowed and its data can be read, so that nobody is told of what does not happen."""
    document = await here.desk.case(case_no, here.roles, here.me.id)
    if not next(one for one in document["actions"] if one["action"] == action.value)["allowed"]:
        return False
    _mind_data(here, action, data)
    return True


def _mind_data(here: Visit, action: Action, data: Mapping[str, Any]) -> None:
    """Raises DataRefused for data that cannot be read."""
    actor = {"id": here.me.id, "role": next(iter(here.roles))}
    parse_data(parse_command({"action": action, "actor": actor, "data": dict(data)}))


def _matters(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is news for somebody who decides: what the machine only notes beside is none."""
    return bool(entry["actor"]["role"] != "system" or entry["from"] != entry["to"])


async def _say_too(here: Visit, case_no: str, form: Form, command_id: str) -> tuple[str, str]:
    """Send the words that go to the customer with a step: that they were sent, and why they were not."""
    words = form.text("say")
    if not words or form.text("say_it") != "on":
        return "", ""
    try:
        await here.desk.command(case_no, _envelope("message", {"text": words}, f"{command_id} said"), here.caller)
    except AftercareError as refused:
        return "", here.tongue.say("Done, but the message was not sent: %(why)s", why=here.told(refused))
    return here.tongue.say("Done, and the customer was told."), ""


async def _form(
    here: Visit,
    case_no: str,
    action: Action,
    typed: Mapping[str, list[str]] | None = None,
    errors: Mapping[str, str] | None = None,
    conflict: list[timeline.Row] | None = None,
    code: int = 200,
    shown: Amounts | None = None,
) -> Response:
    document, entries, names = await asyncio.gather(
        here.desk.case(case_no, here.roles, here.me.id), here.desk.timeline_back(case_no, None, 1), people.names(here)
    )
    answer = next(one for one in document["actions"] if one["action"] == action.value)
    kept = forms.kept(typed) if typed else flat(_proposed(document, action))
    known = known_of(here, document, action.value, kept, errors, typed is not None, names)
    fields = forms.fields_of(action, known)
    values = {
        "case": document,
        "action": action.value,
        "answer": answer,
        "fields": fields,
        "errors": _told(errors or {}, fields),
        "conflict": conflict or [],
        "shown": shown,
        "command_id": kept.get("command_id") or uuid4().hex,
        "seen": entries["last_seq"],
        "typed": kept,
        "labels": labels,
        "why": why(here, answer["reasons"]),
    }
    return here.page("cases/form.html", part="cases/_form.html", code=code, **values)


def _proposed(document: Mapping[str, Any], action: Action) -> Mapping[str, Any]:
    step = document["next_step"] or {}
    return step.get("data") or {} if step.get("action") == action.value else {}


def _told(errors: Mapping[str, str], fields: tuple[forms.Field, ...]) -> dict[str, str]:
    """What is wrong, each with the words of its field."""
    named = {one.name: one.label for one in _every(fields)}
    return {field: f"{named[field]}: {words}" if field in named else words for field, words in errors.items()}


def _every(fields: tuple[forms.Field, ...]) -> list[forms.Field]:
    found: list[forms.Field] = []
    for one in fields:
        found += [one, *_every(one.fields)]
        for _, row in one.rows:
            found += _every(row)
    return found


def why(here: Visit, reasons: list[str]) -> str:
    """Why an action is not allowed, in this language as far as it is known."""
    told = []
    for reason in reasons:
        if reason.startswith("not while the case is '"):
            state = reason.split("'")[1]
            told.append(
                here.tongue.say("not while the case is: %(state)s", state=here.tongue.say(labels.STATES[state]))
            )
        elif reason.startswith("not by "):
            told.append(here.tongue.say("your role does not do this"))
        else:
            told.append(here.sentence(reason))
    return "; ".join(told)


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


@router.post("/cases/{case_no}/message", name="case_message")
async def case_message(here: Here, case_no: str) -> Response:
    """To the customer, and to nobody else."""
    return await _write(here, case_no, "message", "text", here.tongue.say("Sent to the customer."))


@router.post("/cases/{case_no}/note", name="case_note")
async def case_note(here: Here, case_no: str) -> Response:
    """For colleagues; no customer ever reads it."""
    return await _write(here, case_no, "note", "note", here.tongue.say("Noted for colleagues."))


@router.post("/cases/{case_no}/heard", name="case_heard")
async def case_heard(here: Here, case_no: str) -> Response:
    """What the customer said, on the telephone or elsewhere."""
    return await _write(here, case_no, "customer_message", "text", here.tongue.say("Recorded."))


async def _write(here: Visit, case_no: str, action: str, field: str, done: str) -> Response:
    form = await here.form()
    words, command_id = form.text("words"), form.text("command_id") or uuid4().hex
    if not words:
        told = {action: here.tongue.say("Write something first.")}
        return await page_of(here, case_no, 422, typed=form.keep(), write_errors=told, writing=action)
    meanwhile = await _meanwhile(here, case_no, form) if action == "message" else []
    if meanwhile:
        return await page_of(here, case_no, 409, typed=form.keep(), writing=action, meanwhile=meanwhile)
    try:
        await here.desk.command(case_no, _envelope(action, {field: words}, command_id), here.caller)
    except (CommandRefused, Unavailable) as refused:
        told = {action: here.told(refused)}
        return await page_of(here, case_no, refused.status, typed=form.keep(), write_errors=told, writing=action)
    return here.go(here.url("case", case_no=case_no), done)


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


@router.post("/cases/{case_no}/files", name="case_add_files")
async def case_add_files(here: Here, case_no: str) -> Response:
    """Photos and papers of a case."""
    form = await here.form()
    chosen = form.files("files")
    if not chosen:
        told = {"attach": here.tongue.say("Choose a file first.")}
        return await page_of(here, case_no, 422, write_errors=told, writing="attach")
    actor = actor_of(here.caller, action=Action.ATTACH)
    for one in chosen:
        try:
            await here.desk.add_file(case_no, one.file, one.filename, actor)
        except AftercareError as refused:
            told = {"attach": f"{one.filename}: {here.told(refused)}"}
            return await page_of(here, case_no, refused.status, write_errors=told, writing="attach")
    done = here.tongue.say_many("One file added.", "%(count)s files added.", len(chosen))
    return here.go(here.url("case", case_no=case_no), done)


@router.get("/cases/{case_no}/files/{file_id}", name="case_file")
async def case_file(here: Here, case_no: str, file_id: str, small: bool = False) -> Response:
    """A file of this case; what is no picture is saved, never opened."""
    content, media_type = await here.desk.filing.fetch(case_no, file_id, small)
    shown = media_type.startswith("image/")
    headers = {"Cache-Control": "private, max-age=3600", "Content-Disposition": "inline" if shown else "attachment"}
    return Response(content, media_type=media_type, headers=headers)


@router.get("/cases/{case_no}/slip", name="case_slip")
async def case_slip(here: Here, case_no: str) -> Response:
    """The return slip, to print."""
    made = await here.desk.slip(case_no)
    headers = {"Content-Disposition": f'inline; filename="slip-{case_no}.pdf"'}
    return Response(made.pdf, media_type="application/pdf", headers=headers)


@router.post("/cases/{case_no}/reveal", name="case_reveal")
async def case_reveal(here: Here, case_no: str) -> Response:
    """The customer's telephone in full; who looked is logged."""
    customer = await here.desk.customer_of(case_no)
    log.info("%s looked at the telephone of the customer of %s", here.me.id, case_no)
    return await page_of(here, case_no, phone=customer["phone"] or "–", email=customer["email"])
