"""What customers owe us, and what they paid too much: paid back, waived by two people, given back (F24, T21)."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.accounting import finance
from api.routes.answers import as_csv
from console import labels, people
from console.cases.doing import Outcome, do
from console.language import N_
from console.listing import amount_of, every, plain_amount, totals
from console.visit import Form, Here, Visit
from models.lifecycle import Role

router = APIRouter()
PAGE: Final = 50
TABS: Final = {
    "owed": N_("owed to us"),
    "asked": N_("waiver asked for"),
    "settled": N_("paid, netted or waived"),
    "overpaid": N_("paid too much"),
}
COLUMNS: Final = (
    *("case_no", "order_no", "customer", "state", "owed", "currency", "freight", "twice", "netted", "repaid"),
    *("recovered", "waived", "overpaid", "given_back", "asked", "asked_by", "reason"),
)


@router.get("/receivables", name="receivables")
async def receivables(here: Here, which: str = "owed", case_no: str = "", cursor: str | None = None) -> Response:
    """What is owed, the oldest case first."""
    return await _queue(here, which, case_no, cursor)


async def _queue(
    here: Visit, which: str, case_no: str = "", cursor: str | None = None, code: int = 200, **more: Any
) -> Response:
    which = which if which in TABS else "owed"
    found = await _page(here, which, case_no, cursor, PAGE)
    query = {"which": which, "case_no": case_no, "cursor": found["next_cursor"]}
    values = {
        "found": found["items"],
        "totals": totals(found["items"], "overpaid" if which == "overpaid" else "owed"),
        "following": found["next_cursor"] and here.url("receivables", query),
        "which": which,
        "case_no": case_no,
        "tabs": TABS,
        "names": await people.names(here),
        "labels": labels,
        "finance": Role.FINANCE in here.roles,
        "command_id": uuid4().hex,
        "errors": {},
        "typed": {},
        **more,
    }
    return here.page("receivables/page.html", part="receivables/_list.html", code=code, **values)


async def _page(here: Visit, which: Any, case_no: str, cursor: str | None, most: int) -> Mapping[str, Any]:
    return await finance.owed(here.desk, which, case_no.strip() or None, cursor, most)


@router.get("/receivables.csv", name="receivables_csv")
async def receivables_csv(here: Here, which: str = "owed", case_no: str = "") -> Response:
    """A tab as a spreadsheet; names are masked."""
    which = which if which in TABS else "owed"
    rows = [row async for row in every(lambda cursor, most: _page(here, which, case_no, cursor, most))]
    return as_csv(rows, f"receivables-{which}", COLUMNS)


@router.post("/receivables/{case_no}/paid", name="receivable_paid")
async def receivable_paid(here: Here, case_no: str) -> Response:
    """The customer paid it, or part of it, under a reference."""
    form = await here.form()
    if not form.text("reference") or amount_of(form.text("amount")) is None:
        told = here.tongue.say("Say how much came in, and under which reference.")
        return await _wrong(here, form, case_no, Outcome({"": told}, 422))
    amount, reference = plain_amount(form.text("amount")), form.text("reference")
    data = {"amount": amount, "reference": reference, "for": "receivable"}
    told = here.tongue.say("Recorded for %(case)s: %(what)s.", case=case_no, what=reference)
    return await _did(here, form, case_no, "record_payment", data, told)


@router.post("/receivables/{case_no}/waive", name="receivable_waive")
async def receivable_waive(here: Here, case_no: str) -> Response:
    """Apply for a waiver; somebody else, a manager, decides on it."""
    form = await here.form()
    data = {"amount": plain_amount(form.text("amount")), "reason": form.text("reason")}
    told = here.tongue.say("Asked for. A manager who is not you decides on it.")
    return await _did(here, form, case_no, "waive_receivable", data, told)


@router.post("/receivables/{case_no}/decide", name="receivable_decide")
async def receivable_decide(here: Here, case_no: str) -> Response:
    """Grant a waiver that somebody else applied for, or turn it down."""
    form = await here.form()
    granted = form.text("decision") == "grant"
    data = {"reason": form.text("reason"), "granted": granted}
    told = here.tongue.say("Waived.") if granted else here.tongue.say("Turned down: it stays owed.")
    return await _did(here, form, case_no, "waive_receivable", data, told)


@router.post("/receivables/{case_no}/give-back", name="receivable_give_back")
async def receivable_give_back(here: Here, case_no: str) -> Response:
    """What was paid too much goes back to the customer, or is kept as his credit where he agrees."""
    form = await here.form()
    as_credit = form.text("as_credit") == "on"
    data = {"as_credit": as_credit, "customer_agrees": form.text("customer_agrees") == "on"}
    told = here.tongue.say("It is among the payouts now.")
    return await _did(here, form, case_no, "give_back", data, told)


async def _did(here: Visit, form: Form, case_no: str, action: str, data: Mapping[str, Any], told: str) -> Response:
    outcome = await do(here, case_no, action, data, form)
    if not outcome.done:
        return await _wrong(here, form, case_no, outcome)
    return here.go(here.url("receivables", {"which": form.text("which")}), told)


async def _wrong(here: Visit, form: Form, case_no: str, outcome: Outcome) -> Response:
    typed = {**form.keep(), "case_no": case_no}
    return await _queue(here, form.text("which"), case_no, code=outcome.code, errors=outcome.errors, typed=typed)
