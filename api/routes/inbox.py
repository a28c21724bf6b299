"""What people were told, and how they are reached."""

from typing import Annotated

from fastapi import Query

from api.documents.inbox import InboxPage, MailboxList, MailboxShown, Marked, Tried
from api.documents.requests import MailboxAsk, Number, ReadAsk
from api.routes.answers import Cursor, Filter, Json, Limit, documented
from api.routes.checked import CallerHere, DeskHere, checked_router

router = checked_router("inbox")

Person = Annotated[Filter, Query(description="whose, for an integration that acts for others; left out: one's own")]
Unread = Annotated[bool, Query(description="only what nobody has read")]


@router.get("/inbox", summary="What I was told", response_class=Json, responses=documented(InboxPage))
async def list_inbox(
    caller: CallerHere,
    desk: DeskHere,
    unread: Unread = False,
    person: Person = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Unread first, then the newest; with what went to the boxes of one's roles. Whatever channels do, it is here."""
    return Json(await desk.inbox.page(caller, person, unread, cursor, limit))


@router.post("/inbox/read", summary="I have read it", response_class=Json, responses=documented(Marked, body=True))
async def read_inbox(ask: ReadAsk, caller: CallerHere, desk: DeskHere, person: Person = None) -> Json:
    """The letters named, or all that are there; those of others are left as they are."""
    return Json(await desk.inbox.read(caller, person, ask.ids))


@router.get("/mailboxes", summary="How people are reached", response_class=Json, responses=documented(MailboxList))
async def list_mailboxes(desk: DeskHere) -> Json:
    """Everybody's, and those of roles; addresses without their secrets."""
    return Json(await desk.inbox.mailboxes())


@router.get(
    "/mailboxes/{holder}", summary="How one is reached", response_class=Json, responses=documented(MailboxShown, 404)
)
async def get_mailbox(holder: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """A person's id, or `role:finance`; with what went out lately and how it went."""
    return Json(await desk.inbox.mailbox(caller, holder))


@router.put(
    "/mailboxes/{holder}",
    summary="Change how one is reached",
    response_class=Json,
    responses=documented(MailboxShown, 404, body=True),
)
async def put_mailbox(holder: Number, ask: MailboxAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """What is left out stays. An address sent back as it is shown keeps its secret."""
    return Json(await desk.inbox.change(caller, holder, ask.changes()))


@router.post(
    "/mailboxes/{holder}/test",
    summary="Try every address",
    response_class=Json,
    responses=documented(Tried, 404, 409),
)
async def try_mailbox(holder: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """Once, quiet hours or not; `latest` of the mailbox says soon after how it went."""
    return Json(await desk.inbox.test(caller, holder))
