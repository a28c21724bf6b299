"""Transfers in: what customers are to pay, what they say they have paid, and what was found on the account (L12)."""

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

router = APIRouter()
PAGE: Final = 50
TABS: Final = {
    "noted": N_("to be found on the account"),
    "expected": N_("expected"),
    "received": N_("received"),
}
AGREES: Final = {
    "amount": N_("the amount agrees"),
    "name": N_("the name agrees"),
    "noted": N_("the customer says it is paid"),
}
EXPECTED: Final = (
    *("case_no", "order_no", "noted", "owed", "currency", "announced", "payer", "customer", "owner", "due_at"),
    *("said_on", "said_method", "said_bank", "said_amount", "noted_at", "noted_by"),
)
RECEIVED: Final = ("at", "case_no", "order_no", "amount", "currency", "reference", "purpose", "by")


@router.get("/remittances", name="remittances")
async def remittances(
    here: Here,
    which: str = "noted",
    case_no: str = "",
    amount: str = "",
    payer: str = "",
    cursor: str | None = None,
) -> Response:
    """What waits to be found, is expected or came in; with an amount or a name, the cases a transfer may be for."""
    return await _queue(here, which, case_no, amount, payer, cursor)


async def _queue(
    here: Visit,
    which: str,
    case_no: str = "",
    amount: str = "",
    payer: str = "",
    cursor: str | None = None,
    code: int = 200,
    **more: Any,
) -> Response:
    which = which if which in TABS else "noted"
    wanted = amount_of(amount) if amount.strip() else None
    seeks = bool(amount.strip() or payer.strip())
    errors = {} if wanted is not None or not amount.strip() else {"amount": here.tongue.say("This is no amount.")}
    likely = await finance.candidates(here.desk, wanted, payer[:200]) if seeks and not errors else []
    found = await _page(here, which, case_no, cursor, PAGE)
    query = {"which": which, "case_no": case_no, "cursor": found["next_cursor"]}
    values = {
        "found": found["items"],
        "totals": totals(found["items"], "amount" if which == "received" else "owed"),
        "following": found["next_cursor"] and here.url("remittances", query),
        "which": which,
        "case_no": case_no,
        "amount": amount,
        "payer": payer,
        "seeks": seeks,
        "likely": likely,
        "agrees": AGREES,
        "tabs": TABS,
        "names": await people.names(here),
        "labels": labels,
        "command_id": uuid4().hex,
        "errors": errors,
        "typed": {},
        **more,
    }
    answer = 422 if errors and code == 200 else code
    return here.page("remittances/page.html", part="remittances/_list.html", code=answer, **values)


async def _page(here: Visit, which: str, case_no: str, cursor: str | None, most: int) -> Mapping[str, Any]:
    about = case_no.strip() or None
    if which == "received":
        return await finance.received(here.desk, about, cursor, most)
    return await finance.expected(here.desk, which == "noted", about, cursor, most)


@router.get("/remittances.csv", name="remittances_csv")
async def remittances_csv(here: Here, which: str = "noted", case_no: str = "") -> Response:
    """A tab as a spreadsheet; names are masked."""
    which = which if which in TABS else "noted"
    rows = [_flat(row) async for row in every(lambda cursor, most: _page(here, which, case_no, cursor, most))]
    return as_csv(rows, f"remittances-{which}", RECEIVED if which == "received" else EXPECTED)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for a file: what the customer says of his payment in columns of its own."""
    said = row.get("notice") or {}
    told = {"said_on": "date", "said_method": "method", "said_bank": "bank", "said_amount": "amount"}
    noted = {"noted_at": "at", "noted_by": "by"}
    whole = {name: value for name, value in row.items() if name != "notice"}
    return {**whole, **{column: said.get(name) for column, name in (told | noted).items()}}


@router.post("/remittances/{case_no}/matched", name="remittance_matched")
async def remittance_matched(here: Here, case_no: str) -> Response:
    """It came in, under a reference: the case goes on. The same payment is recorded once."""
    form = await here.form()
    if not form.text("reference") or amount_of(form.text("amount")) is None:
        told = here.tongue.say("Say how much came in, and under which reference.")
        return await _wrong(here, form, case_no, Outcome({"": told}, 422))
    data = {"amount": plain_amount(form.text("amount")), "reference": form.text("reference")}
    outcome = await do(here, case_no, "record_payment", data, form)
    if not outcome.done:
        return await _wrong(here, form, case_no, outcome)
    told = here.tongue.say("Recorded for %(case)s: %(what)s.", case=case_no, what=form.text("reference"))
    return here.go(here.url("remittances", {"which": form.text("which")}), told)


@router.post("/remittances/{case_no}/not-there", name="remittance_not_there")
async def remittance_not_there(here: Here, case_no: str) -> Response:
    """It was looked for and is not there: the customer is asked."""
    form = await here.form()
    outcome = await do(here, case_no, "refute_payment", {"note": form.text("note")}, form)
    if not outcome.done:
        return await _wrong(here, form, case_no, outcome)
    told = here.tongue.say("Recorded: not there. Whoever has %(case)s asks the customer.", case=case_no)
    return here.go(here.url("remittances", {"which": form.text("which")}), told)


async def _wrong(here: Visit, form: Form, case_no: str, outcome: Outcome) -> Response:
    typed = {**form.keep(), "case_no": case_no}
    return await _queue(here, form.text("which"), case_no, code=outcome.code, errors=outcome.errors, typed=typed)
