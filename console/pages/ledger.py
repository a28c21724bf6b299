"""The books of one case: every transfer, what each party has received net, and what the case has cost us (T13)."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.accounting import finance
from api.routes.answers import as_csv
from console.language import N_
from console.visit import Here

router = APIRouter()
PARTIES: Final = {
    "customer": N_("customer"),
    "shop": N_("the shop"),
    "courier": N_("courier"),
    "supplier": N_("supplier"),
    "platform": N_("platform"),
    "write_off": N_("written off"),
}
WHATS: Final = {
    "refund": N_("refund"),
    "freight": N_("freight"),
    "goodwill": N_("goodwill"),
    "replacement_value": N_("goods sent instead"),
    "goods": N_("goods taken in"),
    "fee": N_("fee"),
    "claim": N_("claim"),
    "deposit": N_("deposit"),
    "store_credit": N_("store credit"),
    "received": N_("paid by the customer"),
    "chargeback": N_("charged back"),
}
#: What the cost is the sum of: its name in the document → its words, and whether it is taken off.
PARTS: Final = {
    "refund": (N_("Refund"), False),
    "freight": (N_("Freight back to the customer"), False),
    "goodwill": (N_("Goodwill"), False),
    "replacement": (N_("Goods sent instead"), False),
    "other": (N_("Charged back and fees"), False),
    "goods": (N_("Goods back on the shelf"), True),
    "compensation": (N_("Paid by couriers and suppliers"), True),
    "received": (N_("Paid by the customer"), True),
}
#: What is no part of the cost, and is shown beside it.
BESIDE: Final = {
    "claimed": N_("Claims that are open"),
    "written_off": N_("Goods scrapped"),
    "deposit": N_("Deposit held"),
}
COLUMNS: Final = ("at", "debit", "credit", "purpose", "amount", "currency", "reference", "payout_id", "key")


@router.get("/cases/{case_no}/ledger", name="case_ledger")
async def case_ledger(here: Here, case_no: str) -> Response:
    """Every number of the case's cost, with the transfers that it is the sum of."""
    found = await finance.books(here.desk, case_no)
    values: dict[str, Any] = {"books": found, "parties": PARTIES, "whats": WHATS, "parts": PARTS, "beside": BESIDE}
    return here.page("ledger/page.html", part="ledger/_books.html", **values)


@router.get("/cases/{case_no}/ledger.csv", name="case_ledger_csv")
async def case_ledger_csv(here: Here, case_no: str) -> Response:
    """The same as a spreadsheet."""
    found = await finance.books(here.desk, case_no)
    return as_csv(found["entries"], f"ledger-{found['case_no']}", COLUMNS)
