"""A case as its customer sees it: the one function that decides what leaves the house.

Shown are his own words, what we have told him, what he may do, and money that is his. Never shown are notes, names of
the staff, what the case costs us, claims, other customers, or why a clock is late.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.customer import words
from api.customer.links import unsigned
from api.customer.words import Words
from api.views import instant, money
from models.actions.planning import liable, quoted
from models.case import Case, Payout
from models.commands import Actor, OfferOption
from models.errors import RuleRefused
from models.events import Entry, Fact
from models.freight import reimbursement_cap, seller_share
from models.goods.tracking import Standing
from models.lifecycle import Action, Role, State, allowed_in
from models.money import to_minor
from models.playbook import Playbook
from models.procedure.rehearsal import answers
from models.procedure.situation import missing_evidence
from models.remedies import REMEDIES
from playbooks.loading.shop import Shop
from store.goods.files import CaseFile

#: Who acts on a customer's side.
CUSTOMER = Actor(id="customer", role=Role.CUSTOMER)
#: What a customer can do by himself, in the order in which it is shown.
HIS_ACTIONS = (
    Action.ACCEPT_OFFER,
    Action.DECLINE_OFFER,
    Action.ACCEPT_QUOTE,
    Action.DECLINE_QUOTE,
    Action.SUBMIT_EVIDENCE,
    Action.SHIP_RETURN,
    Action.NOTIFY_PAYMENT,
    Action.PROVIDE_ACCOUNT,
    Action.COMPLETE_CALLBACK,
    Action.CUSTOMER_MESSAGE,
    Action.ADD_ISSUE,
    Action.REOPEN,
    Action.WITHDRAW,
)
_WITH_SLIP = frozenset({State.AWAITING_RETURN, State.RETURN_IN_TRANSIT})
_FIRST_STEPS = frozenset({State.REQUESTED, State.AWAITING_EVIDENCE, State.INVESTIGATING, State.OFFERED})
_ON_ITS_WAY = frozenset({"planned", "approved", "sent", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is read besides the case."""

    book: Playbook | None  # none where its kind is gone
    shop: Shop
    now: datetime
    entries: Sequence[Entry] = ()
    files: Sequence[CaseFile] = ()
    accounts: Sequence[str] = ()  # masked, the latest last
    description: str | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)  # what couriers said last, by waybill


def customer_view(case: Case, told: Told) -> dict[str, Any]:
    """The case for its customer. A test names every key of it: whoever adds one decides that customers may see it."""
    status, next_ = _standing(case, told.entries)
    turn = turn_of(case)
    return {
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "opened_at": instant(case.opened_at),
        "kind": told.book.names.model_dump(include={"zh", "en"}) if told.book else words.said("售后", "After-sales"),
        "lines": [{"line_no": line.line_no, "name": line.name, "quantity": line.quantity} for line in case.lines],
        "description": told.description if _asked_himself(told.entries) else None,
        "wanted": case.wanted,
        "remedy": case.remedy,
        "replacement": (case.replacement.name or case.replacement.sku) if case.replacement else None,
        "state": case.state.value,
        "status": status,
        "turn": turn,
        "next": next_,
        "until": instant(case.due_at) if case.due_at and case.due_at > told.now and turn != "nobody" else None,
        "otherwise": _otherwise(case),
        "steps": _steps(case),
        "can": can(case, told.now),
        "offer": _offer(case),
        "quote": _quote(case),
        "to_pay": _to_pay(case, told.shop),
        "decided": words.RULINGS.get(case.ruling.ruling) if case.ruling else None,
        "visit": _visit(case),
        "money": _money(case),
        "payouts": [_payout(payout, case.currency) for payout in case.payouts if payout.state != "cancelled"],
        "account": told.accounts[-1] if told.accounts else None,
        "evidence": _evidence(case, told.book),
        "files": [_file(file) for file in told.files if file.role == Role.CUSTOMER],
        "return": _return(case, told),
        "sent": _sent(case, told),
        "country": case.order.country if case.order else None,
        "timeline": timeline_of(told.entries, case.currency),
        "shop": {"names": told.shop.names.model_dump(), "phone": told.shop.phone, "timezone": told.shop.timezone},
        "version": case.version,
    }


def _asked_himself(entries: Sequence[Entry]) -> bool:
    """Whether the request is in the customer's own words; what the house wrote down of a call is its own."""
    return any(entry.action == Fact.OPENED and entry.actor.role is Role.CUSTOMER for entry in entries)


def turn_of(case: Case) -> str:
    """Whose turn it is: `you`, `us`, `courier` or `nobody`."""
    waits = "nobody" if case.state is State.RESOLVED else case.waiting_for  # its callback is our business
    if waits in ("customer", "nobody"):
        return "you" if waits == "customer" else "nobody"
    return "courier" if waits == "courier" else "us"


def can(case: Case, now: datetime) -> list[str]:
    """What the customer may do now, by trying it: what is offered here is never refused by a rule afterwards."""
    found = {one["action"]: one["allowed"] for one in answers(case, {Role.CUSTOMER}, CUSTOMER.id, now)}
    return [action.value for action in HIS_ACTIONS if found.get(action.value) and _makes_sense(case, action, now)]


def _makes_sense(case: Case, action: Action, now: datetime) -> bool:
    """What is allowed in many states and is only asked where it says something."""
    if action is Action.SHIP_RETURN:
        return case.state in _WITH_SLIP  # on its way already: the number is put right
    if action is Action.PROVIDE_ACCOUNT:
        return case.account_missing
    if action is Action.NOTIFY_PAYMENT:
        return case.to_collect > 0 and not case.payment_notified
    if action is Action.REOPEN:
        return _may_reopen(case, now)
    if action is Action.COMPLETE_CALLBACK:
        return case.state is State.RESOLVED
    return True


def _may_reopen(case: Case, now: datetime) -> bool:
    """The customer once, after an automatic close, within its days."""
    if not allowed_in(case.state, Action.REOPEN) or case.closed_at is None:
        return False
    in_time = (now - case.closed_at).total_seconds() <= case.procedure.reopen_days * 86_400
    return in_time and case.closed_by == Role.SYSTEM and not case.reopened_by_customer


def _standing(case: Case, entries: Sequence[Entry]) -> tuple[Words, Words]:
    if case.state is State.REFUNDING and case.account_missing:
        return words.ACCOUNT_MISSING
    if case.state is State.AWAITING_PAYMENT and case.payment_notified:
        return words.PAYMENT_NOTIFIED
    if case.state is State.CLOSED and case.closed_by == Role.SYSTEM:
        return words.CLOSED_WITHOUT.get(_closed_in(entries), words.STATES[State.CLOSED])
    return words.PARCELS_ASTRAY.get(_astray(case), words.STATES[case.state])


def _closed_in(entries: Sequence[Entry]) -> str:
    """The state in which the case was closed the last time."""
    return next((entry.source or "" for entry in reversed(entries) if entry.action == Action.CLOSE), "")


def _astray(case: Case) -> str:
    """What is told otherwise of a parcel that is on its way (G14, L16)."""
    if case.state is State.RETURN_IN_TRANSIT:
        return "at_dock" if case.way_back == "moving" and case.at_dock_since else case.way_back
    return "at_locker" if case.state is State.DELIVERING and case.at_locker_since else ""


def _otherwise(case: Case) -> Words | None:
    """What happens when the customer's time runs out; our own deadlines are our own business."""
    if case.is_final or turn_of(case) != "you":
        return None
    outcome = case.procedure.clocks[case.state].outcome
    if outcome == "close" and case.state is State.AWAITING_PAYMENT and case.goods == "here":
        return words.UNPAID_GOES_BACK
    if outcome == "close" and case.reopened_by_customer:
        return words.CLOSES_FOR_GOOD
    return words.DECLINED_QUOTE if case.state is State.QUOTED else words.OTHERWISE.get(outcome)


def _steps(case: Case) -> list[dict[str, Any]]:
    """The way of the case: what is done, where it stands, what is still to come."""
    here = next(i for i, (_, _, states) in enumerate(words.STEPS) if _place(case) in states)
    shown = [step for step in words.STEPS if _on_the_way(case, step[0], here)]
    place = next(i for i, (_, _, states) in enumerate(shown) if _place(case) in states)
    names = ("done", "now", "next")
    return [
        {"key": key, **said, "state": names[0 if i < place else 1 if i == place else 2]}
        for i, (key, said, _) in enumerate(shown)
    ]


def _place(case: Case) -> State:
    """What waits for an approval stands where it came from."""
    if case.state is State.AWAITING_APPROVAL and case.came_from is not None:
        return case.pending.came_from if case.pending else case.came_from
    return case.state


def _on_the_way(case: Case, key: str, here: int) -> bool:
    """Goods that do not come back are neither sent nor checked; where the case is already is always shown."""
    index = next(i for i, (name, _, _) in enumerate(words.STEPS) if name == key)
    if key not in ("return", "check") or index == here:
        return True
    return case.procedure.goods_come_back or case.goods in ("here", "in_transit") or case.inspected


# ── what lies on the table ────────────────────────────────────────────────────────────────────────


def _offer(case: Case) -> dict[str, Any] | None:
    if case.offer is None or case.state is not State.OFFERED:
        return None
    options = [_option(case, number, option) for number, option in enumerate(case.offer.options, 1)]
    return {"round": case.offer.round, "options": options}


def _option(case: Case, number: int, option: OfferOption) -> dict[str, Any]:
    promised = case.offer.promised if case.offer else ()
    worth = promised[number - 1] if number <= len(promised) else None
    amount = to_minor(option.amount, case.currency) if option.amount and case.currency else worth
    replacement = option.replacement
    return {
        "number": number,
        "type": option.type,
        "amount": money(amount, case.currency) if amount else None,
        "text": unsigned(option.text) if option.text else None,
        "replacement": (replacement.name or replacement.sku) if replacement else None,
    }


def _quote(case: Case) -> dict[str, Any] | None:
    if case.quote is None:
        return None
    parts, labour, freight = case.quote.parts, case.quote.labour, case.quote.freight
    sums = {"parts": parts, "labour": labour, "freight": freight, "total": parts + labour + freight}
    return {name: money(amount, case.currency) for name, amount in sums.items()}


def _to_pay(case: Case, shop: Shop) -> dict[str, Any] | None:
    """What he is to pay, and how, as far as the shop has said that."""
    if not case.to_collect or case.is_final:
        return None
    how = shop.pay_to.model_dump(include={"zh", "en"}) if shop.pay_to else None
    sums = {"amount": money(case.to_collect, case.currency), "parts": _to_pay_for(case)}
    return {**sums, "notified": case.payment_notified, "how": how}


def _to_pay_for(case: Case) -> list[dict[str, Any]]:
    """Of what it consists: the difference (G6), the quote (G7), the deposit (G5), and the rest is freight (F12)."""
    deposit = case.advance.outstanding if case.advance else 0
    dearer = min(case.plan.difference if case.plan else 0, case.owed)
    quote = case.quote.parts + case.quote.labour if case.quote and case.owed else 0
    freight = case.owed - dearer - quote
    if quote and case.quote and freight != case.quote.freight:
        return []  # shared, waived or paid in part: the sum alone is certain
    sums = {"difference": dearer, "quote": quote, "deposit": deposit}
    freight_known = case.announced is None and case.order is not None and case.order.paid and not case.money.received
    if freight and not freight_known:
        return []  # what was announced, or paid in part: the sum alone is certain
    named = {**sums, "freight": freight}
    return [{**words.TO_PAY[name], "amount": money(sum_, case.currency)} for name, sum_ in named.items() if sum_]


def _visit(case: Case) -> dict[str, Any] | None:
    """When somebody comes, as long as he has not been (T19)."""
    known = case.visit if case.state is State.VISITING else None
    return {"at": instant(known.at)} if known and known.at else None


def _money(case: Case) -> dict[str, Any] | None:
    """What is his: what he gets, what came, what he owes. What it costs us is nobody's business but ours."""
    if case.currency is None:
        return None
    known = case.money
    sums = {"refund": known.refund, "freight": known.freight, "paid": known.paid, "owes": case.to_collect}
    return {name: money(amount, case.currency) for name, amount in sums.items()}


def _payout(payout: Payout, currency: str | None) -> dict[str, Any]:
    state = "paid" if payout.state == "done" else "on_its_way" if payout.state in _ON_ITS_WAY else "came_back"
    return {"amount": money(payout.amount, currency), "purpose": payout.purpose, "state": state}


def _evidence(case: Case, book: Playbook | None) -> list[dict[str, str]]:
    """What would help us, as long as it is asked for; what somebody asked for in words of his own stands as it is."""
    if case.state not in _FIRST_STEPS or book is None:
        return []
    missing = missing_evidence(case, book)
    known = {one.key for one in book.evidence}
    listed = [one.model_dump(include={"key", "zh", "en"}) for one in book.evidence if one.key in missing]
    asked = [word for word in case.asked_for if word not in known] if case.state is State.AWAITING_EVIDENCE else []
    return [{"key": "", "zh": word, "en": word} for word in asked] + listed


def _file(file: CaseFile) -> dict[str, Any]:
    return {"id": file.id, "media_type": file.media_type, "at": instant(file.at)}


def _return(case: Case, told: Told) -> dict[str, Any] | None:
    """Where the goods go, who pays for it, and whether there is a slip: only for a return that was approved."""
    if case.state not in _WITH_SLIP:
        return None
    shop = told.shop
    return {
        "address": shop.return_address.model_dump(include={"zh", "en"}),
        "instructions": {"zh": list(shop.slip.zh), "en": list(shop.slip.en)},
        "carrier": case.carrier if case.return_waybill else None,
        "waybill": case.return_waybill,
        "scan": _scan(told, case.return_waybill),
        "freight": _return_freight(case),
        "slip": True,
    }


def _return_freight(case: Case) -> dict[str, Any] | None:
    """Who pays the way back as things stand (F1–F11): `us` up to a limit, `you`, or nobody with a label of ours."""
    if case.label:
        return {"by": "label", "up_to": None}
    try:
        asked = case.remedy or case.wanted or "none"
        party = ("customer", 100) if asked in REMEDIES and quoted(case, asked) else liable(case, case.lines)
    except RuleRefused:
        return None  # the lines differ: whoever divides the case says it
    if not seller_share(*party):
        return {"by": "you", "up_to": None}
    most = reimbursement_cap(case.order.return_rate, case.procedure.return_freight_factor) if case.order else 0
    return {"by": "us", "up_to": money(most, case.currency) if most else None}


def _sent(case: Case, told: Told) -> dict[str, Any] | None:
    """The parcel that is on its way to him."""
    return {"waybill": case.sent_waybill, "scan": _scan(told, case.sent_waybill)} if case.sent_waybill else None


def _scan(told: Told, waybill: str | None) -> dict[str, Any] | None:
    """What its courier said last of a parcel."""
    standing = told.standings.get(waybill or "")
    if standing is None:
        return None
    return {**words.scan(standing.what), "at": instant(standing.at), "place": standing.place or None}


# ── what has happened ─────────────────────────────────────────────────────────────────────────────


def timeline_of(entries: Iterable[Entry], currency: str | None = None) -> list[dict[str, Any]]:
    """The entries that are the customer's business, the newest first."""
    shown = [_entry(entry, currency) for entry in entries if entry.action in words.HAPPENED]
    return shown[::-1]


def _entry(entry: Entry, currency: str | None) -> dict[str, Any]:
    by_customer = entry.actor.role is Role.CUSTOMER
    said: Mapping[str, str] = words.HAPPENED[entry.action]
    if entry.action == Action.SHIP_RETURN and entry.source == State.RETURN_IN_TRANSIT:
        said = words.NUMBER_PUT_RIGHT
    return {
        "at": instant(entry.at),
        "who": "you" if by_customer else "shop",
        **said,
        "text": _quoted(entry, by_customer),
        "parcel": _parcel(entry),
        "amount": _said_amount(entry, currency, by_customer),
    }


def _said_amount(entry: Entry, currency: str | None, by_customer: bool) -> dict[str, str] | None:
    """What was offered, or what he would agree to (K3)."""
    told: Any = None
    if entry.action == Action.MAKE_OFFER:
        options = entry.data.get("options")
        first = options[0] if isinstance(options, list) and len(options) == 1 else {}
        told = entry.data.get("amount") or (first.get("amount") if isinstance(first, dict) else None)
    elif entry.action == Action.DECLINE_OFFER and by_customer:
        told = entry.data.get("counter")
    return {"amount": str(told), "currency": currency} if told and currency else None


def _quoted(entry: Entry, by_customer: bool) -> str | None:
    if entry.action in words.QUOTED or (by_customer and entry.action in words.HIS_OWN):
        return unsigned(entry.note or str(entry.data.get("issue") or "")) or None
    if entry.action == Action.REQUEST_EVIDENCE:
        what = entry.data.get("what")
        return "；".join(str(one) for one in what) if isinstance(what, list) and what else None
    return None


def _parcel(entry: Entry) -> str | None:
    if entry.action not in words.PARCELS:
        return None
    return " ".join(str(entry.data[name]) for name in ("carrier", "waybill") if entry.data.get(name)) or None
