"""Goods in: every box is taken in once, its case moves by itself, what nobody expects lies on the shelf (G1, G2, G12).

A box is written down before its case is told, and it is told under the box's id. So a scan that died half way is
finished by the same scan, or by a sweep, and nothing is booked in twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy.orm import Session

from api.documents.goods import DescribeAsk, MatchAsk, Scan, choice_document, parcel_document, proposal_document
from api.goods.slips import read_code
from models.case import Case
from models.commands import Actor
from models.errors import CommandRefused, Conflict, Forbidden, NotFound
from models.goods.parcels import EXPECTING, ParcelState
from models.lifecycle import Role, State, acts_as
from playbooks.loading.shop import GoodsIn as Rules
from store import cases, lists
from store.goods import files as kept_files
from store.goods import parcels, proposals
from store.goods.files import KeptFile
from store.goods.parcels import NewParcel, Parcel
from store.goods.parcels import ParcelFilters as ParcelFilters
from store.goods.telling import told_of
from store.projection import phone_tail

if TYPE_CHECKING:
    from api.desk import Desk

#: Whoever a box is looked at by: the role that ends its time early may be asked for.
_ROLE = {"supervisor": Role.SUPERVISOR, "manager": Role.MANAGER, "director": Role.DIRECTOR}


class GoodsIn:
    """The use cases of the warehouse's door and shelf, on one desk."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    @property
    def _rules(self) -> Rules:
        return self._desk.playbook_set.shop.goods_in

    @property
    def _since(self) -> datetime:
        """Since when a code that was scanned again is a second beep and no second box."""
        return self._desk.clock() - timedelta(seconds=self._rules.same_box_seconds)

    # ── scanning ────────────────────────────────────────────────────────────

    async def scan(self, ask: Scan, actor: Actor, roles: frozenset[Role] | None = None) -> dict[str, Any]:
        """A box came. Known by case, waybill or order: its case moves; unknown: it goes on the shelf.

        `roles` are those of whoever will see the case, and narrow what it shows as allowed.
        Raises Conflict naming the cases when several fit: nothing has moved then.
        """
        now = self._desk.clock()
        new, found = await self._desk.read(lambda session: self._recognised(session, ask))
        parcel, repeated = await self._desk.write(
            lambda session: self._taken(session, new, tuple(found), actor, now, ask.another)
        )
        refused = await self._tell(parcel, actor, found)
        return await self._answer(parcel, repeated, refused, roles)

    def _recognised(self, session: Session, ask: Scan) -> tuple[NewParcel, dict[str, Case]]:
        """What the box is, and the cases that it is for."""
        code, shop = read_code(ask.code or "")
        ours = shop in (None, self._desk.playbook_set.shop.code)
        found = self._cases(session, ask, code) if ours else []
        named = {case.case_no for case in found} | {case.order.order_no for case in found if case.order}
        is_number = code in named or code.upper() in named
        note = ask.note if ours else ask.note or f"The slip is of another shop ({shop})."
        new = NewParcel(
            code=code if ours else f"{code}-{shop}",
            waybill=ask.waybill or (code if found and not is_number else None),
            note=note,
            phone_tail=phone_tail(ask.sender_phone),
            **ask.model_dump(include={"box", "of", "scan_id", "grams", "sender_name", "product", "invoice_enclosed"}),
        )
        return new, {case.case_no: case for case in found}

    def _cases(self, session: Session, ask: Scan, code: str) -> Sequence[Case]:
        """The cases that somebody named, else the one that is meant. Raises NotFound, or Conflict where several fit."""
        if ask.case_nos:
            return [_existing(session, number) for number in dict.fromkeys(ask.case_nos)]
        if not code and not ask.waybill:
            return []
        box = NewParcel(code=code, waybill=ask.waybill or code, box=ask.box, scan_id=ask.scan_id)
        known = parcels.same_box(session, box, self._since)
        if known is not None and known.case_nos:
            return [_existing(session, number) for number in known.case_nos]
        found = meant(session, code, ask.waybill)
        if len(found) > 1:
            told = f"'{code or ask.waybill}' fits {len(found)} cases: name those that are in the box (case_nos)."
            choices = [choice_document(case) for case in found]
            raise Conflict(told, case_nos=[case.case_no for case in found], choices=choices)
        return found

    def _taken(
        self,
        session: Session,
        new: NewParcel,
        case_nos: tuple[str, ...],
        actor: Actor,
        now: datetime,
        another: bool = False,
    ) -> tuple[Parcel, bool]:
        """The box as it is kept, and whether it was known."""
        parcels.one_scan_at_a_time(session, new)
        known = parcels.same_box(session, new, self._since, another)
        if known is not None:
            parcels.add_note(session, known.id, new)
            if case_nos and known.state == "on_shelf":
                parcels.give(session, known.id, case_nos, "matched", now, actor)
            elif known.case_nos:
                parcels.tie(session, known.id, case_nos, now, actor)  # one box for two cases, the second named later
            return parcels.load(session, known.id), True
        due_at = now + timedelta(days=self._rules.keep_days)
        parcel_id = parcels.put(session, new, now, actor.id, due_at)
        if case_nos:
            parcels.give(session, parcel_id, case_nos, "booked", now, actor)
        return parcels.load(session, parcel_id), False

    # ── telling its cases ───────────────────────────────────────────────────

    async def _tell(
        self, parcel: Parcel, actor: Actor, seen: Mapping[str, Case] | None = None
    ) -> CommandRefused | Conflict | None:
        """Have every case book its box in; the last refusal, of a case for which the box is not."""
        last = None
        for case_no in parcel.untold:
            case = (seen or {}).get(case_no)
            if case is None:
                case = await self._desk.read(partial(_existing, case_no=case_no))
            last = await self._tell_one(parcel, case, actor) or last
        return last

    async def _tell_one(self, parcel: Parcel, case: Case, actor: Actor) -> CommandRefused | Conflict | None:
        case_no = case.case_no
        try:
            await self._desk.carry_out(case_no, told_of(parcel, case, actor), case)
        except (CommandRefused, Conflict) as refused:
            why = refused.detail
            await self._desk.write(lambda session: parcels.not_taken(session, parcel.id, case_no, why))
            return refused
        await self._desk.write(lambda session: self._now_known(session, parcel, case_no, actor))
        return None

    def _now_known(self, session: Session, parcel: Parcel, case_no: str, actor: Actor) -> None:
        parcels.told(session, parcel.id, case_no)
        for photo in parcel.photos:
            kept_files.link(session, case_no, photo, None, actor.id, actor.role, self._desk.clock())

    async def _answer(
        self,
        parcel: Parcel,
        repeated: bool,
        refused: CommandRefused | Conflict | None,
        roles: frozenset[Role] | None,
    ) -> dict[str, Any]:
        if refused is not None:  # it may lie on the shelf again
            parcel = await self._desk.read(lambda session: parcels.load(session, parcel.id))
        parcel = parcel.model_copy(update={"untold": ()})
        shown = parcel_document(parcel)
        told = {"parcel": shown, "repeated": repeated, "refused": refused.detail if refused else None}
        on_shelf = parcel.state == "on_shelf"
        first = await self._desk.case(parcel.case_nos[0], roles) if parcel.case_nos else None
        also = list(parcel.case_nos[1:])
        return {"case": first, "also": also, "unmatched": shown if on_shelf else None, **told}

    # ── the box in front of somebody ────────────────────────────────────────

    async def here(self, code: str) -> dict[str, Any]:
        """What a box that is in the house already is for, by whatever is on it; nothing is booked in.

        `waiting` are the cases that wait for its inspection, `others` those that do not, `boxes` those on the shelf.
        """

        def read(session: Session) -> dict[str, Any]:
            plain, _ = read_code(code)
            boxes, _ = parcels.page(session, ParcelFilters(state=parcels.LIVE, waybill=plain), self._desk.clock(), None)
            of_order = [row.case_no for row in lists.of_order(session, plain)]
            tied = [number for box in boxes for number in box.case_nos]
            numbers = dict.fromkeys((*tied, plain, plain.upper(), *_by_waybill(session, plain), *of_order))
            found = [case for number in numbers if (case := cases.load(session, number))]
            told = [choice_document(case) for case in found]
            waiting = [one for one in told if one["state"] == State.RECEIVED]
            others = [one for one in told if one["state"] != State.RECEIVED]
            on_shelf = [parcel_document(box) for box in boxes if box.state == "on_shelf"]
            return {"waiting": waiting, "others": others, "boxes": on_shelf}

        return await self._desk.read(read)

    async def products(self, case_nos: Sequence[str]) -> Mapping[str, list[tuple[str, str]]]:
        """What these cases are about: SKU and name."""
        return await self._desk.read(lambda session: proposals.products(session, case_nos))

    # ── the shelf ───────────────────────────────────────────────────────────

    async def page(self, filters: ParcelFilters, cursor: str | None, limit: int) -> dict[str, Any]:
        """Boxes, the longest here first."""
        now = self._desk.clock()
        rows, following = await self._desk.read(lambda session: parcels.page(session, filters, now, cursor, limit))
        return {"items": [parcel_document(row) for row in rows], "next_cursor": following}

    async def show(self, parcel_id: str) -> dict[str, Any]:
        """A box; while it lies on the shelf, with the cases that it may belong to and why."""
        now = self._desk.clock()

        def read(session: Session) -> dict[str, Any]:
            parcel = parcels.load(session, parcel_id)
            likely = proposals.proposals(session, parcel, now) if parcel.state == "on_shelf" else ()
            return {**parcel_document(parcel), "proposals": [proposal_document(one) for one in likely]}

        return await self._desk.read(read)

    async def describe(self, parcel_id: str, ask: DescribeAsk) -> dict[str, Any]:
        """Write down what more is known of a box on the shelf: its weight, a remark, its sender (G2).

        Raises Conflict for one that is not there any more.
        """
        told = ask.model_dump(exclude_none=True, exclude={"sender_phone"})
        if tail := phone_tail(ask.sender_phone):
            told["phone_tail"] = tail
        if told:
            await self._desk.write(lambda session: parcels.describe(session, parcel_id, told))
        return await self.show(parcel_id)

    async def match(
        self, parcel_id: str, ask: MatchAsk, actor: Actor, roles: frozenset[Role] | None = None
    ) -> dict[str, Any]:
        """A box from the shelf is for these cases, as if it had been scanned for them when it came (G2).

        Raises what a case refuses; a box that no case takes stays on the shelf.
        """
        now = self._desk.clock()
        wanted = tuple(dict.fromkeys(ask.case_nos))
        parcel, repeated = await self._desk.write(lambda session: self._given(session, parcel_id, wanted, actor, now))
        refused = await self._tell(parcel, actor)
        if refused is not None:
            raise refused
        return await self._answer(parcel, repeated, None, roles)

    def _given(
        self, session: Session, parcel_id: str, wanted: tuple[str, ...], actor: Actor, now: datetime
    ) -> tuple[Parcel, bool]:
        for number in wanted:
            _existing(session, number)
        parcel = parcels.load(session, parcel_id)
        repeated = parcel.state in ("matched", "booked") and set(wanted) <= set(parcel.case_nos)
        if not repeated:
            parcels.give(session, parcel_id, wanted, "matched", now, actor)
        return parcels.load(session, parcel_id), repeated

    async def end(
        self,
        parcel_id: str,
        state: ParcelState,
        reason: str,
        actor: Actor,
        carrier: str | None = None,
        waybill: str | None = None,
    ) -> dict[str, Any]:
        """Dispose of a box or send it back, with a reason; before its time only whom `shop.yaml` names may."""
        now = self._desk.clock()

        def write(session: Session) -> Parcel:
            parcel = parcels.load(session, parcel_id)
            if (parcel.state, parcel.reason) != (state, reason):  # said again it is answered, not repeated
                self._in_time(parcel, actor, now)
                parcels.end(session, parcel_id, state, reason, now, actor, carrier, waybill)
            return parcels.load(session, parcel_id)

        return parcel_document(await self._desk.write(write))

    def _in_time(self, parcel: Parcel, actor: Actor, now: datetime) -> None:
        early = self._rules.early_role
        if parcel.due_at is not None and now < parcel.due_at and not acts_as(actor.role, _ROLE[early]):
            day = parcel.due_at.date()
            raise Forbidden(f"It waits on the shelf until {day}; before that only a {early} may end it (G2).")

    # ── photos ──────────────────────────────────────────────────────────────

    async def add_photo(self, parcel_id: str, file: BinaryIO, actor: Actor) -> KeptFile:
        """Keep a photo of a box; its cases have it too."""
        parcel = await self._desk.read(lambda session: parcels.load(session, parcel_id))
        now = self._desk.clock()
        kept = await self._desk.filing.take(file, now)

        def write(session: Session) -> None:
            parcels.add_photo(session, parcel_id, kept.id, now, actor)
            for case_no in set(parcel.case_nos) - set(parcel.untold):
                kept_files.link(session, case_no, kept.id, None, actor.id, actor.role, now)

        await self._desk.write(write)
        return kept

    async def photo(self, parcel_id: str, file_id: str, small: bool) -> tuple[bytes, str]:
        """The bytes of a photo of this box. Raises NotFound for one of any other."""
        parcel = await self._desk.read(lambda session: parcels.load(session, parcel_id))
        if file_id not in parcel.photos:
            raise NotFound("The parcel has no such photo.")
        return await self._desk.filing.fetch_loose(file_id, small)


def _named(session: Session, case_no: str) -> Case | None:
    """The case of a number, as it was typed or in capitals."""
    found = (cases.load(session, number) for number in dict.fromkeys((case_no, case_no.upper())))
    return next(filter(None, found), None)


def _existing(session: Session, case_no: str) -> Case:
    case = _named(session, case_no)
    if case is None:
        raise NotFound(f"There is no case '{case_no}': check the number.")
    return case


def meant(session: Session, code: str, waybill: str | None = None) -> list[Case]:
    """The cases that a code can mean: those that expect a parcel, else open ones, else those that are over."""
    direct = _named(session, code) if code else None
    if direct is not None:
        return [direct]
    numbers = [number for one in (waybill, code) if one for number in _by_waybill(session, one)]
    numbers += [row.case_no for row in lists.of_order(session, code)] if code else []
    found = [case for number in dict.fromkeys(numbers) if (case := cases.load(session, number))]
    expecting = [case for case in found if case.state in EXPECTING]
    still_open = [case for case in found if not case.is_final]
    return expecting or still_open or found


def _by_waybill(session: Session, waybill: str) -> tuple[str, ...]:
    """The cases that named a waybill themselves; else those whose order's own parcel it was (L7, L16)."""
    return cases.by_waybill(session, waybill) or proposals.cases_behind(session, waybill)
