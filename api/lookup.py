"""What the desk can look up: orders, cases, lists, registers, playbooks. Reads only, and from SQL alone."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api import background, opening, views
from api.beside import Beside
from api.callers import Caller, is_customer
from api.customer.links import CaseLinks
from api.customer.view import Told, customer_view
from api.database import OnDatabase
from api.documents.requests import OpenCase, PreviewAsk
from api.goods.filing import Filing
from api.goods.slips import slip_of
from api.preview import preview, preview_in_case
from api.procedure.books import Books
from api.procedure.proposals import proposals
from api.procedure.publishing import Place
from api.procedure.script_values import script_values
from files.shelf import FileShelf
from models.accounting.ledger import cost_of_case
from models.case import Case
from models.errors import Conflict, Invalid, NotFound
from models.goods.tracking import Standing
from models.lifecycle import Action, Role
from models.masking import masked
from models.orders import Order
from models.playbook import Playbook
from playbooks.loading.in_force import Fixed, InForce
from playbooks.loading.load import Playbooks
from playbooks.loading.notices import calendar_rows, warnings
from playbooks.loading.reading import Problem
from printing.slip import Paper, Printed, Slip, printed
from printing.words import Language
from store import cases, finding, lists, orders, personal
from store.accounting import claims as kept_claims
from store.accounting import credit, ledger, payees, payouts
from store.accounting.payouts import PayoutRow
from store.accounting.registers import REGISTERS
from store.customers import known as known_customers
from store.goods import files as kept_files
from store.goods import tracking
from store.oversight import stuck, sweeps
from store.people import staff
from store.time.rebase import furthest_deadline

T = TypeVar("T")
#: Money and goods that do not meet, as registers (T13).
UNEVEN = {
    "refunded_not_returned": ledger.refunded_not_returned,
    "returned_not_refunded": ledger.returned_not_refunded,
}
#: What a list of cases is narrowed to, for those who do not know the store.
CaseFilters = lists.CaseFilters
#: Everything that is stuck.
EVERYTHING = stuck.Narrowed()
#: The most entries of a case that its customer's page is made from.
MOST_ENTRIES = 2_000


def utc_now() -> datetime:
    """The wall clock, for processes; everything below takes the time as an argument."""
    return datetime.now(UTC)


def _no_case(case_no: str) -> NotFound:
    return NotFound(f"There is no case '{case_no}': check the number.")


class Lookup(OnDatabase):
    """Everything that can be read, on one store and the playbooks in force."""

    def __init__(
        self,
        engine: Engine,
        playbooks: Playbooks | InForce,
        clock: Callable[[], datetime] = utc_now,
        font: Path | None = None,
        files: str = "memory://aftercare",
        links: CaseLinks | None = None,
    ) -> None:
        super().__init__(engine)
        self.links = links or CaseLinks(engine)
        self.filing = Filing(engine, FileShelf(files))
        self.font = font
        self._shelf = Fixed(playbooks) if isinstance(playbooks, Playbooks) else playbooks
        self.books = Books()
        self.beside = Beside()
        self.clock = clock

    @property
    def playbook_set(self) -> Playbooks:
        """The playbooks, calendars, rates and the shop's own facts that are in force now."""
        return self._shelf.current()

    @property
    def place(self) -> Place:
        """Where the files of the playbooks are. Raises Conflict for a set that comes from none."""
        if self._shelf.folder is None:
            raise Conflict("These playbooks come from no folder: nothing of them can be changed here.")
        return Place(self._shelf.folder, self._shelf.own)

    def renew_playbooks(self) -> Playbooks:
        """The playbooks by their files as they are now; it reads files, and belongs into a thread."""
        return self._shelf.renewed()

    # ── orders ────────────────────────────────────────────────────────────────

    async def order(self, order_no: str) -> dict[str, Any]:
        """The order with its cases, holds and what is still refundable."""

        def read(session: Session) -> dict[str, Any]:
            order = self._order(session, order_no)
            pots = orders.pots(session, order_no)
            assert pots is not None
            rows, holds = lists.of_order(session, order_no), orders.holds(session, order_no)
            return views.order_document(order, pots, rows, holds)

        return await self._read(read)

    async def find_orders(self, text: str, most: int = 20) -> list[dict[str, Any]]:
        """Orders by their number, a telephone or a name, the newest first."""
        found = await self._read(lambda session: finding.orders(session, text, most))
        return [one.model_dump(mode="json") for one in found]

    async def preview(self, order_no: str, ask: PreviewAsk) -> dict[str, Any]:
        """What a remedy would cost now; moves nothing."""

        def read(session: Session) -> dict[str, Any]:
            order = self._order(session, order_no)
            pots = orders.pots(session, order_no)
            assert pots is not None
            if ask.case_no is not None:
                return preview_in_case(self._case_of(session, ask.case_no, order_no), pots, ask, self.clock())
            book = self.playbook_set.get(ask.kind) if ask.kind is not None else None
            held = opening.book_for(book, ask.subcategory, order, order.channel) if book else None
            return preview(order, pots, self.playbook_set.freight, ask, held)

        return await self._read(read)

    def _case_of(self, session: Session, case_no: str, order_no: str) -> Case:
        case = self._case(session, case_no)
        if case.order is None or case.order.order_no != order_no:
            told = f"{case_no} is not about order {order_no}"
            raise Invalid(f"case_no: {told}.", errors=[{"field": "case_no", "message": told}])
        return case

    async def check(self, ask: OpenCase) -> dict[str, Any]:
        """What the rules say to a request before it is saved, and which open cases hold its units; writes nothing."""
        return (await self.shown(ask))[0]

    async def shown(self, ask: OpenCase) -> tuple[dict[str, Any], str]:
        """What `check` answers, and the name of it by which the case is opened (F20)."""
        playbook = self.playbook_set.get(ask.kind)
        opening.needed(ask, playbook)
        return await self._read(lambda session: self._checked(session, ask, playbook))

    def _checked(self, session: Session, ask: OpenCase, playbook: Playbook) -> tuple[dict[str, Any], str]:
        order = self._order(session, ask.order_no) if ask.order_no else None
        book, now = opening.book_for(playbook, ask.subcategory, order, ask.channel), self.clock()
        known = background.known(session, ask, book, order, self.playbook_set, now)
        held = background.holders(session, order, opening.claimed_lines(ask, order)) if order else []
        document = {**views.eligible_document(known.eligible), "open_cases": held}
        return document, opening.shown_id(known.eligible, held)

    async def free_units(self, order_no: str) -> dict[int, dict[str, Any]]:
        """How many units of each line are in no open case and not refunded, and the open cases that hold some (F18)."""

        def read(session: Session) -> dict[int, dict[str, Any]]:
            return background.free_units(session, self._order(session, order_no))

        return await self._read(read)

    def _order(self, session: Session, order_no: str) -> Order:
        order = orders.load(session, order_no)
        if order is None:
            raise NotFound(f"There is no order '{order_no}': import it, or check the number.")
        return order

    # ── cases ─────────────────────────────────────────────────────────────────

    async def case(
        self, case_no: str, roles: frozenset[Role] | None = None, actor_id: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """One case, with its clocks, money, what can be done and what should be."""

        def read(session: Session) -> dict[str, Any]:
            case = self._case(session, case_no)
            shop, link = self.playbook_set.shop, self.links.of(session, case_no, self.clock()).url
            cost = views.cost_document(cost_of_case(ledger.of_case(session, case_no)), case.currency)
            told = {"description": cases.description(session, case_no), "cost": cost, **more}
            seen = views.Seen(
                calendars=self.playbook_set.calendars,
                now=self.clock(),
                playbook=self.books.of(session, case, self.playbook_set),
                values=script_values(case, shop, self._customer(session, case), link, self._agent(session, case)),
                roles=roles,
                actor_id=actor_id,
                ending=shop.link_line if link else None,
            )
            return views.case_document(case, seen, **told)

        if not self.links.is_ready:
            await asyncio.to_thread(self.links.ready, self.clock())
        return await self._read(read)

    async def customer_of(self, case_no: str) -> dict[str, Any]:
        """How the customer of a case is reached by now (C7), and his other cases; it is personal, so mask it."""
        found = await self._read(lambda session: known_customers.of_case(session, case_no))
        rows = [views.row_document(row) for row in found.cases]
        return {"name": found.name, "phone": found.phone, "email": found.email, "orders": found.orders, "cases": rows}

    async def case_for_customer(self, case_no: str) -> dict[str, Any]:
        """One case as its customer sees it; what that leaves out never leaves the house."""

        def read(session: Session) -> dict[str, Any]:
            case = self._case(session, case_no)
            accounts = personal.of_case(session, case_no, Action.PROVIDE_ACCOUNT).values()
            told = Told(
                book=self.books.of(session, case, self.playbook_set),
                shop=self.playbook_set.shop,
                now=self.clock(),
                entries=cases.timeline(session, case_no, 0, MOST_ENTRIES),
                files=kept_files.of_case(session, case_no),
                accounts=tuple(masked(str(kept["account"])) for kept in accounts if kept.get("account")),
                description=cases.description(session, case_no),
                standings=_standings(session, case.return_waybill, case.sent_waybill),
            )
            return customer_view(case, told)

        return await self._read(read)

    async def case_for(self, case_no: str, caller: Caller) -> dict[str, Any]:
        """One case for who is not of the house: whole for its customer, where it stands for its courier."""
        whole = await self.case_for_customer(case_no)
        return whole if is_customer(caller) else {name: whole[name] for name in ("case_no", "state", "version")}

    def _agent(self, session: Session, case: Case) -> str | None:
        """Who speaks for the case, by the name that colleagues know him by; None where only his id is known."""
        return staff.name_of(session, case.owner or case.opened_by)

    def _customer(self, session: Session, case: Case) -> str | None:
        """The name to address: of whoever the case is with, else of the order's customer."""
        name = cases.contact(session, case.case_no).get("name")
        order = orders.load(session, case.order.order_no) if case.order and not name else None
        return name or (order.customer.name if order and order.customer else None)

    async def slip(self, case_no: str, paper: Paper = "a6", language: Language | None = None) -> Printed:
        """The return slip of a case as a PDF. Raises Conflict while its return is not approved."""

        def read(session: Session) -> Slip:
            case = self._case(session, case_no)
            order = orders.load(session, case.order.order_no) if case.order else None
            return slip_of(case, order, cases.contact(session, case_no), self.playbook_set.shop, language)

        return await asyncio.to_thread(printed, await self._read(read), paper, self.font)

    async def timeline(self, case_no: str, after: int = 0, limit: int = 200) -> dict[str, Any]:
        """Who did what, when and why; the cursor is the number of the last entry."""

        def read(session: Session) -> dict[str, Any]:
            self._mind_case(session, case_no)
            entries = cases.timeline(session, case_no, after, limit + 1)
            page = entries[:limit]
            more = str(page[-1].seq) if len(entries) > limit else None
            return {"items": [entry.as_document() for entry in page], "next_cursor": more}

        return await self._read(read)

    async def timeline_back(
        self,
        case_no: str,
        before: int | None = None,
        limit: int = 100,
        only: Collection[str] = (),
        but: Collection[str] = (),
    ) -> dict[str, Any]:
        """What happened last, the newest first; `last_seq` is the number of the very last entry, whatever is shown."""

        def read(session: Session) -> dict[str, Any]:
            self._mind_case(session, case_no)
            entries = cases.timeline_back(session, case_no, before, limit + 1, only, but)
            newest = cases.timeline_back(session, case_no, None, 1)
            return {
                "items": [entry.as_document() for entry in entries[:limit]],
                "before": entries[limit - 1].seq if len(entries) > limit else None,
                "last_seq": newest[0].seq if newest else 0,
            }

        found: dict[str, Any] = await self._read(read)
        return found

    async def cases(
        self,
        filters: lists.CaseFilters,
        sort: lists.Sort = "due_at",
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """A page of cases."""
        now = self.clock()
        rows, following = await self._read(lambda session: lists.cases(session, filters, sort, cursor, limit, now=now))
        return {"items": [views.row_document(row) for row in rows], "next_cursor": following}

    async def stuck_with_board(
        self, wanted: stuck.Narrowed, sort: stuck.Sort = "due_at", cursor: str | None = None, limit: int = 50
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """As `stuck`, and what is stuck by reason: how many cases, the oldest, and what is at stake by currency (T12).

        Who is off duty is asked once for both.
        """
        now = self.clock()

        def read(session: Session) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            away = stuck.off_duty(session, now)
            found = stuck.rows(session, now, **dict(wanted), sort=sort, cursor=cursor, limit=limit, away=away)
            board = [views.tally_document(row) for row in stuck.board(session, now, wanted, away)]
            return views.stuck_answer(found, sweeps.late(session, now)), board

        return await self._read(read)

    async def stuck(
        self,
        wanted: stuck.Narrowed = EVERYTHING,
        sort: stuck.Sort = "due_at",
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Which cases are stuck and why, with counts by reason and stage (T12)."""
        now = self.clock()
        found, late = await self._read(
            lambda session: (
                stuck.rows(session, now, **dict(wanted), sort=sort, cursor=cursor, limit=limit),
                sweeps.late(session, now),
            )
        )
        return views.stuck_answer(found, late)

    async def case_number(self, text: str) -> str:
        """The case whose number was typed in any case, with or without its prefix. Raises NotFound."""
        number = await self._read(lambda session: lists.number_of(session, text))
        if number is None:
            raise NotFound(f"There is no case '{text}'.")
        return number

    def _case(self, session: Session, case_no: str) -> Case:
        case = cases.load(session, case_no)
        if case is None:
            raise _no_case(case_no)
        return case

    def _mind_case(self, session: Session, case_no: str) -> None:
        if not cases.is_there(session, case_no):
            raise _no_case(case_no)

    # ── money ─────────────────────────────────────────────────────────────────

    async def payouts(
        self,
        states: tuple[str, ...] = (),
        case_no: str | None = None,
        purpose: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Finance's queue, the oldest first, each with the payment that gives it back (F17)."""

        def read(session: Session) -> dict[str, Any]:
            rows, following = payouts.list(session, states, case_no, purpose, cursor=cursor, limit=limit)
            paid = payees.payments(session, rows)
            items = [views.payout_in_queue(row, paid.get(row.id)) for row in rows]
            return {"items": items, "next_cursor": following}

        return await self._read(read)

    async def payout_counts(self, states: Sequence[str], most: int = 100) -> dict[str, int]:
        """How many payouts are in each of these states, at most so many."""
        return await self._read(lambda session: payouts.counts(session, states, most))

    async def payouts_named(self, ids: Collection[str]) -> list[dict[str, Any]]:
        """Those of these payouts that there are, as the queue shows them."""

        def read(session: Session) -> list[dict[str, Any]]:
            rows = payouts.named(session, ids)
            paid = payees.payments(session, rows)
            return [views.payout_in_queue(row, paid.get(row.id)) for row in rows]

        return await self._read(read)

    async def claims(
        self,
        awaits: tuple[str, ...] = (),
        against: str | None = None,
        overdue: bool = False,
        case_no: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
        over: bool | None = None,
    ) -> dict[str, Any]:
        """What couriers and suppliers were asked for, the next deadline first (L5, G10)."""
        now = self.clock()
        rows, following = await self._read(
            lambda session: kept_claims.list(
                session, now, awaits, against, overdue, case_no, over=over, cursor=cursor, limit=limit
            )
        )
        return {"items": [views.claim_row_document(row, now) for row in rows], "next_cursor": following}

    async def _payout(self, payout_id: str) -> PayoutRow:
        row = await self._read(lambda session: payouts.get(session, payout_id))
        if row is None:
            raise NotFound(f"There is no payout '{payout_id}'.")
        return row

    async def balance(self, customer_id: str) -> dict[str, Any]:
        """R2: a customer's store credit with its entries. Raises NotFound for one who never had any."""

        def read(session: Session) -> dict[str, Any]:
            entries = credit.entries(session, customer_id)
            if not entries:
                raise NotFound(f"Customer '{customer_id}' has never had store credit.")
            return views.balance_document(customer_id, credit.of_customer(session, customer_id), entries)

        return await self._read(read)

    async def register(self, name: str) -> list[dict[str, Any]]:
        """A register as rows."""
        if name in UNEVEN:
            return [views.uneven_document(row) for row in await self._read(UNEVEN[name])]
        if name in REGISTERS:
            return [views.register_document(row) for row in await self._read(REGISTERS[name])]
        known = ", ".join(sorted((*REGISTERS, *UNEVEN)))
        raise NotFound(f"There is no register '{name}'; there are {known}.")

    # ── reference ─────────────────────────────────────────────────────────────

    def lifecycle(self) -> dict[str, Any]:
        """The machine, as the table has it."""
        return views.lifecycle_document()

    def playbooks(self) -> dict[str, Any]:
        """What is in force, in which version, and what is wrong with a changed set that is not."""
        found = self.playbook_set.kinds.values()
        rows = [{"kind": p.kind, "version": p.version, "names": p.names.model_dump()} for p in found]
        return {"items": rows, "next_cursor": None, "problems": [str(problem) for problem in self._shelf.problems]}

    def playbook_mistakes(self) -> tuple[Problem, ...]:
        """What is wrong with a changed set that is not in force, each mistake by its file, line and field."""
        return self._shelf.problems

    async def calendars(self) -> dict[str, Any]:
        """The calendars in force, where their holidays come from, and what is not published yet."""
        found, now, furthest = self.playbook_set, self.clock(), await self._read(furthest_deadline)
        told = list(warnings(found, now, furthest))
        return {"items": calendar_rows(found, now, furthest), "next_cursor": None, "warnings": told}

    def playbook(self, kind: str) -> dict[str, Any]:
        """One playbook as it is in force, as a document."""
        return self.playbook_of(kind).as_document()

    def playbook_of(self, kind: str) -> Playbook:
        """One playbook as it is in force. Raises NotFound with the known kinds."""
        found = self.playbook_set.kinds.get(kind)
        if found is None:
            raise NotFound(f"There is no playbook '{kind}'; there are {', '.join(sorted(self.playbook_set.kinds))}.")
        return found

    async def propose(self, text: str, order_no: str | None = None) -> list[dict[str, Any]]:
        """The likeliest kinds of case by a customer's words, with the words that speak for each."""
        order = await self._read(lambda session: self._order(session, order_no)) if order_no else None
        return proposals(text, self.playbook_set, order)

    # ── the database ──────────────────────────────────────────────────────────

    async def read(self, work: Callable[[Session], T]) -> T:
        """What `work` reads from the database, for use cases in files of their own."""
        return await self._read(work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """What `work` writes, in one transaction, for the same."""
        return await self._write(work)


def _standings(session: Session, *waybills: str | None) -> dict[str, Standing]:
    """Where these parcels stand, as far as their couriers said anything."""
    found = {waybill: tracking.standing(session, waybill) for waybill in waybills if waybill}
    return {waybill: standing for waybill, standing in found.items() if standing}
