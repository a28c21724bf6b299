"""Finance's queue: what is to be paid, alone or in a batch, and what became of it (R1)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.accounting import finance
from api.auth import actor_of
from api.routes.answers import as_csv
from console import labels, people
from console.cases.doing import do
from console.language import N_
from console.listing import amount_of, every, totals
from console.visit import Form, Here, Visit
from models.accounting.payments import ORIGINAL, STORE_CREDIT
from models.accounting.refusals import explained
from models.errors import AftercareError, Invalid
from models.lifecycle import Action

router = APIRouter()
PAGE: Final = 50
MOST_COUNTED: Final = 100
MOST_IN_A_BATCH: Final = 100
TABS: Final = {
    "approved": N_("to pay"),
    "sent": N_("sent"),
    "unknown": N_("outcome unknown"),
    "failed": N_("failed"),
    "done": N_("paid"),
}
COLUMNS: Final = (
    *("id", "case_no", "order_no", "purpose", "amount", "currency", "account", "state", "payment_no"),
    *("paid_by_method", "paid_under", "reference", "failure", "asked_by", "named_by", "confirmed_by", "gateway"),
    *("created_at", "changed_at", "paid_at"),
)
#: What is needed to pay a batch somewhere else: the accounts in full.
TO_PAY: Final = (
    *("id", "case_no", "order_no", "purpose", "amount", "currency", "kind", "to_account", "real_name"),
    *("paid_by_method", "paid_under"),
)


@router.get("/payouts", name="payouts")
async def payouts(here: Here, state: str = "approved", case_no: str = "", cursor: str | None = None) -> Response:
    """Money on its way to customers, the longest waiting first."""
    return await _queue(here, state, case_no, cursor)


async def _queue(
    here: Visit, state: str, case_no: str = "", cursor: str | None = None, code: int = 200, **more: Any
) -> Response:
    state = state if state in TABS else "approved"
    found = await here.desk.payouts((state,), case_no.strip() or None, None, cursor, PAGE)
    query = {"state": state, "case_no": case_no, "cursor": found["next_cursor"]}
    values = {
        "counts": await here.desk.payout_counts([one for one in TABS if one != "done"], MOST_COUNTED),
        "found": found["items"],
        "totals": totals(found["items"]),
        "following": found["next_cursor"] and here.url("payouts", query),
        "state": state,
        "case_no": case_no,
        "cursor": cursor or "",
        "shown": {},
        "most_counted": MOST_COUNTED,
        "tabs": TABS,
        "labels": labels,
        "explained": _explained,
        "command_id": uuid4().hex,
        "names": await people.names(here),
        "errors": {},
        "typed": {},
        "chosen": (),
        **more,
    }
    return here.page("payouts/page.html", part="payouts/_list.html", code=code, **values)


@router.get("/payouts.csv", name="payouts_csv")
async def payouts_csv(here: Here, state: str = "approved", case_no: str = "") -> Response:
    """What a tab shows, all of it, as a spreadsheet; accounts are masked."""
    state = state if state in TABS else "approved"
    rows = [_flat(row) async for row in _all(here, state, case_no)]
    return as_csv(rows, f"payouts-{state}", COLUMNS)


def _all(here: Visit, state: str, case_no: str = "") -> AsyncIterator[dict[str, Any]]:
    about = case_no.strip() or None
    return every(lambda cursor, most: here.desk.payouts((state,), about, None, cursor, most))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row for a file: the payment that gives back by what its provider calls it."""
    paid = row["payment"] or {}
    told = {"paid_by_method": paid.get("method"), "paid_under": paid.get("reference")}
    return {**{name: value for name, value in row.items() if name != "payment"}, **told}


def _explained(failure: str) -> tuple[dict[str, str], str]:
    """Why it was refused, in plain words of both languages, and the provider's own code."""
    words, code = explained(failure)
    return words.model_dump(), code


# ── one ───────────────────────────────────────────────────────────────────────────────────────────


@router.post("/payouts/{payout_id}/paid", name="payout_paid")
async def payout_paid(here: Here, payout_id: str) -> Response:
    """It was paid, under a reference; said again it has no second effect."""
    form = await here.form()
    reference = form.text("reference")
    if not reference or len(reference) > 200:
        return await _wrong(here, form, payout_id, here.tongue.say("Say under which reference it was paid."), 422)
    try:
        await here.desk.payout_paid(payout_id, reference, actor_of(here.caller, action=Action.RECORD_REFUND))
    except AftercareError as refused:
        return await _wrong(here, form, payout_id, here.told(refused), refused.status)
    return here.go(_back(here, form), here.tongue.say("Recorded as paid: %(what)s.", what=reference))


def _back(here: Visit, form: Form) -> str:
    """The page of the list that somebody was on."""
    return here.url("payouts", {name: form.text(name) for name in ("state", "case_no", "cursor")})


@router.post("/payouts/{payout_id}/account", name="payout_account")
async def payout_account(here: Here, payout_id: str) -> Response:
    """The account in full, so that whoever pays copies it and types nothing (R1); who looked is logged."""
    form = await here.form()
    try:
        found = await finance.account(here.desk, payout_id, here.me.id)
    except AftercareError as refused:
        return await _wrong(here, form, payout_id, here.told(refused), refused.status)
    return await _there(here, form, shown={"id": payout_id, **found})


@router.post("/payouts/{payout_id}/failed", name="payout_failed")
async def payout_failed(here: Here, payout_id: str) -> Response:
    """The bank or provider refused it; the money stays reserved."""
    form = await here.form()
    code, note = form.text("code"), form.text("note")
    if not code or len(code) > 200 or len(note) > 2000:
        return await _wrong(here, form, payout_id, here.tongue.say("Say what the bank answered."), 422)
    try:
        actor = actor_of(here.caller, action=Action.FAIL_REFUND)
        await here.desk.payout_failed(payout_id, code, note or None, actor)
    except AftercareError as refused:
        return await _wrong(here, form, payout_id, here.told(refused), refused.status)
    return here.go(here.url("payouts", {"state": "failed"}), here.tongue.say("Recorded as failed."))


@router.post("/payouts/{payout_id}/ask", name="payout_ask")
async def payout_ask(here: Here, payout_id: str) -> Response:
    """Have its provider asked now; nothing is ever sent by that."""
    form = await here.form()
    try:
        found = await here.desk.ask_payout(payout_id, actor_of(here.caller, action=Action.ASK_PAYOUT))
    except AftercareError as refused:
        return await _wrong(here, form, payout_id, here.told(refused), refused.status)
    state = found["state"] if found["state"] in TABS else form.text("state")
    told = here.tongue.say("The provider is being asked about %(case)s. Its answer shows here.", case=found["case_no"])
    return here.go(here.url("payouts", {"state": state, "case_no": found["case_no"]}), told)


@router.post("/payouts/{case_no}/route", name="payout_route")
async def payout_route(here: Here, case_no: str) -> Response:
    """Another way for what was refused: the original payment again, or an account that the customer named (R1)."""
    form = await here.form()
    kind = form.text("kind")
    data = {
        "kind": kind,
        "account": form.text("account") or (kind if kind == "original" else ""),
        "real_name": form.text("real_name") or (kind if kind == "original" else ""),
        "customer_agrees": form.text("customer_agrees") == "on",
    }
    outcome = await do(here, case_no, "provide_account", data, form)
    if not outcome.done:
        typed = {**form.keep(), "case_no": case_no}
        return await _queue(here, "failed", case_no, code=outcome.code, errors=outcome.errors, typed=typed)
    told = here.tongue.say("It is to be paid again. Somebody else pays it.")
    return here.go(here.url("payouts", {"case_no": case_no}), told)


@router.post("/payouts/{case_no}/confirm", name="payout_confirm")
async def payout_confirm(here: Here, case_no: str) -> Response:
    """The second pair of eyes on an account that somebody named (R1)."""
    form = await here.form()
    command = {"action": "confirm_account", "command_id": form.text("command_id") or uuid4().hex, "data": {}}
    await here.desk.command(case_no, command, here.caller)
    return here.go(here.url("payouts"), here.tongue.say("The account of %(case)s is confirmed.", case=case_no))


async def _wrong(here: Visit, form: Form, payout_id: str, words: str, code: int) -> Response:
    return await _there(here, form, code=code, errors={"": words}, typed={**form.keep(), "id": payout_id})


async def _there(here: Visit, form: Form, **more: Any) -> Response:
    """The page of the list that the form was on."""
    return await _queue(here, form.text("state"), form.text("case_no"), form.text("cursor") or None, **more)


# ── many ──────────────────────────────────────────────────────────────────────────────────────────


@router.post("/payouts/batch", name="check_batch")
async def check_batch(here: Here) -> Response:
    """What is about to be paid, with count and sum to be typed once more by whoever pays."""
    form = await here.form()
    chosen = form.texts("payout")
    if not chosen or len(chosen) > MOST_IN_A_BATCH:
        told = here.tongue.say("Choose between 1 and %(most)s payouts.", most=MOST_IN_A_BATCH)
        return await _queue(here, "approved", code=422, errors={"": told}, chosen=chosen)
    rows = await _of(here, chosen)
    return _batch(here, rows, {}, {})


async def _of(here: Visit, chosen: list[str]) -> list[dict[str, Any]]:
    """Those of the chosen payouts that are still to be paid."""
    return [row for row in await here.desk.payouts_named(chosen) if row["state"] == "approved"]


def _batch(
    here: Visit, rows: list[dict[str, Any]], typed: Mapping[str, str], errors: Mapping[str, str], code: int = 200
) -> Response:
    values: dict[str, Any] = {"rows": rows, "totals": totals(rows), "typed": typed, "errors": errors, "labels": labels}
    return here.page("payouts/batch.html", code=code, **values)


@router.post("/payouts/batch/file", name="batch_file")
async def batch_file(here: Here) -> Response:
    """The chosen payouts as a file to pay from, with their accounts in full; who took it is logged (R1)."""
    chosen = (await here.form()).texts("payout")
    if len(chosen) > MOST_IN_A_BATCH:
        raise Invalid(f"A batch has at most {MOST_IN_A_BATCH} payouts.")
    rows = [{**_flat(row), **await _to(here, row)} for row in await _of(here, chosen)]
    return as_csv(({name: row.get(name) for name in TO_PAY if name in row} for row in rows), "to-pay", TO_PAY)


async def _to(here: Visit, row: dict[str, Any]) -> dict[str, str | None]:
    """Where a payout goes; nothing where it goes back to what was paid from."""
    kind = str(row["account"] or ORIGINAL).partition(" ")[0]
    if kind in (ORIGINAL, STORE_CREDIT):
        return {"kind": kind}
    found = await finance.account(here.desk, row["id"], here.me.id)
    return {"kind": found["kind"], "to_account": found["account"], "real_name": found["real_name"]}


@router.post("/payouts/batch/pay", name="pay_batch")
async def pay_batch(here: Here) -> Response:
    """Record the batch as paid, one payout after the other; each is answered, and what is refused stays to be paid."""
    form = await here.form()
    chosen, reference = form.texts("payout"), form.text("reference")
    if len(chosen) > MOST_IN_A_BATCH:
        raise Invalid(f"A batch has at most {MOST_IN_A_BATCH} payouts.")
    rows = await _of(here, chosen)
    gone = len(set(chosen)) - len(rows)
    errors = _control(here, form, rows) if not gone else {}
    if gone:
        told = here.tongue.say("%(count)s of them are not to be paid any more. Check the list again.", count=gone)
        errors[""] = told
    if not reference or len(reference) > 200:
        errors["reference"] = here.tongue.say("Say under which reference it was paid.")
    if errors:
        return _batch(here, rows, form.keep(), errors, 422)
    actor = actor_of(here.caller, action=Action.RECORD_REFUND)
    # One after the other: payouts of one order wait for each other anyway.
    answers = [(row, await _pay_one(here, row["id"], reference, actor)) for row in rows]
    return here.page("payouts/answers.html", answers=answers, reference=reference, labels=labels)


async def _pay_one(here: Visit, payout_id: str, reference: str, actor: Any) -> str:
    """Why it was not recorded as paid; empty when it was."""
    try:
        await here.desk.payout_paid(payout_id, reference, actor)
    except AftercareError as refused:
        return here.told(refused)
    return ""


def _control(here: Visit, form: Form, rows: list[dict[str, Any]]) -> dict[str, str]:
    """What of the control totals does not agree."""
    errors, say = {}, here.tongue.say
    for total in totals(rows):
        currency = total.currency
        if form.text(f"count-{currency}") != str(total.count):
            errors[f"count-{currency}"] = say("The count in %(currency)s does not agree.", currency=currency)
        if amount_of(form.text(f"sum-{currency}")) != total.amount:
            errors[f"sum-{currency}"] = say("The sum in %(currency)s does not agree.", currency=currency)
    return errors
