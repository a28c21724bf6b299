"""What people are told, and how they are reached: inbox and mailboxes (T8).

An address is a secret: whoever has a robot's token can write to its group. It goes in and never comes out; what is
shown is enough to tell one from another, and is understood when it is sent back.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.auth import Caller
from api.database import OnDatabase
from models.errors import Conflict, Forbidden, NotFound
from models.lifecycle import Role
from models.people.addresses import addresses, kind_of, shown
from models.people.letter_words import news_of
from models.people.letters import BOX, OUTSIDE
from store.people import inbox, mailboxes, mailings, staff
from store.people.inbox import InboxRow, MailingRow
from store.people.mailboxes import Mailbox

T = TypeVar("T")
_KEEPERS = frozenset({Role.MANAGER, Role.DIRECTOR, Role.SYSTEM})
#: Kinds whose host is the provider's own. An address with a host of its own makes this server call that host, so a
#: manager enters it.
_ANYBODYS = frozenset({"dingtalk", "feishu", "lark", "wecombot"})
_TEST = {
    "zh": ("Aftercare 通知测试", "看到这条，说明这个地址能收到通知。"),
    "en": ("Test of Aftercare's notifications", "If you read this, this address receives notifications."),
}


class Inbox(OnDatabase):
    """The use cases of notifications, on one store."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self.clock = clock

    # ── what I was told ───────────────────────────────────────────────────────

    async def page(
        self, caller: Caller, person: str | None, unread: bool, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of the caller's letters, of those of his roles' boxes too, unread first."""
        holders = _holders(caller, person)

        def read(session: Session) -> dict[str, Any]:
            rows, following = inbox.page(session, holders, unread, cursor, limit)
            left = inbox.unread(session, holders)
            return {"items": [_letter(row) for row in rows], "next_cursor": following, "unread": left}

        return await self._read(read)

    async def read(self, caller: Caller, person: str | None, ids: Sequence[str] | None) -> dict[str, Any]:
        """Mark letters as read; all that are there where none are named."""
        holders = _holders(caller, person)

        def mark(session: Session) -> dict[str, Any]:
            marked = inbox.mark_read(session, holders, ids, person or caller.name, self.clock())
            return {"marked": marked, "unread": inbox.unread(session, holders)}

        return await self._write(mark)

    # ── how people are reached ────────────────────────────────────────────────

    async def mailboxes(self) -> dict[str, Any]:
        """Every mailbox, without secrets."""
        boxes = await self._read(mailboxes.every)
        return {"items": [_box(box) for box in boxes], "next_cursor": None}

    async def mailbox(self, caller: Caller, holder: str) -> dict[str, Any]:
        """One mailbox with what went out lately."""
        _may_look(caller, holder)
        return await self._read(lambda session: _whole(session, holder))

    async def change(self, caller: Caller, holder: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change how somebody is reached; what is left out stays. Raises DataRefused, Forbidden, NotFound."""
        _may_look(caller, holder)

        def write(session: Session) -> dict[str, Any]:
            _known(session, holder)
            asked = dict(changes)
            if "addresses" in asked:
                kept = mailboxes.mailbox(session, holder).addresses
                asked["addresses"] = addresses(asked["addresses"], kept)
                _may_enter(caller, set(asked["addresses"]) - set(kept))
            mailboxes.change(session, holder, asked, caller.name, self.clock())
            return _whole(session, holder)

        return await self._write(write)

    async def test(self, caller: Caller, holder: str) -> dict[str, Any]:
        """Try every address of a mailbox once, quiet hours or not; how it went is in the mailbox soon after."""
        _may_look(caller, holder)

        def send(session: Session) -> dict[str, Any]:
            _known(session, holder)
            box = mailboxes.mailbox(session, holder)
            if not box.addresses:
                raise Conflict(f"{holder} has no address: what is told is in the inbox only. Enter one first.")
            words = _TEST["en" if box.language == "en" else "zh"]
            numbers = [(mailings.test_of(session, holder, url, words, self.clock()), url) for url in box.addresses]
            return {"items": [{"number": number, "address": shown(url)} for number, url in numbers]}

        return await self._write(send)


# ── who may ───────────────────────────────────────────────────────────────────────────────────────


def _holders(caller: Caller, person: str | None) -> list[str]:
    """Whose letters these are: the caller's and his roles'; or those of a person whom he may act for."""
    if person is not None and person != caller.name:
        if not caller.may_act_for_others:
            raise Forbidden("What others were told is theirs to read: leave 'person' out.")
        return [person]
    return [caller.name, *(f"{BOX}{role.value}" for role in sorted(caller.roles - OUTSIDE))]


def _may_look(caller: Caller, holder: str) -> None:
    if holder != caller.name and caller.roles.isdisjoint(_KEEPERS):
        raise Forbidden("Your own mailbox is yours; those of others and of roles are kept by a manager.")


def _may_enter(caller: Caller, new: set[str]) -> None:
    if caller.roles.isdisjoint(_KEEPERS) and any(kind_of(url) not in _ANYBODYS for url in new):
        listed = ", ".join(sorted(_ANYBODYS))
        raise Forbidden(f"Addresses of these kinds you enter yourself: {listed}; others a manager enters for you.")


def _known(session: Session, holder: str) -> None:
    """Raises NotFound for a role that is none, and for somebody whom the staff list does not have."""
    if holder.startswith(BOX):
        if holder.removeprefix(BOX) not in frozenset(Role) - OUTSIDE:
            raise NotFound(f"There is no box '{holder}'; boxes are {BOX}finance, {BOX}manager and so on.")
    elif staff.people(session) and staff.person(session, holder) is None:
        raise NotFound(f"Nobody on the staff list has the id '{holder}': add them first.")


# ── how it is shown ───────────────────────────────────────────────────────────────────────────────


def _letter(row: InboxRow) -> dict[str, Any]:
    news = news_of(row.subject, row.level)
    # In here a person's own words are shown as they are: whoever reads them may open the case too.
    text = row.words or ({"zh": news.zh, "en": news.en} if news.known else {"zh": row.subject, "en": row.subject})
    plain = row.model_dump(exclude={"subject", "words"}, mode="python")
    return {**plain, "reason": "notice" if row.words else news.reason, "text": text}


def _whole(session: Session, holder: str) -> dict[str, Any]:
    sent = [_mailing(row) for row in inbox.latest(session, holder)]
    return {**_box(mailboxes.mailbox(session, holder)), "latest": sent, "unread": inbox.unread(session, [holder])}


def _box(box: Mailbox) -> dict[str, Any]:
    quiet = {"from": box.quiet_from, "until": box.quiet_until} if box.quiet_from else None
    return {
        "holder": box.holder,
        "language": box.language,
        "timezone": box.timezone,
        "quiet": quiet,
        "addresses": [shown(url) for url in box.addresses],
    }


def _mailing(row: MailingRow) -> dict[str, Any]:
    document = row.model_dump(exclude={"address", "id"})
    return {"number": row.id, **document, "address": shown(row.address) if row.address else None}
