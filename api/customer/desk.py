"""What customers can have done: find an order, ask for something, follow it. The only thing that their pages talk to.

A customer has proved that an order is his (a visit), or holds a link to one case. Everything here is about that order
or that case and nothing else; what comes out is what `api.customer.view` lets out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, BinaryIO, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.customer import finding, offering
from api.customer.links import CaseLink
from api.customer.view import CUSTOMER
from api.desk import Desk
from api.documents.requests import OpenCase
from api.views import money
from models.commands import Command
from models.errors import Invalid, NotFound
from models.lifecycle import Action
from models.orders import Order, OrderLine
from models.pots import Pots
from models.procedure.eligibility import WARRANTY_OVER
from models.remedies.parts import cost_of
from printing.slip import Paper, Printed
from printing.words import Language
from store import lists, orders, reservations
from store.customers import tries, visits
from store.customers.visits import Visit
from store.customers.visits import Visit as OrderVisit  # as their pages call it
from store.goods import tracking

__all__ = ["MOST_PHOTOS", "CustomerDesk", "OrderVisit"]

#: A visit ends when nothing was done for so long …
IDLE: Final = timedelta(hours=1)
#: … and what was answered in it is found again, by the same proof, for so long.
KEPT: Final = timedelta(hours=24)
MOST_PHOTOS: Final = 9


class CustomerDesk:
    """The use cases of customers, on the desk of the house."""

    def __init__(
        self,
        desk: Desk,
        ticks: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.desk = desk
        self._ticks = ticks
        self._wait = wait

    # ── coming in ───────────────────────────────────────────────────────────

    async def find(self, order_no: str, proof: str, address: str) -> str:
        """Begin a visit to an order; answers the secret that the browser keeps.

        Raises Unmatched in the same words and after the same time whether there is such an order or not, TooManyTries
        after too many of these.
        """
        began, now = self._ticks(), self.desk.clock()
        noted = await self.desk.write(lambda session: finding.begin_try(session, order_no, address, now))
        order = await self.desk.read(lambda session: finding.found(session, order_no, proof))
        if order is not None:
            return await self.desk.write(lambda session: self._begin(session, order, noted))
        await self._wait(finding.left_of_floor(began, self._ticks))
        raise finding.Unmatched("We found no order with this number and this phone number or e-mail address.")

    def _begin(self, session: Session, order: Order, noted: Sequence[str]) -> str:
        """A visit goes on with what was answered in the last one; a right try does not count."""
        now = self.desk.clock()
        tries.take_back(session, noted)
        last = visits.last_of(session, order.order_no, now - KEPT)
        visits.forget(session, now - KEPT)
        return visits.begin(session, order.order_no, last.draft if last else {}, now)

    async def visit(self, secret: str | None) -> Visit | None:
        """The visit of a browser; None when it is over or there never was one."""
        now = self.desk.clock()
        found = await self.desk.read(lambda session: visits.of(session, secret)) if secret else None
        return found if found and found.ended_at is None and found.seen_at > now - IDLE else None

    async def leave(self, visit: Visit) -> None:
        """End a visit."""
        await self.desk.write(lambda session: visits.end(session, visit.id, self.desk.clock()))

    async def opened_by(self, token: str) -> str:
        """The case that a link opens. Raises NotFound or LinkEnded."""
        now = self.desk.clock()
        await asyncio.to_thread(self.desk.links.ready, now)
        return await self.desk.read(lambda session: self.desk.links.case_no(session, token, now))

    async def link(self, case_no: str) -> CaseLink:
        """A link to a case, for whoever has proved that it is his."""
        return await self.desk.link(case_no, CUSTOMER)

    # ── asking for something ────────────────────────────────────────────────

    async def keep(self, visit: Visit, **answers: Any) -> Visit:
        """Keep what was answered. What depended on another answer before is forgotten."""
        draft = {**visit.draft, **answers}
        draft.setdefault("key", uuid4().hex)
        await self.desk.write(lambda session: visits.keep(session, visit.id, draft, self.desk.clock()))
        return visit.model_copy(update={"draft": draft})

    async def begin_again(self, visit: Visit) -> Visit:
        """Forget the answers, for another request."""
        empty = visit.model_copy(update={"draft": {}})
        return await self.keep(empty)

    async def items(self, visit: Visit) -> list[dict[str, Any]]:
        """The order's lines: what they cost, how many can be asked about, and the cases that are open about them."""
        books, zone = self.desk.playbook_set.kinds.values(), ZoneInfo(self.desk.playbook_set.shop.timezone)
        today = self.desk.clock().astimezone(zone).date()

        def one(session: Session, order: Order, pots: Pots, line: OrderLine) -> dict[str, Any]:
            claims = reservations.claims_on(session, order.order_no, line.line_no)
            cost = money(cost_of(pots, line.line_no, line.quantity), order.currency)
            return offering.item(line, claims, cost, offering.until(books, order, line, zone, today))

        def read(session: Session) -> list[dict[str, Any]]:
            order, pots = self._order(session, visit), orders.pots(session, visit.order_no)
            assert pots is not None
            return [one(session, order, pots, line) for line in order.lines]

        return await self.desk.read(read)

    async def parcels(self, visit: Visit) -> list[dict[str, Any]]:
        """The parcels of the order, with what their couriers said last."""

        def read(session: Session) -> list[dict[str, Any]]:
            sent = [one for one in self._order(session, visit).shipments if one.waybill]
            return [offering.parcel_of(one, tracking.standing(session, str(one.waybill))) for one in sent]

        return await self.desk.read(read)

    def _order(self, session: Session, visit: Visit) -> Order:
        order = orders.load(session, visit.order_no)
        if order is None:
            raise NotFound("There is no such order any more.")
        return order

    async def reasons(self, visit: Visit) -> list[dict[str, Any]]:
        """What it can be about, in the customer's words; those that fit the order as it stands come first."""
        books = self.desk.playbook_set.kinds.values()
        return await self.desk.read(lambda session: offering.reasons(books, self._order(session, visit)))

    async def book(self, visit: Visit) -> offering.Chosen | None:
        """The procedure that the answers so far lead to, with its finer sorts and what evidence helps."""
        kind = visit.draft.get("kind")
        known = self.desk.playbook_set.kinds.get(str(kind))
        if known is None or known.asked_as is None:
            return None
        return await self.desk.read(
            lambda session: offering.chosen(
                known, visit.draft.get("subcategory"), self._order(session, visit), self.desk.playbook_set.calendars
            )
        )

    async def add_photo(self, visit: Visit, file: BinaryIO, name: str | None) -> Visit:
        """Take a photo in before there is a case. Raises what is wrong with the file, or Invalid for one too many."""
        photos = list(visit.draft.get("photos", []))
        if len(photos) >= MOST_PHOTOS:
            raise Invalid(f"At most {MOST_PHOTOS} photos.")
        kept = await self.desk.filing.take(file, self.desk.clock())
        known = {photo["id"] for photo in photos}
        if kept.id not in known:
            photos.append({"id": kept.id, "name": (name or "")[:200], "media_type": kept.media_type})
        return await self.keep(visit, photos=photos)

    async def drop_photo(self, visit: Visit, file_id: str) -> Visit:
        """Take a photo away again."""
        left = [photo for photo in visit.draft.get("photos", []) if photo["id"] != file_id]
        return await self.keep(visit, photos=left)

    async def photo(self, visit: Visit, file_id: str) -> tuple[bytes, str]:
        """A photo of this visit, small."""
        if all(photo["id"] != file_id for photo in visit.draft.get("photos", [])):
            raise NotFound("There is no such photo.")
        return await self.desk.filing.fetch_loose(file_id, small=True)

    async def wishes(self, visit: Visit) -> list[offering.Wish]:
        """What can be asked for, with what it comes to (F20), in the order in which the playbook proposes it."""
        book = await self.book(visit)
        if book is None:
            return []
        quoted = await self._out_of_warranty(visit, book)
        return [await offering.wish(self.desk, visit, book, remedy, quoted) for remedy in book.remedies]

    async def _out_of_warranty(self, visit: Visit, book: offering.Chosen) -> bool:
        """Whether the warranty is known to be over, so that a repair is quoted first (F10)."""
        answers = {**visit.draft, "wanted": book.remedies[0]}
        rules = await self.checked(visit.model_copy(update={"draft": answers}))
        return any(reason["rule"] == WARRANTY_OVER for reason in rules["reasons"])

    async def checked(self, visit: Visit) -> dict[str, Any]:
        """What the rules say to the request before it is sent, with reasons, and which open cases hold its units."""
        return await self.desk.check(self._ask(visit))

    def _ask(self, visit: Visit) -> OpenCase:
        """The request that the answers make. Raises Invalid while some are missing."""
        draft = visit.draft
        missing = [name for name in ("lines", "kind", "wanted") if not draft.get(name)]
        if missing:
            told = "Some answers are still missing."
            raise Invalid(told, errors=[{"field": name, "message": told} for name in missing])
        lines = [{"line_no": int(no), "quantity": quantity} for no, quantity in draft["lines"].items()]
        asked = {name: draft.get(name) or None for name in ("kind", "subcategory", "wanted", "description")}
        return OpenCase.model_validate({**asked, "order_no": visit.order_no, "lines": lines, "channel": "page"})

    async def send(self, visit: Visit) -> str:
        """Open the case, once however often it is sent; answers its number."""
        if visit.draft.get("sent"):
            return str(visit.draft["sent"])
        visit = await self.keep(visit)
        ask = self._ask(visit)
        case, _ = await self.desk.open_case(ask, CUSTOMER, f"page {visit.id[:16]} {visit.draft['key']}")
        case_no = str(case["case_no"])
        for photo in visit.draft.get("photos", []):
            await self.desk.add_kept_file(case_no, photo["id"], photo["name"], CUSTOMER)
        await self.keep(visit.model_copy(update={"draft": {}}), sent=case_no)
        return case_no

    async def cases(self, visit: Visit) -> list[dict[str, Any]]:
        """The cases of the order, the newest first, as their customer sees them."""
        rows = await self.desk.read(lambda session: lists.of_order(session, visit.order_no))
        return [await self.desk.case_for_customer(row.case_no) for row in reversed(rows)]

    async def mind_case(self, visit: Visit, case_no: str) -> None:
        """Raises NotFound for a case of another order."""
        rows = await self.desk.read(lambda session: lists.of_order(session, visit.order_no))
        if case_no not in {row.case_no for row in rows}:
            raise NotFound("There is no such request.")

    # ── one case ────────────────────────────────────────────────────────────

    async def case(self, case_no: str) -> dict[str, Any]:
        """The case as its customer sees it."""
        return await self.desk.case_for_customer(case_no)

    async def act(self, case_no: str, action: Action, data: Mapping[str, Any], command_id: str) -> dict[str, Any]:
        """Carry out what the customer does; the same `command_id` twice has one effect."""
        command = Command(action=action, actor=CUSTOMER, command_id=f"page {command_id}", data=dict(data))
        await self.desk.carry_out(case_no, command)
        return await self.case(case_no)

    async def add_file(self, case_no: str, file: BinaryIO, name: str | None) -> None:
        """More evidence; the same file again is the same entry."""
        await self.desk.add_file(case_no, file, name, CUSTOMER)

    async def file(self, case_no: str, file_id: str, small: bool) -> tuple[bytes, str]:
        """A file that the customer has sent himself."""
        await self.desk.filing.mind_his_own(case_no, file_id)
        return await self.desk.filing.fetch(case_no, file_id, small)

    async def slip(self, case_no: str, language: Language, paper: Paper = "a6") -> Printed:
        """The return slip. Raises Conflict while the return is not approved."""
        return await self.desk.slip(case_no, paper, language)
