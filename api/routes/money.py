"""Finance's queue, and the registers."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from api.accounting import auditing, finance
from api.auth import actor_of
from api.documents.accounting import (
    AccountShown,
    BalanceShown,
    BooksShown,
    ClaimList,
    DueList,
    ExpectedList,
    PayoutList,
    PayoutShown,
    ReceivedList,
)
from api.documents.answers import Rows
from api.documents.requests import Clearing, Failed, Number, Paid
from api.routes.answers import Cursor, Filter, Json, Limit, as_csv, documented
from api.routes.cases import Key, Several
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.accounting.claim_terms import Against
from models.case import ClaimWait, PayoutState, Purpose
from models.lifecycle import Action
from store.accounting.dues import Which
from store.accounting.register_columns import COLUMNS

router = checked_router("money")

Written = Annotated[Literal["json", "csv"], Query(description="csv opens in a spreadsheet")]
_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}}


@router.get("/payouts", summary="Finance's queue", response_class=Json, responses=documented(PayoutList))
async def list_payouts(
    desk: DeskHere,
    state: Annotated[list[PayoutState], Several, Query()] = [],  # noqa: B006 - the framework copies it
    case_no: Filter = None,
    purpose: Purpose | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Money on its way to customers, the longest waiting first (R1)."""
    return Json(await desk.payouts(tuple(state), case_no, purpose, cursor, limit))


@router.post(
    "/payouts/{payout_id}/paid",
    summary="It was paid",
    response_class=Json,
    responses=documented(PayoutShown, 404, 409, body=True),
)
async def payout_paid(payout_id: Number, paid: Paid, caller: CallerHere, desk: DeskHere) -> Json:
    """Said again with the same reference it has no second effect."""
    actor = actor_of(caller, action=Action.RECORD_REFUND)
    return Json(await desk.payout_paid(payout_id, paid.reference, actor))


@router.post(
    "/payouts/{payout_id}/failed",
    summary="It came back",
    response_class=Json,
    responses=documented(PayoutShown, 404, 409, body=True),
)
async def payout_failed(payout_id: Number, failed: Failed, caller: CallerHere, desk: DeskHere) -> Json:
    """A code that begins with `account` asks the customer for another account."""
    actor = actor_of(caller, action=Action.FAIL_REFUND)
    return Json(await desk.payout_failed(payout_id, failed.code, failed.note, actor))


@router.post(
    "/payouts/{payout_id}/ask",
    summary="What became of it?",
    response_class=Json,
    responses=documented(PayoutShown, 404, 409),
)
async def ask_payout(payout_id: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """Its provider is asked now, under the same key, instead of when its turn comes; nothing is ever sent by it.

    Answers the payout as it stands; what the provider says is written a moment later.
    """
    return Json(await desk.ask_payout(payout_id, actor_of(caller, action=Action.ASK_PAYOUT)))


@router.get(
    "/payouts/{payout_id}/account",
    summary="The account in full",
    response_class=Json,
    responses=documented(AccountShown, 404),
)
async def get_payout_account(payout_id: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """For whoever pays: the number and the name that lists mask (R1). Who asked is logged."""
    return Json(await finance.account(desk, payout_id, caller.id))


@router.get("/remittances", summary="Transfers in", response_class=Json, responses=documented(ExpectedList))
async def list_remittances(
    desk: DeskHere,
    noted: Annotated[
        bool | None, Query(description="true: the customer says that it was paid; false: nobody said so")
    ] = None,
    case_no: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Money that customers are to pay before we go on, the nearest deadline first (L12). Names are masked."""
    return Json(await finance.expected(desk, noted, case_no, cursor, limit))


@router.get(
    "/remittances/received", summary="Payments that came in", response_class=Json, responses=documented(ReceivedList)
)
async def list_received(desk: DeskHere, case_no: Filter = None, cursor: Cursor = None, limit: Limit = 50) -> Json:
    """The payments that were recorded, the newest first (L12)."""
    return Json(await finance.received(desk, case_no, cursor, limit))


@router.get("/receivables", summary="Owed to us", response_class=Json, responses=documented(DueList))
async def list_receivables(
    desk: DeskHere,
    which: Annotated[
        Which, Query(description="owed now; a waiver was asked for; settled before; paid too much")
    ] = "owed",
    case_no: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """What customers owe us, owed, or paid too much, the oldest case first (F24, T21). Names are masked."""
    return Json(await finance.owed(desk, which, case_no, cursor, limit))


@router.get(
    "/balances/{customer}", summary="Store credit", response_class=Json, responses=documented(BalanceShown, 404)
)
async def get_balance(customer: Number, desk: DeskHere) -> Json:
    """What a customer has, by currency, and the running account: credited, used by which order, cleared (R2)."""
    return Json(await desk.balance(customer))


@router.post(
    "/balances/{customer}/clear",
    summary="Take store credit off by hand",
    response_class=Json,
    responses=documented(BalanceShown, 404, 409, body=True),
)
async def clear_balance(
    customer: Number, asked: Clearing, caller: CallerHere, desk: DeskHere, idempotency_key: Key = None
) -> Json:
    """With a reason; all of it where no amount is named. The same `Idempotency-Key` is carried out once.

    With another body it is refused.
    """
    return Json(await desk.clear_balance(customer, asked, actor_of(caller), idempotency_key))


@router.get("/claims", summary="Claims by deadline", response_class=Json, responses=documented(ClaimList))
async def list_claims(
    desk: DeskHere,
    awaits: Annotated[list[ClaimWait], Several, Query()] = [],  # noqa: B006 - the framework copies it
    against: Against | None = None,
    overdue: bool = False,
    over: Annotated[
        bool | None, Query(description="true: those that wait for nothing any more; false: the others")
    ] = None,
    case_no: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """What couriers and suppliers were asked for, the next deadline first, with the evidence that is missing (L5)."""
    return Json(await desk.claims(tuple(awaits), against, overdue, case_no, cursor, limit, over))


@router.get("/books", summary="Do the books agree?", response_class=Json, responses=documented(BooksShown))
async def get_books(desk: DeskHere) -> Json:
    """What the last audit of all books found, whether one runs now, and the hourly looks at what was touched."""
    return Json(await auditing.books(desk))


@router.post(
    "/books/audit",
    status_code=202,
    summary="Look through all books now",
    response_class=Json,
    responses=documented(BooksShown, 404, status=202, said="it has been asked for"),
)
async def begin_audit(desk: DeskHere) -> Json:
    """As every night. Where it is under way already, that run is enough; what it finds is in `GET /books`."""
    await auditing.begin(desk)
    return Json(await auditing.books(desk), 202)


Name = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
_ROWS = documented(Rows, 404)


@router.get(
    "/registers/{name}", summary="A register", response_class=Json, responses={**_ROWS, 200: {**_ROWS[200], **_CSV}}
)
async def get_register(name: Name, desk: DeskHere, format: Written = "json") -> Response:
    """All of it, accounts masked."""
    rows = await desk.register(name)
    return as_csv(rows, name, COLUMNS.get(name, ())) if format == "csv" else Json({"items": rows, "next_cursor": None})
