"""What people fill in where a step leaves it open, and what the others do while we wait: tables, drawn by lot."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from models.lifecycle import Action, Role, State
from models.procedure.situation import missing_evidence
from models.procedure.steps import Step
from tests.builders import DAY
from tests.playbooks.beginnings import book_of, document_of
from tests.shipped import shipped

if TYPE_CHECKING:
    from tests.playbooks.following import Walk

A, S = Action, State
Data = dict[str, Any]
Filled = tuple[Action, Data]
Fill = Callable[["Walk", Step], Filled]
Act = Callable[["Walk"], bool]

# ── what people fill in ───────────────────────────────────────────────────────────────────────────

#: What each sort of asked person can find out.
FINDINGS = {
    "warehouse": ("on_shelf", "picked", "handed_over", "found", "nothing"),
    "courier": (
        *("delayed", "stuck", "found", "misdelivered", "redirected", "forwarded", "coming_back", "refused"),
        *("signed_early", "signed_by_other", "lost", "lost", "lost", "lost", "nothing"),
    ),
    "recipient": ("found", "signed_by_other", "nothing", "misdelivered"),
    "department": ("found", "nothing"),
}
#: What was found on the bench: cause and party liable.
BENCH = (("manufacturing", "seller"), ("transit", "courier"), ("customer", "customer"), ("none_found", "seller"))


WAYBILL = {"carrier": "sf", "waybill": "SF77"}


def nothing(walk: "Walk", step: Step) -> Filled:
    assert step.do is not None
    return step.do, dict(step.data)


def _with(**more: Any) -> Fill:
    def fill(walk: "Walk", step: Step) -> Filled:
        assert step.do is not None
        return step.do, {**more, **step.data}

    return fill


def _remedy_data(walk: "Walk", remedy: str, amount: str | None = None) -> Data:
    if remedy in ("keep_it", "adjust_price"):
        percent = 30 if walk.case.rounds == 0 else 50
        exact = walk.case.procedure.keep_it.exact
        return {"amount": "3.00" if exact else f"{22 * percent / 100:.2f}"}
    if remedy == "substitute":
        price = walk.lot.choice(("129.00", "99.00", "149.00", "9.00"))
        return {"replacement": {"sku": "KETTLE-17-BLUE", "quantity": 1, "unit_price": price}}
    return {}


def _choose(walk: "Walk", step: Step) -> Filled:
    remedies = walk.case.procedure.remedies
    wanted = walk.case.wanted if walk.case.wanted in remedies else remedies[0]
    remedy = step.data.get("remedy") or wanted
    return A.CHOOSE_REMEDY, {"remedy": remedy, **_remedy_data(walk, remedy), **step.data}


def _offer(walk: "Walk", step: Step) -> Filled:
    options = step.data.get("options") or [{"type": "answer"}]
    filled = []
    for option in options:
        more = _remedy_data(walk, option["type"])
        filled.append({**option, **more, **({"text": "…"} if option["type"] == "answer" else {})})
    return A.MAKE_OFFER, {"options": filled}


def _found(walk: "Walk", causes: Any) -> Data:
    cause, party = walk.lot.choice(causes)
    kept = "customer" if cause in ("none_found", "customer") else "supplier"
    found = {"grade": "used", "cause": cause, "party_liable": party, "disposition": kept}
    return {"lines": [{"line_no": line.line_no, "quantity": line.quantity, **found} for line in walk.case.lines]}


def _judge(walk: "Walk", step: Step) -> Filled:
    """The bench confirms, refutes, lends a loaner first, or sends it to an expert, whatever the step hopes for."""
    if walk.case.state is S.RECEIVED and not walk.case.loaners and not walk.late and walk.lot.random() < 0.12:
        return A.LEND_LOANER, {"serial": "L-7", "consent": True}
    data = _found(walk, BENCH)
    cause = data["lines"][0]["cause"]
    if not walk.late and walk.case.state is S.RECEIVED and walk.lot.random() < 0.1:
        return A.SEND_TO_EXPERT, {"expert": "lab"}
    if cause == "none_found" and walk.lot.random() < 0.3:
        return A.PASS_INSPECTION, data
    return (A.REFUTE_FAULT if cause in ("customer", "none_found") else A.CONFIRM_FAULT), data


def _pass(walk: "Walk", step: Step) -> Filled:
    return A.PASS_INSPECTION, _found(walk, (("none_found", "seller"), ("none_found", "customer"), BENCH[2], BENCH[0]))


def _finding(walk: "Walk", step: Step) -> Filled:
    return A.REPORT_FINDING, _finding_data(walk)


def _finding_data(walk: "Walk") -> Data:
    check = walk.case.check or "courier"
    known = FINDINGS[check]
    if walk.late:
        known = {"courier": ("lost",), "department": ("nothing",)}.get(check, ("found", "nothing"))
    finding = walk.lot.choice(known)
    dated = finding in ("delayed", "redirected") and walk.lot.random() < 0.6
    return {"finding": finding, **({"until": (walk.now + 3 * DAY).isoformat()} if dated else {})}


def _delivery(walk: "Walk", step: Step) -> Filled:
    outcomes = ("delivered", "delivered", "delivered", "refused", "lost", "signed_by_other")
    return A.RECORD_DELIVERY, {"outcome": "delivered" if walk.late else walk.lot.choice(outcomes)}


def _check(walk: "Walk", step: Step) -> Filled:
    return A.CHECK_REPLACEMENT, {"result": "passed"}


def _ship(walk: "Walk", step: Step) -> Filled:
    short = 0.5 if walk.case.wanted == "substitute" and walk.case.remedy != "substitute" else 0.12
    if not walk.late and walk.lot.random() < short:
        return A.REPORT_SHORTAGE, {}
    return A.SHIP_REPLACEMENT, {"carrier": "sf", "waybill": "SF78"}


def _repair(walk: "Walk", step: Step) -> Filled:
    drawn = 1.0 if walk.late else walk.lot.random()
    if drawn < 0.15:
        return A.FAIL_REPAIR, {"reason": "the board is gone"}
    if drawn < 0.25:
        return A.REPORT_SHORTAGE, {}
    return A.FINISH_REPAIR, {"report": "new seal, tested"}


def _visit(walk: "Walk", step: Step) -> Filled:
    drawn = walk.lot.choice(("fixed", "fixed", "not_fixed", "taken_away", "no_access"))
    outcome = step.data.get("outcome") or ("fixed" if walk.late else drawn)
    return A.FINISH_VISIT, {"outcome": outcome, "signature": "王小明"}


def _money(walk: "Walk", step: Step) -> Filled:
    open_ones = walk.case.open_payouts
    key = open_ones[0].key if open_ones else "?"
    if not walk.late and walk.lot.random() < 0.08:
        return A.FAIL_REFUND, {"payout_id": key, "code": "account_closed"}
    return A.RECORD_REFUND, {"payout_id": key, "reference": "ali 17"}


def _invoice(walk: "Walk", step: Step) -> Filled:
    return A.SETTLE_INVOICE, {"result": walk.case.invoice_due[0], **step.data}


def _payment(walk: "Walk", step: Step) -> Filled:
    advance, owed = walk.case.advance, walk.case.to_collect
    if advance and advance.to_capture:
        amount = f"{advance.to_capture / 100:.2f}"
        return A.RECORD_PAYMENT, {"amount": amount, "reference": f"auth {walk.case.version}", "for": "deposit"}
    if advance and advance.outstanding == owed and walk.lot.random() < 0.3:
        return A.RECORD_PAYMENT, {"amount": f"{owed / 100:.2f}", "reference": "auth 9", "held": True}
    more = 300 if not walk.late and walk.setting.seed % 10 == 3 else 0  # some pay too much
    return A.RECORD_PAYMENT, {"amount": f"{(owed + more) / 100:.2f}", "reference": f"bank {walk.case.version}"}


def _settle(walk: "Walk", step: Step) -> Filled:
    """All of the deposit goes back but what is owed; nothing came: more time, or some of it is kept."""
    case = walk.case
    if case.goods != "here":
        if not walk.late and walk.lot.random() < 0.5:
            return A.AUTHORISE_RETURN, {}
        assert case.advance is not None
        kept = case.advance.secured * walk.lot.choice((0, 10, 100)) // 100
        return A.SETTLE_DEPOSIT, {"keep": f"{kept / 100:.2f}", "reason": "nothing came back", **step.data}
    return A.SETTLE_DEPOSIT, {"customer_agrees": True, **step.data}


def _call_back(walk: "Walk", step: Step) -> Filled:
    happy = walk.late or walk.lot.random() < 0.8
    return A.COMPLETE_CALLBACK, {"satisfied": happy}


def _other_kind(walk: "Walk", step: Step) -> Filled:
    return A.CHANGE_KIND, _kind_data(walk, step.data["kind"], step.data.get("subcategory"))


def _kind_data(walk: "Walk", kind: str, subcategory: str | None) -> Data:
    """As the desk puts it in: the other kind's procedure, and what speaks against it."""
    country = walk.case.order.country if walk.case.order else None
    book = book_of(kind, subcategory, country)
    delivered = walk.case.order is not None and walk.case.order.parcel == "delivered"
    answer = "no" if book.eligibility.before_dispatch and delivered else "yes"
    against = [{"rule": "before_dispatch", "answer": "no", "zh": "已签收", "en": "delivered"}] if answer == "no" else []
    procedure, eligible = document_of(kind, subcategory, country), {"answer": answer, "reasons": against}
    named = {"kind": kind, "subcategory": subcategory}
    return {**named, "procedure": procedure, "eligible": eligible, "needs_order": book.needs_order}


def _call(walk: "Walk", step: Step) -> Filled:
    """T17: reached and told, the case gets its subcategory; else a missed call."""
    if walk.lot.random() < 0.5:
        keys = [sub.key for sub in shipped().get(walk.case.kind).subcategories]
        return A.CHANGE_KIND, _kind_data(walk, walk.case.kind, walk.lot.choice(keys))
    return A.MISS_CALLBACK, {}


def _evidence(walk: "Walk", step: Step) -> Filled:
    return A.SUBMIT_EVIDENCE, {"keys": list(missing_evidence(walk.case, walk.book)), "text": "…"}


def _inspector(walk: "Walk", step: Step) -> Filled:
    return A.REPORT_INTERCEPTION, {"result": walk.lot.choice(("pulled", "pulled", "gone"))}


def _reject(walk: "Walk", step: Step) -> Filled:
    """What cannot be granted is rejected, or let pass for a good reason, as the step says."""
    return A.REJECT, {"reason": "it was too long ago"}


def _override(walk: "Walk", step: Step) -> Filled:
    free = walk.case.state is S.REQUESTED and walk.case.goods in ("customer", "nowhere") and not walk.case.open_payouts
    if free and walk.lot.random() < 0.2:
        return A.REJECT, {"reason": "there is no doubt"}
    if walk.case.state is not S.REQUESTED and walk.lot.random() < 0.4:
        return A.CHOOSE_REMEDY, {"remedy": "goods_back"}
    return A.OVERRIDE_ELIGIBILITY, {"reason": "an old customer"}


def _ask(walk: "Walk", step: Step) -> Filled:
    return A.REQUEST_EVIDENCE, {"what": list(missing_evidence(walk.case, walk.book))[:20]}


#: What people fill in where a step leaves it open.
FILLED: Mapping[Action, Fill] = {
    A.REQUEST_EVIDENCE: _ask,
    A.SUBMIT_EVIDENCE: _evidence,
    A.REPORT_FINDING: _finding,
    A.MAKE_OFFER: _offer,
    A.ANSWER: _with(text="…"),
    A.CHOOSE_REMEDY: _choose,
    A.REJECT: _reject,
    A.OVERRIDE_ELIGIBILITY: _override,
    A.CONTAIN: _with(what="unplugged"),
    A.CHANGE_KIND: _other_kind,
    A.LINK: lambda walk, step: (A.LINK, {"order_no": "KETTLE-2", **step.data}),
    A.UPDATE_CONTACT: _with(address="文三路1号"),
    A.OPEN_CLAIM: _with(amount="129.00"),
    A.MISS_CALLBACK: _call,
    A.CONFIRM_FAULT: _judge,
    A.PASS_INSPECTION: _pass,
    A.SEND_TO_EXPERT: _with(expert="lab"),
    A.REPORT_INTERCEPTION: _inspector,
    A.RECORD_DELIVERY: _delivery,
    A.BOOK_IN: _with(waybill="SF77"),
    A.QUOTE_REPAIR: _with(parts="30.00", labour="20.00", freight="10.00"),
    A.NOTIFY_PAYMENT: _with(method="bank"),
    A.RECORD_PAYMENT: _payment,
    A.RECORD_REFUND: _money,
    A.SETTLE_DEPOSIT: _settle,
    A.SHIP_REPLACEMENT: _ship,
    A.CHECK_REPLACEMENT: _check,
    A.SHIP_BACK: _with(carrier="sf", waybill="SF79"),
    A.FINISH_REPAIR: _repair,
    A.APPOINT: lambda walk, step: (A.APPOINT, {"at": (walk.now + timedelta(hours=20)).isoformat()}),
    A.DISPATCH: _with(technician="qian"),
    A.FINISH_VISIT: _visit,
    A.COMPLETE_CALLBACK: _call_back,
    A.SETTLE_INVOICE: _invoice,
    A.WITHDRAW: _with(reason="I keep it"),
    A.PROMISE: _with(what="call you"),
    A.MESSAGE: _with(text="…"),
    A.ESCALATE: _with(reason="upset"),
    A.NOTE: _with(note="…"),
}

# ── what others do while we wait ──────────────────────────────────────────────────────────────────


def _does(role: Role, action: Action, **data: Any) -> Act:
    return lambda walk: walk.does(role, action, data)


def _accepts(walk: "Walk") -> bool:
    """Mostly what he wants, where it is offered."""
    if walk.stubborn and not walk.late:
        return _WANTS_MORE(walk)
    types = [option.type for option in walk.case.offer.options] if walk.case.offer else []
    if walk.case.wanted in types and walk.lot.random() < 0.7:
        return walk.does(Role.CUSTOMER, A.ACCEPT_OFFER, {"option": types.index(walk.case.wanted) + 1})
    return walk.does(Role.CUSTOMER, A.ACCEPT_OFFER, {"option": walk.lot.randint(1, max(1, len(types)))})


def _sends_evidence(walk: "Walk") -> bool:
    missing = list(missing_evidence(walk.case, walk.book))
    keys = missing if walk.lot.random() < 0.7 else missing[:1]
    return walk.does(Role.CUSTOMER, A.SUBMIT_EVIDENCE, {"keys": keys, "photos": ["p.jpg"]})


def _finds(walk: "Walk") -> bool:
    role = {"warehouse": Role.WAREHOUSE, "courier": Role.COURIER}.get(walk.case.check or "", Role.AGENT)
    return walk.does(role, A.REPORT_FINDING, _finding_data(walk))


def _delivers(walk: "Walk") -> bool:
    return walk.does(Role.COURIER, A.RECORD_DELIVERY, _delivery(walk, None)[1])  # type: ignore[arg-type]


def _pays(walk: "Walk") -> bool:
    return walk.does(Role.FINANCE, A.RECORD_PAYMENT, _payment(walk, None)[1])  # type: ignore[arg-type]


def _reports_on_it(walk: "Walk") -> bool:
    action, data = _judge(walk, None)  # type: ignore[arg-type]
    return walk.does(Role.EXPERT, action, data)


_TIME: Act = lambda walk: walk.time_ends_it()  # noqa: E731
_KEEPS_IT = _does(Role.CUSTOMER, A.WITHDRAW, reason="I keep it")
_SHIPS = _does(Role.CUSTOMER, A.SHIP_RETURN, **WAYBILL, freight="12.00")
_DECLINES = _does(Role.CUSTOMER, A.DECLINE_OFFER)
_WANTS_MORE = _does(Role.CUSTOMER, A.DECLINE_OFFER, counter="9.00")
_BOOKS_IN = _does(Role.WAREHOUSE, A.BOOK_IN, waybill="SF77")
_SIGNED_AT_OUR_DOCK = _does(Role.COURIER, A.RECORD_DELIVERY, outcome="delivered")
_SAYS_PAID = _does(Role.CUSTOMER, A.NOTIFY_PAYMENT, method="bank")
_ACCOUNT = _does(Role.CUSTOMER, A.PROVIDE_ACCOUNT, kind="alipay", account="1", real_name="王小明")
OTHERS: Mapping[State, tuple[Act, ...]] = {
    S.AWAITING_EVIDENCE: (_sends_evidence, _sends_evidence, _TIME),
    S.INVESTIGATING: (_finds,),
    S.OFFERED: (_accepts, _accepts, _DECLINES, _WANTS_MORE, _TIME),
    S.RECALLING: (_delivers,),
    S.AWAITING_RETURN: (_SHIPS, _SHIPS, _TIME, _KEEPS_IT),
    S.RETURN_IN_TRANSIT: (_BOOKS_IN, _SIGNED_AT_OUR_DOCK),
    S.EXTERNAL_DIAGNOSIS: (_reports_on_it,),
    S.QUOTED: (_does(Role.CUSTOMER, A.ACCEPT_QUOTE), _does(Role.CUSTOMER, A.DECLINE_QUOTE), _TIME),
    S.AWAITING_PAYMENT: (_pays, _SAYS_PAID, _KEEPS_IT, _TIME),
    S.AWAITING_STOCK: (_does(Role.WAREHOUSE, A.STOCK_ARRIVED),),
    S.REFUNDING: (_ACCOUNT,),
    S.DELIVERING: (_delivers,),
}
