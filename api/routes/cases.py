"""Cases: opened, listed, shown, acted on."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Header, Query, Request
from pydantic import AfterValidator, BeforeValidator, Field

from api.auth import actor_of
from api.callers import is_outside, mind_case, mind_order
from api.documents.answers import CaseList, CaseShown, Checked, Proposals, Timeline
from api.documents.customer import CouriersCase, CustomersCase
from api.documents.requests import Number, OpenAsk, OpenCase, ProposeAsk
from api.limits import read_json
from api.procedure.proposals import unnamed
from api.routes.answers import Cursor, Filter, Json, Limit, Pdf, documented, refused
from api.routes.checked import CallerHere, DeskHere, checked_router, roles_shown
from models.commands import Command, Printable, Severity, parse_command
from models.errors import Forbidden
from models.lifecycle import Role, Stage, State
from printing.slip import Paper
from printing.words import Language
from store.lists import CaseFilters, Sort
from store.oversight.stuck import REASONS

router = checked_router("cases")


def _split(values: Any) -> Any:
    """Several values: repeated, or with commas between them."""
    return [part for value in values for part in str(value).split(",")] if isinstance(values, list) else values


def _stuck(value: str | None) -> bool | str | None:
    truth = {"true": True, "1": True, "false": False, "0": False}
    if value is None or value in REASONS:
        return value
    if value.lower() not in truth:
        raise ValueError(f"is true, false or one of {', '.join(REASONS)}")
    return truth[value.lower()]


Several = BeforeValidator(_split)
Texts = Annotated[list[Annotated[str, Field(max_length=200), Printable]], Several, Query()]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="the same key with the same request answers the same case",
    ),
]
#: A case as the house sees it, or whoever else asks.
AnyCase = CaseShown | CustomersCase | CouriersCase
_BYTES = {"type": "string", "format": "binary"}
_SLIP: dict[int | str, dict[str, Any]] = {
    **{code: refused(code) for code in (401, 403, 404, 409, 422, 429, 503)},
    200: {
        "description": "the slip",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    },
}
_COMMAND_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CommandEnvelope"}}},
    }
}


@router.post(
    "/cases",
    summary="Open a case",
    response_class=Json,
    status_code=201,
    responses={
        **documented(AnyCase, 404, 409, body=True, status=201, said="opened"),
        200: {"model": AnyCase, "description": "this Idempotency-Key had opened it before"},
    },
)
async def open_case(ask: OpenAsk, caller: CallerHere, desk: DeskHere, key: Key = None) -> Json:
    """Number, key and units are taken in one transaction; a unit in an open case is a conflict that names it (F18).

    Without a kind nothing is opened: the refusal proposes the likeliest by the description.
    """
    await desk.read(lambda session: mind_order(session, caller, ask.order_no))
    if ask.kind is None:
        raise unnamed(await desk.propose(ask.description or "", ask.order_no))
    known = OpenCase.model_validate(ask.model_dump())
    case, created = await desk.open_case(known, actor_of(caller), key)
    if is_outside(caller):
        case = await desk.case_for(case["case_no"], caller)
    headings = {"Location": f"/api/v1/cases/{quote(case['case_no'], safe='')}"}
    return Json(case, 201 if created else 200, headings)


@router.post(
    "/cases/propose",
    summary="Which kind of case may it be?",
    response_class=Json,
    responses=documented(Proposals, 404, body=True, said="the likeliest kinds, best first"),
)
async def propose_kinds(ask: ProposeAsk, desk: DeskHere) -> Json:
    """The likeliest three by the customer's words, Chinese or English, with the words that speak for each.

    Nothing is learned: the words are those of the playbooks. Whoever opens the case decides.
    """
    return Json({"proposals": await desk.propose(ask.text, ask.order_no)})


@router.post(
    "/cases/check",
    summary="May this be asked for?",
    response_class=Json,
    responses=documented(Checked, 404, body=True, said="what the rules say"),
)
async def check_case(ask: OpenCase, desk: DeskHere) -> Json:
    """What the playbook's rules say before a case is opened, with all reasons, and which open cases hold its units.

    Nothing is saved. Opening is never refused by a rule: what is not eligible is granted only by an override.
    """
    return Json(await desk.check(ask))


@router.get("/cases", summary="List cases", response_class=Json, responses=documented(CaseList))
async def list_cases(
    desk: DeskHere,
    state: Annotated[list[State], Several, Query()] = [],  # noqa: B006 - the framework copies it
    stage: Annotated[list[Stage], Several, Query()] = [],  # noqa: B006
    kind: Texts = [],  # noqa: B006
    owner: Texts = [],  # noqa: B006
    waiting_for: Texts = [],  # noqa: B006
    severity: Annotated[list[Severity], Several, Query()] = [],  # noqa: B006
    open: bool | None = None,
    overdue: bool | None = None,
    snoozed: bool | None = None,
    stuck: Annotated[
        str | None, AfterValidator(_stuck), Query(description="true, false, or the name of a reason (T12)")
    ] = None,
    escalation: Annotated[int | None, Query(ge=0, le=1000, description="at least this level")] = None,
    order_no: Filter = None,
    q: Annotated[
        str | None,
        Field(max_length=200),
        Printable,
        Query(description="case or order number, name, end of the phone, waybill, SKU"),
    ] = None,
    sort: Sort = "due_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Several values of one filter mean any of them, several filters mean all."""
    filters = CaseFilters(
        state=tuple(state),
        stage=tuple(stage),
        kind=tuple(kind),
        owner=tuple(owner),
        waiting_for=tuple(waiting_for),
        severity=tuple(severity),
        open=open,
        overdue=overdue,
        snoozed=snoozed,
        stuck=stuck,
        escalation=escalation,
        order_no=order_no,
        q=q,
    )
    return Json(await desk.cases(filters, sort, cursor, limit))


@router.get("/cases/{case_no}", summary="Show a case", response_class=Json, responses=documented(AnyCase, 404))
async def get_case(case_no: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """Where it stands, its clocks and money, what may be done by this token, and what should be done next.

    A customer's token gets the case as its customer sees it.
    """
    if is_outside(caller):
        return Json(await desk.case_for(case_no, caller))
    return Json(await desk.case(case_no, roles_shown(caller), caller.id))


@router.get(
    "/cases/{case_no}/slip",
    summary="The return slip",
    response_class=Pdf,
    responses=_SLIP,
)
async def get_slip(
    case_no: Number,
    desk: DeskHere,
    paper: Annotated[Paper, Query(description="a label, or a page")] = "a6",
    language: Annotated[Language | None, Query(description="left out, the customer's own")] = None,
) -> Pdf:
    """What the customer puts into the parcel: numbers, name, goods, where to, and the code that goods-in scans.

    `Aftercare-Missing-Glyphs` names characters that the font has not got, each as its code point.
    """
    slip = await desk.slip(case_no, paper, language)
    headings = {"Content-Disposition": f'inline; filename="{paper}-{quote(case_no, safe="")}.pdf"'}
    if slip.missing:
        headings["Aftercare-Missing-Glyphs"] = " ".join(f"U+{ord(character):04X}" for character in slip.missing)
    return Pdf(slip.pdf, headers=headings)


@router.get(
    "/cases/{case_no}/timeline",
    summary="Who did what, when and why",
    response_class=Json,
    responses=documented(Timeline, 404),
)
async def get_timeline(
    case_no: Number,
    desk: DeskHere,
    cursor: Annotated[int, Query(ge=0, le=1_000_000_000, description="entries behind this number")] = 0,
    limit: Limit = 200,
) -> Json:
    """Oldest first."""
    return Json(await desk.timeline(case_no, cursor, limit))


@router.post(
    "/cases/{case_no}/commands",
    summary="Act on a case",
    response_class=Json,
    responses=documented(AnyCase, 404, 409, body=True, said="the case as committed"),
    openapi_extra=_COMMAND_BODY,
)
async def command_case(request: Request, case_no: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """One envelope for every action; a refused command changes nothing and names the actions that are allowed now.

    Checked in this order: 401, 400, 404, 403 role, 409 state, 422 data.
    """
    envelope = await read_json(request)
    action = _readable(envelope).action
    if envelope.get("actor") is None:
        envelope = {**envelope, "actor": actor_of(caller, None, action).model_dump(mode="json")}
    try:
        return Json(await desk.command(case_no, envelope, caller))
    except Forbidden:
        await desk.read(lambda session: mind_case(session, caller, case_no))
        await desk.case(case_no)  # a case that is not there is said before a role that is not had
        raise


def _readable(envelope: Any) -> Command:
    """400 before the case is looked for, whoever the actor will turn out to be."""
    nobody = {"id": "nobody", "role": Role.SYSTEM}
    return parse_command({**envelope, "actor": nobody} if isinstance(envelope, dict) else envelope)
