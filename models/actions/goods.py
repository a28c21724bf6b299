"""Step 2, the goods: return, parcels in, parcels out, interception and recall."""

from datetime import datetime

from models.accounting.ledger import goods_taken_in
from models.actions import handles
from models.actions.claims import claim_parcel
from models.actions.deposits import give_deposit_back
from models.actions.diagnosis import at_expert
from models.actions.planning import must_be_eligible, set_gates, worth_sent
from models.actions.shelf import sent_goods_are
from models.case import Advance, Parcel
from models.commands import AuthoriseReturn, BookIn, Finding, RecordDelivery, ReportInterception, ShipReturn
from models.draft import Draft
from models.events import Fact
from models.lifecycle import Action, State


@handles(Action.AUTHORISE_RETURN)
def authorise_return(draft: Draft, data: AuthoriseReturn) -> None:
    """Only an approved case may be shipped back; with a label of ours nothing is advanced (F11)."""
    must_be_eligible(draft)
    draft.set(label=data.label)
    give_deposit_back(draft)  # of an exchange in advance of which nothing is out (G5)
    draft.told_customer()


@handles(Action.SHIP_RETURN)
def ship_return(draft: Draft, data: ShipReturn) -> None:
    """The waybill is known. Goods that were not asked for are recorded, and the case shows it (G12)."""
    if draft.case.state is State.RETURN_IN_TRANSIT:
        _put_right(draft, data)
        return
    freight = 0 if draft.case.label else draft.minor(data.freight, "freight")
    draft.set(
        goods="in_transit",
        way_back="moving",
        waybills=(*draft.case.waybills, data.waybill),
        return_waybill=data.waybill,
        carrier=data.carrier,
        advanced_freight=draft.case.advanced_freight + freight,
    )
    if draft.case.state is not State.AWAITING_RETURN:
        draft.record(Fact.GOODS_UNASKED, "The goods were sent before they were asked for.")


def _put_right(draft: Draft, data: ShipReturn) -> None:
    """The number on its way was entered wrongly: the right one takes its place, and the other is nobody's of ours (G1).

    Freight is that of the one parcel: what is named now counts instead, what is not named stays.
    """
    case = draft.case
    kept = tuple(one for one in case.waybills if one == case.sent_waybill or one != case.return_waybill)
    named = data.freight is not None and not case.label
    draft.set(
        way_back="moving",
        at_dock_since=None,
        waybills=(*kept, data.waybill),
        return_waybill=data.waybill,
        carrier=data.carrier,
        advanced_freight=draft.minor(data.freight, "freight") if named else case.advanced_freight,
    )


#: What is on the table here is set aside when goods come that have to be inspected first.
SET_ASIDE = (State.OFFERED, State.AWAITING_APPROVAL)


@handles(Action.BOOK_IN)
def book_in(draft: Draft, data: BookIn) -> None:
    """G1, G12: whatever comes is booked in; it moves the case only as long as nothing was inspected."""
    expected = draft.case.state in (State.AWAITING_RETURN, State.RETURN_IN_TRANSIT, State.INTERCEPTING, State.RECALLING)
    if not expected and draft.case.goods not in ("in_transit", "here"):
        draft.record(Fact.GOODS_UNASKED, "Goods came that were not on their way, as far as we knew.")
    draft.set(goods="here", returned_once=True, at_dock_since=None, way_back="moving")
    _count(draft, data)
    if data.came_at is not None:
        draft.clocks_begin(max(data.came_at, draft.case.opened_at))
    if data.invoice_enclosed is not None:
        draft.set(invoice_enclosed=data.invoice_enclosed or bool(draft.case.invoice_enclosed))  # in any of the boxes
    if not draft.facts.inspected and draft.case.state in SET_ASIDE:
        draft.set(offer=None, pending=None)


def _count(draft: Draft, data: BookIn) -> None:
    """Which boxes of the return are here, each once; the highest number that anybody gave says how many there are."""
    first = len(draft.case.boxes) + 1
    numbered = f"box {data.box}" if data.box else data.parcel_no
    names = [numbered] if numbered and data.boxes == 1 else [f"#{first + i}" for i in range(min(data.boxes, 100))]
    known = dict.fromkeys((*draft.case.boxes, *names))
    most = max(data.of or 0, data.box or 0, draft.case.boxes_of or 0)
    draft.set(boxes=tuple(known)[:100], boxes_of=most or None)


@handles(Action.REPORT_INTERCEPTION)
def report_interception(draft: Draft, data: ReportInterception) -> None:
    """L7: pulled → the remedy; gone → the courier is asked to bring it back."""
    draft.facts.result = data.result
    set_parcel(draft, "pulled" if data.result == "pulled" else "gone")
    set_gates(draft)


@handles(Action.RECORD_DELIVERY)
def record_delivery(draft: Draft, data: RecordDelivery) -> None:
    """L16: delivered, left at a locker, refused at the door, lost, or signed for by somebody else: each has its end."""
    draft.facts.result = data.outcome
    if data.outcome == "at_locker" and draft.case.state is State.DELIVERING:
        draft.set(at_locker_since=draft.now)  # it is followed until the customer really has it
        return
    draft.set(at_locker_since=None)
    if draft.case.state is not State.RETURN_IN_TRANSIT:
        sent_goods_are(draft, data.outcome)
    if draft.case.state is State.RETURN_IN_TRANSIT:
        _at_our_dock(draft, data.outcome)
    elif draft.case.state is State.EXTERNAL_DIAGNOSIS:
        at_expert(draft, data.outcome)
    elif draft.case.state is State.INVESTIGATING and data.outcome == "signed_by_other":
        note_finding(draft, data.outcome)  # where it really is, is still to be found out
    elif draft.case.state in (State.RECALLING, State.INVESTIGATING):
        _recalled(draft, data.outcome)
    elif draft.case.advance is not None and draft.case.advance.waits:
        _in_advance(draft, draft.case.advance, data.outcome)
    elif data.outcome == "delivered":
        draft.set(goods="customer")
    else:
        _not_delivered(draft, data.outcome)


def _in_advance(draft: Draft, advance: Advance, outcome: str) -> None:
    """G5: the new goods are there, and the old ones awaited; else they are back or gone, and can be sent again."""
    if outcome == "delivered":
        draft.told_customer()
        return
    if outcome == "refused":
        draft.post(goods_taken_in("restock", worth_sent(draft)))
    draft.set(remedy=None, plan=None, executed=False, agreed=None, rounds=0, finding=None)
    draft.set(advance=advance.model_copy(update={"sent": False}))
    if outcome == "lost":
        draft.set(finding="lost")
        rule = draft.case.procedure.findings.get("lost")
        if rule and rule.claim:
            claim_parcel(draft, rule.claim)


def _not_delivered(draft: Draft, outcome: str) -> None:
    """L16: what we sent came back or is gone: the case begins again from there, with offers as at the first time."""
    draft.set(remedy=None, plan=None, executed=False, agreed=None, rounds=0, finding=None)
    if outcome == "refused":
        draft.set(goods="here", inspected=False)
    elif outcome == "lost":
        set_parcel(draft, "lost")
        draft.set(finding="lost")
        rule = draft.case.procedure.findings.get("lost")
        if rule and rule.claim:
            claim_parcel(draft, rule.claim)


def _at_our_dock(draft: Draft, outcome: str) -> None:
    """G14: delivered to us, as the courier says, and not booked in yet: it is ours to find."""
    if outcome in ("delivered", "signed_by_other"):
        draft.set(at_dock_since=draft.case.at_dock_since or draft.now, way_back="moving")
    else:
        draft.set(at_dock_since=None, way_back=outcome)
        draft.record(Fact.SEARCH_OPENED, "The courier reports the return as lost or refused: ask for it (G14).")


def _recalled(draft: Draft, outcome: str) -> None:
    """The order's own parcel: called back, or found and followed (L7, L16)."""
    if outcome == "refused":
        set_parcel(draft, "pulled")
        draft.set(goods="here")
    elif outcome == "lost":
        set_parcel(draft, "lost")
        note_finding(draft, "lost")
    else:
        set_parcel(draft, "delivered")
        draft.set(goods="customer", finding="signed_by_other" if outcome == "signed_by_other" else draft.case.finding)
    draft.set(check=None)


def note_finding(draft: Draft, finding: Finding, until: datetime | None = None) -> None:
    """L1–L6, L16: what was found is a fact; the playbook says where the parcel is then, and whose claim that makes."""
    case = draft.case
    asked = dict.fromkeys((*case.checked, *((case.check,) if case.check else ())))
    draft.set(check=None, checked=tuple(asked), finding=finding, found_until=until)
    rule = case.procedure.findings.get(finding)
    if finding == "lost":
        sent_goods_are(draft, "lost")
    if rule and rule.parcel:
        set_parcel(draft, rule.parcel)
    if rule and rule.claim:
        claim_parcel(draft, rule.claim)


def set_parcel(draft: Draft, parcel: Parcel) -> None:
    """What is now known of the parcel that carried the goods out."""
    if draft.case.order is not None:
        draft.set(order=draft.case.order.model_copy(update={"parcel": parcel}))
