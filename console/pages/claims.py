"""What was asked back of couriers and suppliers: filed with its evidence, answered, appealed once, paid or given up."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.routes.answers import as_csv
from console import labels
from console.cases.doing import do
from console.language import N_
from console.listing import every, plain_amount, totals
from console.visit import Form, Here, Visit
from models.errors import NotFound

router = APIRouter()
PAGE: Final = 50
#: Tab → its words; all but the last two are what a claim waits for.
TABS: Final = {
    "open": N_("all open"),
    "filing": N_("to be sent"),
    "answer": N_("answer awaited"),
    "payment": N_("money awaited"),
    "decision": N_("refused, to be decided"),
    "overdue": N_("overdue"),
    "over": N_("over"),
}
AWAITS: Final = {
    "filing": N_("Send it with its evidence"),
    "answer": N_("Their answer is awaited"),
    "payment": N_("Their money is awaited"),
    "decision": N_("Appeal once, or give it up"),
}
STATES: Final = {
    "claimed": N_("claimed"),
    "accepted": N_("accepted"),
    "refused": N_("turned down"),
    "paid": N_("paid"),
    "written_off": N_("given up"),
}
TONES: Final = {"accepted": "info", "refused": "bad", "paid": "good", "written_off": "plain", "claimed": "warn"}
#: What can be said of a claim, by what it waits for; the first is what is most likely said next.
RESULTS: Final = {
    "filing": ("filed", "accepted", "refused"),
    "answer": ("accepted", "refused", "paid", "filed"),
    "payment": ("paid", "refused", "appealed"),
    "decision": ("appealed",),
}
COLUMNS: Final = (
    *("case_no", "number", "order_no", "against", "name", "state", "awaits", "due_at", "overdue", "amount", "currency"),
    *("accepted", "paid", "reference", "opened_at", "filed_at", "reason"),
)


# ── the list ──────────────────────────────────────────────────────────────────────────────────────


@router.get("/claims", name="claims")
async def claims(
    here: Here, which: str = "open", against: str = "", case_no: str = "", cursor: str | None = None
) -> Response:
    """Claims, the next deadline first (L5, G10)."""
    which = which if which in TABS else "open"
    found = await _page(here, which, against, case_no, cursor, PAGE)
    query = {"which": which, "against": against, "case_no": case_no, "cursor": found["next_cursor"]}
    return here.page(
        "claims/page.html",
        part="claims/_list.html",
        found=found["items"],
        totals=totals(found["items"]),
        following=found["next_cursor"] and here.url("claims", query),
        which=which,
        against=against,
        case_no=case_no,
        tabs=TABS,
        awaits=AWAITS,
        states=STATES,
        tones=TONES,
        labels=labels,
    )


@router.get("/claims.csv", name="claims_csv")
async def claims_csv(here: Here, which: str = "open", against: str = "", case_no: str = "") -> Response:
    """What the list shows, all of it, as a spreadsheet."""
    which = which if which in TABS else "open"
    rows = [row async for row in every(lambda cursor, most: _page(here, which, against, case_no, cursor, most))]
    told = [{**row, "missing": ", ".join(one["key"] for one in row["missing"])} for row in rows]
    return as_csv(told, f"claims-{which}", COLUMNS)


async def _page(
    here: Visit, which: str, against: str, case_no: str, cursor: str | None, most: int
) -> Mapping[str, Any]:
    awaits = (which,) if which in AWAITS else ()
    narrowed = (against if against in ("courier", "supplier") else None, which == "overdue", case_no.strip() or None)
    return await here.desk.claims(awaits, *narrowed, cursor, most, over=which == "over")


# ── one ───────────────────────────────────────────────────────────────────────────────────────────


@router.get("/claims/{case_no}/{number}", name="claim")
async def claim(here: Here, case_no: str, number: int) -> Response:
    """One claim: its sums, deadlines and evidence, and what can be said of it now."""
    return await _one(here, case_no, number)


async def _one(here: Visit, case_no: str, number: int, code: int = 200, **more: Any) -> Response:
    case = await here.desk.case(case_no, here.roles, here.me.id)
    found = next((one for one in case["claims"] if one["claim"] == number), None)
    if found is None:
        raise NotFound(f"Case {case_no} has no claim {number}.")
    values = {
        "case": case,
        "claim": found,
        "results": [one for one in RESULTS.get(found["awaits"] or "", ()) if _fits(found, one)],
        "awaits": AWAITS,
        "states": STATES,
        "tones": TONES,
        "labels": labels,
        "command_id": uuid4().hex,
        "typed": {},
        "chosen": [one["key"] for one in found["evidence_list"] if one["gone"]],
        "errors": {},
        "now": "",
        **more,
    }
    return here.page("claims/claim.html", part="claims/_claim.html", code=code, **values)


def _fits(found: Mapping[str, Any], result: str) -> bool:
    """A refusal is appealed once, and what was accepted whole not at all."""
    whole = found["accepted"] is not None and found["accepted"] == found["amount"]
    return result != "appealed" or not (found["appealed"] or whole)


@router.post("/claims/{case_no}/{number}/settle", name="claim_settle")
async def claim_settle(here: Here, case_no: str, number: int) -> Response:
    """What became of it: filed, accepted, refused, appealed or paid; booked to the case at once."""
    form = await here.form()
    result = form.text("result")
    if result not in ("filed", "accepted", "refused", "appealed", "paid"):
        return await _one(here, case_no, number, 422, errors={"": here.tongue.say("Say what became of it.")})
    return await _settled(here, case_no, number, result, form)


@router.post("/claims/{case_no}/{number}/write-off", name="claim_write_off")
async def claim_write_off(here: Here, case_no: str, number: int) -> Response:
    """Give it up, with a reason; only managers do."""
    return await _settled(here, case_no, number, "written_off", await here.form())


async def _settled(here: Visit, case_no: str, number: int, result: str, form: Form) -> Response:
    data = {
        "result": result,
        "claim": number,
        "amount": plain_amount(form.text("amount")),
        "evidence": form.texts("evidence"),
        "reference": form.text("reference"),
        "reason": form.text("reason"),
        "more_to_come": form.text("more_to_come") == "on" or None,
    }
    outcome = await do(here, case_no, "settle_claim", data, form)
    if not outcome.done:
        kept = {"typed": form.keep(), "chosen": form.texts("evidence"), "now": result}
        return await _one(here, case_no, number, outcome.code, errors=outcome.errors, **kept)
    return here.go(
        here.url("claim", case_no=case_no, number=number),
        here.tongue.say("Recorded: %(what)s.", what=here.tongue.say(labels.choice("result", result))),
    )
