"""One case by its link: where it stands, what the customer can do now, and what has happened."""

from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from console.customer.answers import ANSWERS, read
from console.customer.asking import PHOTO_HEADINGS, customers, file_refusal, too_large
from console.customer.zones import read_by
from console.language import N_
from console.visit import Here, Visit
from models.errors import AftercareError, Conflict, LinkEnded, NotFound
from models.lifecycle import Action

router = APIRouter()
DONE: Final = {
    Action.ACCEPT_OFFER: N_("You accepted the offer."),
    Action.DECLINE_OFFER: N_("We have your answer to the offer."),
    Action.ACCEPT_QUOTE: N_("You accepted the quote."),
    Action.DECLINE_QUOTE: N_("You declined the quote."),
    Action.SUBMIT_EVIDENCE: N_("Thank you, we have it."),
    Action.SHIP_RETURN: N_("Thank you. We look out for your parcel."),
    Action.NOTIFY_PAYMENT: N_("Thank you. We look for your payment."),
    Action.PROVIDE_ACCOUNT: N_("Thank you. We pay to this account."),
    Action.COMPLETE_CALLBACK: N_("Thank you for telling us."),
    Action.CUSTOMER_MESSAGE: N_("Your message was sent."),
    Action.ADD_ISSUE: N_("We added it to your request."),
    Action.REOPEN: N_("Your request is open again."),
    Action.WITHDRAW: N_("You withdrew your request."),
}


async def _opened(here: Visit, token: str) -> str | Response:
    """The case's number, or the page that says that this link opens nothing."""
    try:
        return await customers(here).opened_by(token)
    except (LinkEnded, NotFound) as refused:
        return here.page("customer/link_over.html", code=refused.status, ended=isinstance(refused, LinkEnded))


@router.get("/c/{token}", name="customer_case")
async def case(here: Here, token: str) -> Response:
    """The page of a case."""
    case_no = await _opened(here, token)
    if isinstance(case_no, Response):
        return case_no
    return await _case(here, token, case_no)


async def _case(here: Visit, token: str, case_no: str, code: int = 200, doing: str = "", **more: Any) -> Response:
    shown: dict[str, Any] = {"wrong": {}, "typed": {}, "told": "", "command_id": uuid4().hex, **more}
    document = await customers(here).case(case_no)
    shown |= {"couriers": _couriers(here), **read_by(here.tongue, document["country"])}
    return here.page("customer/case.html", code=code, case=document, token=token, doing=doing, **shown)


def _couriers(here: Visit) -> list[str]:
    """The couriers that the shop knows, as he would write them."""
    known = here.desk.playbook_set.couriers.couriers.values()
    return [courier.zh if here.tongue.short == "zh" else courier.en for courier in known]


@router.get("/c/{token}/withdraw", name="customer_withdraw")
async def withdraw(here: Here, token: str) -> Response:
    """Asked once more, since it cannot be taken back by himself."""
    case_no = await _opened(here, token)
    if isinstance(case_no, Response):
        return case_no
    return await _withdraw(here, token, case_no, {}, {})


async def _withdraw(here: Visit, token: str, case_no: str, wrong: dict[str, str], typed: dict[str, str]) -> Response:
    document = await customers(here).case(case_no)
    if "withdraw" not in document["can"]:
        return here.go(here.url("customer_case", token=token))
    shown: dict[str, Any] = {
        "case": document,
        "token": token,
        "wrong": wrong,
        "typed": typed,
        "command_id": uuid4().hex,
    }
    return here.page("customer/withdraw.html", code=422 if wrong else 200, **shown)


@router.post("/c/{token}/do/{action}", name="customer_do")
async def do(here: Here, token: str, action: str) -> Response:
    """What the customer does; pressed twice it is done once, and what he typed is never lost."""
    case_no = await _opened(here, token)
    if isinstance(case_no, Response):
        return case_no
    if action not in ANSWERS:
        raise NotFound("There is nothing here.")
    if too_large(here):
        told = here.tongue.say("These photos are too large together. Send fewer.")
        return await _case(here, token, case_no, 413, action, told=told)
    form = await here.form()
    data, wrong = read(here.tongue, action, form)
    if wrong or action != Action.SUBMIT_EVIDENCE:
        await form.data.close()
    typed = form.keep(("csrf", "command_id"))
    if wrong and action == Action.WITHDRAW:
        return await _withdraw(here, token, case_no, wrong, typed)
    if wrong:
        return await _case(here, token, case_no, 422, action, wrong=wrong, typed=typed)
    refusals = await _files(here, case_no, form.files("photo")) if action == Action.SUBMIT_EVIDENCE else []
    await form.data.close()
    if refusals:
        return await _case(here, token, case_no, 422, action, wrong={"photo": " ".join(refusals)}, typed=typed)
    if data or action != Action.SUBMIT_EVIDENCE:
        try:
            command_id = form.text("command_id")[:64] or uuid4().hex
            await customers(here).act(case_no, Action(action), data, f"{action} {command_id}")
        except AftercareError as refused:
            return await _refused(here, token, case_no, action, refused, typed)
    return here.go(here.url("customer_case", token=token), here.tongue.say(DONE[Action(action)]))


async def _files(here: Visit, case_no: str, files: list[Any]) -> list[str]:
    """Photos that come later; one that is refused keeps the others."""
    wrong = []
    for file in files:
        try:
            await customers(here).add_file(case_no, file.file, (file.filename or "")[:200])
        except AftercareError as refused:
            wrong.append(file_refusal(here, refused, file.filename or ""))
    return wrong


async def _refused(
    here: Visit, token: str, case_no: str, action: str, refused: AftercareError, typed: dict[str, str]
) -> Response:
    """The case has moved on, or a rule forbids it: where it stands now, with what was typed beside it."""
    if refused.status == 503:
        raise refused
    told = here.tongue.say("That could not be done: your request has moved on. Here is where it stands now.")
    if refused.status == 422:
        told = here.tongue.say("That could not be read. Check what you entered.")
    return await _case(here, token, case_no, refused.status, action, told=told, typed=typed)


@router.get("/c/{token}/photos/{file_id}", name="customer_case_photo")
async def photo(here: Here, token: str, file_id: str, full: bool = False) -> Response:
    """A photo that he has sent himself."""
    case_no = await _opened(here, token)
    if isinstance(case_no, Response):
        return case_no
    content, kind = await customers(here).file(case_no, file_id, small=not full)
    shown = "inline" if kind.startswith("image/") else "attachment"
    return Response(content, media_type=kind, headers={**PHOTO_HEADINGS, "Content-Disposition": shown})


@router.get("/c/{token}/slip.pdf", name="customer_slip")
async def slip(here: Here, token: str, paper: str = "a6") -> Response:
    """The slip that goes into the parcel: a label, or with `paper=a4` a page of any printer."""
    case_no = await _opened(here, token)
    if isinstance(case_no, Response):
        return case_no
    chinese = here.tongue.short == "zh"
    try:
        made = await customers(here).slip(case_no, "zh" if chinese else "en", "a4" if paper == "a4" else "a6")
    except Conflict:
        return here.go(here.url("customer_case", token=token))
    headings = {"Content-Disposition": f'inline; filename="{case_no}.pdf"'}
    return Response(made.pdf, media_type="application/pdf", headers=headings)
