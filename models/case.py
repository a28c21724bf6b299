"""The case: frozen values, and all the state that its workflow carries and its row in SQL keeps.

Nothing here is personal: name, phone, address and account of the customer stay in the shop's own database, and the
case refers to them by its number. What was decided, where the goods are and where the money is are three fields.
"""

from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from models.accounting.ledger import Transfer
from models.accounting.payments import STORE_CREDIT
from models.accounting.promotions import Promotion
from models.accounting.settlement import Settlement
from models.clocks import Clock, next_alarm_at
from models.commands import Cause, Command, Disposition, Grade, OfferOption, Party, Remedy, Replacement
from models.goods.differences import Difference
from models.goods.workshop import RepairOrder
from models.lifecycle import FINAL, WAITS_FOR, Stage, State, stage_of
from models.playbook import Procedure
from models.pots import Draw, Pots
from models.procedure.eligibility import Earlier, Eligible
from models.stock.places import Held
from models.value import Value

#: How many command ids a case remembers; a repeat that comes later than this many commands is not known any more.
REMEMBERED = 500

#: Later than any alarm: an end that is not computed yet.
UNKNOWN = datetime(9999, 1, 1, tzinfo=UTC)

GoodsAt = Literal["customer", "in_transit", "here", "returned", "nowhere"]
Parcel = Literal["unprinted", "printed", "gone", "delivered", "pulled", "lost"]
DisputeState = Literal["opened", "answered", "accepted", "won", "lost"]
#: Payouts by which nothing has left in the end: taken back before they did, or come back afterwards.
UNDONE: Final = ("cancelled", "bounced")
PayoutState = Literal["planned", "approved", "sent", "unknown", "done", "failed", "cancelled", "bounced"]
Purpose = Literal["refund", "freight", "goodwill", "deposit", "overpayment"]
ClaimState = Literal["claimed", "accepted", "refused", "paid", "written_off"]
ClaimWait = Literal["filing", "answer", "payment", "decision"]
Verdict = Literal["confirmed", "refuted", "passed"]


class Line(Value):
    """Units of one order line that the case is about: the reason given, the fault found and who is liable (F19)."""

    line_no: int
    quantity: int
    sku: str
    name: str
    issues: tuple[str, ...] = ()
    category: str | None = None
    serials: tuple[str, ...] = ()  # that the customer named
    verdict: Verdict | None = None
    grade: Grade | None = None
    cause: Cause | None = None
    party_liable: Party | None = None
    share: int | None = None
    disposition: Disposition | None = None


class OrderFacts(Value):
    """What the case needs to know of its order, as of the last time it was told."""

    order_no: str
    currency: str
    free_shipping: bool
    country: str | None = None
    channel: str | None = None
    paid: bool = True
    delivered_at: datetime | None = None
    timezone: str = "UTC"  # the shop's, whose days count (section 13)
    received_on: date | None = None  # the shop's day on which the case's lines were received
    leaves_by: datetime | None = None  # when it ought to leave, where it has not (L11)
    parcel: Parcel = "delivered"
    pots: Pots
    promotions: tuple[Promotion, ...] = ()  # with a threshold (F21)
    return_rate: int = 0  # the zone's normal freight, minor units (F11)
    replacement_rate: int = 0
    has_invoice: bool = False
    invoice_kind: str | None = None  # as the order has it: paper, electronic …
    carrier: str | None = None  # who took the parcel out


class Offer(Value):
    """What lies on the table, where the case goes back to if it is declined, and the round (K3)."""

    options: tuple[OfferOption, ...]
    came_from: State
    round: int
    promised: tuple[int | None, ...] = ()  # what each option refunds at most; None where the goods decide it
    limit: int | None = None  # what whoever made or approved it may refund alone; None = without limit
    made_by: str | None = None
    authority: str | None = None  # the role of whoever made or approved it


class Pending(Value):
    """A command above its actor's limit, kept until somebody who may approves or denies it."""

    command: Command
    came_from: State
    amount: int
    preview_id: str | None = None  # of the numbers that were asked for (F20)


class Payout(Value):
    """Money on its way to the customer; `key` is its id and its idempotency key."""

    key: str
    purpose: Purpose
    amount: int
    payment_no: str | None = None
    state: PayoutState = "approved"
    reference: str | None = None
    account: str | None = None
    named_by: str | None = None  # whoever named the account (R1)
    confirmed_by: str | None = None  # the second pair of eyes that has seen it
    failure: str | None = None
    draws: tuple[Draw, ...] = ()
    compensates: str | None = None  # the kind of compensation that it is (F26)
    gateway: str | None = None  # the provider that it was given to; None = finance's queue
    tries: int = 0  # answers that did not end it
    ask_at: datetime | None = None  # when its gateway is to be sent it, or asked about it
    disputed: str | None = None  # a bank has taken it back under this reference, and decides what becomes of it (T21)
    only_ask: bool = False  # somebody wants to know now: nothing is sent this time
    asked_by: str | None = None  # who asked for it
    authority: str | None = None  # the role within whose limit it was granted
    paid_by: str | None = None  # who said that it was paid

    @property
    def limited_as(self) -> str:
        """By which of a role's limits it is granted: compensation has one of its own (F26)."""
        return "compensation" if self.compensates else self.purpose

    @property
    def undone(self) -> bool:
        """Whether nothing has left by it in the end."""
        return self.state in UNDONE

    @property
    def to_credit(self) -> bool:
        """Whether it was decided that it goes to the customer's balance instead of an account (R2)."""
        return (self.account or "").partition(" ")[0] == STORE_CREDIT

    @property
    def unconfirmed(self) -> bool:
        """R1: whether it goes to the customer's balance, and nobody but whoever said so has looked at it yet."""
        return self.to_credit and self.confirmed_by is None

    @property
    def at_gateway(self) -> bool:
        """Whether a provider has it, and has not said yet what became of it."""
        return self.gateway is not None and self.state in ("sent", "unknown")


class Money(Value):
    """Sums in minor units: what was decided so far, what the customer owes us, and what came and went."""

    refund: int = 0
    freight: int = 0
    goodwill: int = 0
    compensation: int = 0  # of the goodwill, what is not for freight (F26)
    customer_owes: int = 0
    received: int = 0  # paid by the customer for this case
    paid: int = 0  # paid to the customer
    receivable: int = 0  # freight paid without cause, which the customer owes us (F24)
    netted: int = 0  # of that, taken off refunds with his consent
    repaid: int = 0  # of that, paid to us
    deposit: int = 0  # given back of what was taken (G5)
    deposit_taken: int = 0
    deposit_kept: int = 0
    overpayment: int = 0  # given back of what he paid and did not owe
    charged_back: int = 0  # taken from us outside although the order had given it back (T21)
    recovered: int = 0  # of that, what came back
    given_up: int = 0  # of that, what a manager does not ask for any more
    forgiven: int = 0  # of the freight that was owed, the same (F24)

    @property
    def owed(self) -> int:
        """What the customer has to pay before we go on (F12, G6), without a deposit."""
        return max(0, self.customer_owes - self.received + self.overpayment)

    @property
    def taken_twice(self) -> int:
        """What he got a second time, and neither gave back nor was let off (T21)."""
        return self.charged_back - self.recovered - self.given_up

    @property
    def owed_to_us(self) -> int:
        """What the customer is to pay back: freight without cause (F24), and what he got a second time (T21)."""
        return self.receivable + self.taken_twice


class Advance(Value):
    """An exchange in advance: the deposit that is asked for, what secures it, and how far it is (G5)."""

    deposit: int = 0
    taken: int = 0  # paid to us
    held: int = 0  # blocked for us at his bank
    hold: str | None = None  # under this reference
    kept: int = 0  # of what was taken
    to_capture: int = 0  # of what was held, ours to take
    sent: bool = False  # the new goods have left
    settled: bool = False

    @property
    def secured(self) -> int:
        """What stands in for the old goods."""
        return self.taken + self.held + self.to_capture

    @property
    def outstanding(self) -> int:
        """What of the deposit is still to come in before the new goods leave."""
        return 0 if self.sent else max(0, self.deposit - self.secured)

    @property
    def waits(self) -> bool:
        """Whether new goods are out and the end of the deposit is not decided."""
        return self.sent and not self.settled


class Quote(Value):
    """A repair quote: parts + labour + freight (G7)."""

    parts: int
    labour: int
    freight: int


class Claim(Value):
    """What is asked back from a courier or supplier (L5, G10); `accepted` is what they agreed to, where they said so.

    Its deadline is of its own, so that no case is kept open for the customer because a courier is slow: it goes on
    after the case has closed. A claim that was opened before there were deadlines has none.
    """

    against: Literal["courier", "supplier"]
    amount: int
    state: ClaimState = "claimed"
    accepted: int | None = None
    paid: int = 0
    name: str | None = None  # which courier, which supplier
    by_itself: bool = False  # opened by what was found, not by a person
    opened_at: datetime | None = None
    filed_at: datetime | None = None
    due_at: datetime | None = None  # of what it waits for now
    evidence: tuple[str, ...] = ()  # keys of the list of evidence that went with it
    reference: str | None = None  # under which they keep it
    appealed: bool = False
    reason: str | None = None  # why it was refused, appealed or written off, as last said

    @property
    def outstanding(self) -> int:
        """What they have yet to pay, as far as anybody has said."""
        if self.state not in ("claimed", "accepted"):
            return 0
        return (self.amount if self.accepted is None else self.accepted) - self.paid

    @property
    def awaits(self) -> ClaimWait | None:
        """What it waits for: to be filed, an answer, the money, or our decision on a refusal; None when it is over."""
        if not self.amount:
            return None  # its remedy was taken back before it was filed
        if self.state == "claimed":
            return "answer" if self.filed_at else "filing"
        return {"accepted": "payment", "refused": "decision"}.get(self.state)  # type: ignore[return-value]


class Dispute(Value):
    """A payment that a customer's bank takes back, or asks about (`inquiry`: no money was taken) (T21)."""

    reference: str
    amount: int
    state: DisputeState = "opened"
    inquiry: bool = False
    reason: str | None = None
    respond_by: datetime | None = None
    opened_at: datetime


class Override(Value):
    """Who let a case pass that is not eligible, and why; it stays visible."""

    by: str
    role: str
    reason: str
    at: datetime


class Waiver(Value):
    """Who asks that the customer need not pay back what he owes us, how much of it, and why (F24)."""

    by: str
    amount: int
    reason: str


class Visit(Value):
    """A field visit: how far it is, and which level comes (T19)."""

    level: int = 0
    at: datetime | None = None
    technician: str | None = None
    outlet: str | None = None
    arrived: bool = False


class Ruling(Value):
    """What a platform or bank decided; it binds us (T21)."""

    ruling: str
    reference: str
    amount: int = 0
    by: str | None = None  # who told us


class About(Value):
    """What a complaint is about: when, where, whom and which departments (T15). `person` never owns the case."""

    when: str | None = None
    where: str | None = None
    person: str | None = None
    departments: tuple[str, ...] = ()


class Announced(Value):
    """Money that was announced when the case was opened, and is waited for (L12)."""

    amount: int
    currency: str
    payer: str | None = None


class SecondOrder(Value):
    """The order that brings the new item of a swap or exchange (G13); `anew`: ordered by the customer in a hurry."""

    order_no: str
    anew: bool = False
    postage: int = 0


class Case(Value):
    """One after-sale case. `version` grows by one with every decision."""

    case_no: str
    kind: str
    procedure: Procedure
    order: OrderFacts | None = None
    lines: tuple[Line, ...] = ()
    wanted: str | None = None
    channel: str | None = None
    version: int = 0
    seq: int = 0  # timeline entries so far
    effect_seq: int = 0  # effect keys allocated so far
    posting_seq: int = 0  # keys of the ledger allocated so far
    weight: int = 0  # bytes that it has at most, counted up from decision to decision; 0 = never measured

    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str | None = None  # `system` after an automatic close
    last_moved_at: datetime
    last_acted_at: datetime  # by us

    state: State = State.REQUESTED
    came_from: State | None = None
    check: str | None = None  # whom an investigation asks
    checked: tuple[str, ...] = ()  # who was asked and has answered
    finding: str | None = None  # the last one reported
    found_until: datetime | None = None  # the new date that came with it
    eligible: Eligible | None = None
    override: Override | None = None
    earlier: Earlier = Earlier()
    about: About | None = None
    contact_changed: bool = False  # here, by an action that is logged (C7)
    contained: bool = False  # ongoing harm was stopped (T3)
    calls: int = 0  # that reached nobody, before the cause was known (T17)
    owner: str | None = None
    priority: str = "normal"
    severity: str | None = None
    escalation: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None  # None while its end is still to be computed
    snoozed_until: datetime | None = None

    remedy: Remedy | None = None
    replacement: Replacement | None = None
    plan: Settlement | None = None
    executed: bool = False  # the plan's money was drawn
    asked_by: str | None = None  # who asked for the plan
    authority: str | None = None  # the role within whose limit it was granted
    raised: tuple[Draw, ...] = ()  # what was collected for dearer goods, and is paid for its units since (G6)
    as_credit: bool = False  # what the plan pays goes to the customer's balance, as he agreed (K2, R2)
    agreed: OfferOption | None = None  # an accepted option that waits for the goods
    offer: Offer | None = None
    rounds: int = 0
    ruling: Ruling | None = None
    announced: Announced | None = None
    second_order: SecondOrder | None = None
    visit: Visit | None = None
    pending: Pending | None = None
    quote: Quote | None = None
    advance: Advance | None = None

    goods: GoodsAt = "customer"
    returned_once: bool = False
    at_locker_since: datetime | None = None  # what we sent lies at a locker or pick-up point (L16)
    at_dock_since: datetime | None = None  # the courier says that it was delivered to us (G14)
    way_back: Literal["moving", "lost", "refused"] = "moving"  # what the courier says of the return (G14)
    in_warranty: bool | None = None
    repairs: tuple[RepairOrder, ...] = ()  # the workshop's orders, the last one perhaps under way (G7)
    failed_repairs: int = 0
    repair_seconds: int = 0  # days in repair, as the law counts them (section 13)
    repair_since: datetime | None = None
    inspected: bool = False
    label: str | None = None
    waybills: tuple[str, ...] = ()
    return_waybill: str | None = None  # what the customer sent last
    sent_waybill: str | None = None  # what we sent last
    carrier: str | None = None  # of the last of them
    advanced_freight: int = 0  # what the customer paid for the way back
    payment_notified: bool = False
    recorded: tuple[str, ...] = ()  # the payments that came in, by what tells them apart, so that none is taken twice
    out_of_stock: bool = False
    short_since: datetime | None = None  # since when it waits for what its remedy needs of our shelf (G5)
    stock: tuple[Held, ...] = ()  # units of the stock ledger that it has to do with, and where they are
    stock_seq: int = 0  # keys of the stock ledger allocated so far

    money: Money = Money()
    waived: int = 0
    waiver_asked_by: str | None = None  # who applied for it, and so does not grant it (F23)
    receivable_waiver: Waiver | None = None  # what was applied for, until a manager decides on it (F24)
    divided: bool = False  # lines went to or came from a linked case
    payouts: tuple[Payout, ...] = ()
    taken_in: tuple[Transfer, ...] = ()  # goods that stay with us, as they are posted

    clocks: tuple[Clock, ...] = ()
    callback_misses: int = 0
    callbacks: int = 0  # how often it was resolved: each time it has a callback of its own (T5)
    handled_by: str | None = None  # its owner when it was last resolved, whom the answers score (T6)
    reassigned: int = 0
    reopened: int = 0
    reopened_by_customer: int = 0

    holds: tuple[str, ...] = ()
    loaners: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    links: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    evidence_keys: tuple[str, ...] = ()  # which of the playbook's evidence is here, as far as it was said
    told: bool = False  # the customer has described it in words
    evidence_asked: bool = False
    asked_for: tuple[str, ...] = ()  # in the words of whoever asked
    invoice_open: bool = False
    invoice_due: tuple[str, ...] = ()  # what may be done with it, as the remedy wants it; empty = not said
    invoice_enclosed: bool | None = None  # whether the paper came back with the goods (G15)
    differences: tuple[Difference, ...] = ()  # between what was declared and what came (G3)
    inspection_photos: tuple[str, ...] = ()  # what the last inspection showed, to explain it with (G4)
    expert_waybill: str | None = None  # on its way to the expert (G11)
    at_expert_since: datetime | None = None
    replacement_checked: bool | None = None  # before it leaves (G16)
    boxes: tuple[str, ...] = ()  # of this return that are here, by what tells them apart (G12)
    boxes_of: int | None = None  # how many it has, as far as anybody said
    failing_step: str | None = None
    processed: tuple[str, ...] = ()

    @property
    def stage(self) -> Stage:
        return stage_of(self.state, self.pending.came_from if self.pending else self.came_from)

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def waiting_for(self) -> str:
        """Whom the case waits for now."""
        if self.state is State.INVESTIGATING and self.check:
            return self.check
        if self.state is State.AWAITING_PAYMENT and self.payment_notified:
            return "finance"
        if self.state is State.REFUNDING and self.account_missing:
            return "customer"
        if self.state is State.RETURN_IN_TRANSIT and self.at_dock_since:
            return "warehouse"
        return WAITS_FOR[self.state]

    @property
    def boxes_missing(self) -> int:
        """How many boxes of this return are still to come, as far as anybody said how many there are (G12)."""
        return max(0, (self.boxes_of or 0) - len(self.boxes))

    @property
    def owed(self) -> int:
        """What the customer has to pay before we go on (F12, G6), without a deposit."""
        return self.money.owed

    @property
    def overpaid(self) -> int:
        """What the customer paid and does not owe, and has not got back."""
        return max(0, self.money.received - self.money.overpayment - self.money.customer_owes)

    @property
    def to_collect(self) -> int:
        """All that has to come in before we go on: what he owes, and the deposit (G5)."""
        return self.owed + (self.advance.outstanding if self.advance else 0)

    @property
    def currency(self) -> str | None:
        """The currency of the case's order, or of the money that was announced."""
        if self.order is not None:
            return self.order.currency
        return self.announced.currency if self.announced else None

    @property
    def eligible_now(self) -> bool:
        """Whether anything may be granted: nothing speaks against it, or somebody has let it pass."""
        return self.override is not None or self.eligible is None or self.eligible.answer != "no"

    @property
    def account_missing(self) -> bool:
        """Whether a payout came back because of its account, so that the customer has to name another."""
        return any(p.state == "failed" and (p.failure or "").startswith("account") for p in self.payouts)

    @property
    def open_payouts(self) -> tuple[Payout, ...]:
        return tuple(p for p in self.payouts if p.state not in ("done", *UNDONE))

    @property
    def state_clock(self) -> Clock | None:
        """The clock of the state the case is in."""
        if self.is_final:
            return None
        name = self.procedure.clocks[self.state].clock
        return next((c for c in reversed(self.clocks) if c.clock == name and c.state == "running"), None)

    @property
    def due_at(self) -> datetime | None:
        """The case's deadline: the due time of the clock of its state."""
        clock = self.state_clock
        return clock.due_at if clock else None

    @property
    def alarm_at(self) -> datetime | None:
        """The next instant at which the case must act by itself, if nothing happens before."""
        return self.alarm_without(frozenset())

    @property
    def quiet_until(self) -> datetime | None:
        """Until when an acknowledgement holds the chain back (T8)."""
        if self.acknowledged_at is not None and self.acknowledged_until is None:
            return UNKNOWN
        return self.acknowledged_until

    def alarm_without(self, payouts: frozenset[str]) -> datetime | None:
        """The same, leaving aside payouts that are being asked about at this moment."""
        asks = (payout.ask_at for payout in self.payouts if payout.at_gateway and payout.key not in payouts)
        alarms = (next_alarm_at(self.clocks, self.quiet_until), *asks)
        return min((at for at in alarms if at), default=None)

    def snapshot(self) -> dict[str, Any]:
        """The case in brief, as queries and updates answer it."""
        return {
            "case_no": self.case_no,
            "order_no": self.order.order_no if self.order else None,
            "kind": self.kind,
            "subcategory": self.procedure.subcategory,
            "state": self.state.value,
            "stage": self.stage.value,
            "waiting_for": self.waiting_for,
            "wanted": self.wanted,
            "remedy": self.remedy,
            "owner": self.owner,
            "priority": self.priority,
            "severity": self.severity,
            "escalation": self.escalation,
            "due_at": self.due_at.isoformat() if self.due_at else None,
            "version": self.version,
        }
