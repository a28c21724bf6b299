"""What may be asked of a case: one envelope for all actions, and per action the shape of its data.

The same envelope comes over HTTP, as a Temporal Update and as a Temporal Signal. It is read leniently
(`parse_command`) so that nothing a caller sends can stop a case; the data of an action is checked last
(`parse_data`), after role and state, as the contract orders the refusals.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from models.errors import DataRefused, MalformedCommand
from models.lifecycle import Action, Role
from models.pots import Pots

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_AMOUNT = r"^[0-9]{1,13}(\.[0-9]{1,6})?$"


def printable(text: str) -> str:
    """The text itself; Chinese, emoji and right-to-left text pass, control characters and broken surrogates do not."""
    found = _UNPRINTABLE.search(text)
    if found:
        raise ValueError(f"character U+{ord(found.group()):04X} at position {found.start()} cannot be kept; remove it")
    return text


def sensible(at: datetime) -> datetime:
    """The time itself, if it lies in this century: beyond, no calendar and not every database can follow."""
    if not 2000 <= at.year < 2100:
        raise ValueError("a time must lie between the years 2000 and 2099")
    return at


def amount_as_text(value: object) -> object:
    """The amount itself, if it is text of digits; a number has been rounded already, and nobody owes less than 0."""
    if isinstance(value, int | float):
        raise ValueError('an amount is written as text such as "12.00", never as a number')
    if isinstance(value, str) and not re.fullmatch(_AMOUNT, value):
        raise ValueError('an amount is up to 13 digits and a point, such as "12.00", and never negative')
    return value


Printable = AfterValidator(printable)
Text = Annotated[str, Field(min_length=1, max_length=5000), Printable]
Word = Annotated[str, Field(min_length=1, max_length=200), Printable]
#: Money inside a case, whose currency is known: a plain string that is not negative; checked against the currency.
Amount = Annotated[
    str,
    BeforeValidator(amount_as_text),
    Field(pattern=_AMOUNT, examples=["12.00"], description="an amount as a string"),
]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
LineNo = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Instant = Annotated[AwareDatetime, AfterValidator(sensible)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]

#: true or false, and no word that could be read as either.
Yes = Annotated[bool, Field(strict=True)]

Remedy = Literal[
    "refund",
    "exchange",
    "repair",
    "keep_it",
    "goods_back",
    "reship",
    "substitute",
    "visit",
    "adjust_price",
    "none",
]
OptionType = Literal["keep_it", "refund", "exchange", "repair", "substitute", "reship", "wait", "answer"]
Grade = Literal["new", "opened", "used", "damaged", "wrong_item", "empty"]
Cause = Literal["manufacturing", "transit", "seller", "customer", "none_found"]
Party = Literal["seller", "customer", "courier", "supplier", "platform"]
Disposition = Literal["restock", "refurbish", "scrap", "supplier", "customer"]
Priority = Literal["low", "normal", "high", "urgent"]
Severity = Literal["minor", "important", "critical"]
Hold = Literal["do_not_print", "do_not_ship", "await_difference", "pull", "reserve"]
Channel = Literal["phone", "message", "visit"]
Check = Literal["warehouse", "courier", "recipient", "department"]
Finding = Literal[
    "on_shelf",
    "picked",
    "handed_over",
    "delayed",
    "stuck",
    "found",
    "misdelivered",
    "redirected",
    "forwarded",
    "coming_back",
    "refused",
    "signed_early",
    "signed_by_other",
    "lost",
    "nothing",
]


class Data(BaseModel):
    """The data of a command; unknown fields are refused, so that a misspelt one is not lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Actor(BaseModel):
    """Who acts, and as what."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Word
    role: Role


class Command(BaseModel):
    """The envelope: an action, who asks for it, and its data as it came."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    action: Action
    actor: Actor
    command_id: Word | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    order_pots: Pots | None = Field(default=None, description="put in by the desk alone: the order's pots of now")
    case_version: int | None = Field(default=None, description="put in by the desk alone: the version it has read")


class NoData(Data):
    """Nothing is needed."""


class LineQuantity(Data):
    line_no: LineNo
    quantity: Quantity


class Replacement(Data):
    """What is sent instead: its price per unit decides the difference to collect or to refund (G6)."""

    sku: Word
    name: Word | None = None
    quantity: Quantity = 1
    unit_price: Amount | None = None


class Waybill(Data):
    carrier: Word
    waybill: Word


# ── request ───────────────────────────────────────────────────────────────────────────────────────


class RequestEvidence(Data):
    what: list[Word] = Field(default_factory=list, max_length=20)


class SubmitEvidence(Data):
    photos: list[Word] = Field(default_factory=list, max_length=50)
    text: Text | None = None
    keys: list[Word] = Field(default_factory=list, max_length=50, description="which of the playbook's evidence it is")


class Investigate(Data):
    check: Check
    note: Text | None = None


class ReportFinding(Data):
    finding: Finding
    until: Instant | None = None
    note: Text | None = None


class Reducible(Data):
    """A refund may be less than all of it, where use or damage by the customer was found (F16)."""

    reduction_percent: Percent = Field(default=0, description="withheld of the goods, for use or damage (F16)")
    reduction_reason: Text | None = Field(default=None, description="what was found; needed with a reduction")


class OfferOption(Reducible):
    type: OptionType
    in_advance: Yes = Field(default=False, description="of an exchange: against a deposit, before the old one is back")
    amount: Amount | None = None
    replacement: Replacement | None = None
    text: Text | None = None


class MakeOffer(Data):
    """One or more options; `amount` alone is short for one keep-it."""

    options: list[OfferOption] = Field(default_factory=list, max_length=8)
    amount: Amount | None = None


class AcceptOffer(Data):
    option: Annotated[int, Field(strict=True, ge=1, le=8, description="number of the option, from 1")] = 1


class DeclineOffer(Data):
    counter: Amount | None = None
    note: Text | None = None


class Answer(Data):
    text: Text
    final: Yes = False


# ── goods ─────────────────────────────────────────────────────────────────────────────────────────


class AuthoriseReturn(Data):
    label: Word | None = Field(default=None, description="a prepaid label of ours: the customer advances nothing (F11)")


class ShipReturn(Waybill):
    freight: Amount | None = Field(default=None, description="what the customer paid the courier, from the receipt")


class BookIn(Data):
    """A box came in (G1, G12). With `of` the case knows how many of one delivery are still to come."""

    waybill: Word | None = None
    parcel_no: Word | None = Field(default=None, description="its number among the boxes that came in")
    boxes: Quantity = Field(default=1, description="how many boxes this is")
    box: Quantity | None = Field(default=None, description="its number in a delivery of several")
    of: Quantity | None = Field(default=None, description="how many boxes that delivery has")
    invoice_enclosed: Yes | None = Field(default=None, description="whether the paper invoice came with it (G15)")
    came_at: Instant | None = Field(
        default=None, description="when it came, where its case was found only later: clocks begin then (G2)"
    )


class ReportInterception(Data):
    result: Literal["pulled", "gone"]


class RecordDelivery(Data):
    outcome: Literal["delivered", "at_locker", "refused", "lost", "signed_by_other"]


# ── diagnosis ─────────────────────────────────────────────────────────────────────────────────────


class InspectedLine(LineQuantity):
    grade: Grade
    cause: Cause
    party_liable: Party
    share: Percent | None = None
    disposition: Disposition


class Extra(Data):
    """Something in the parcel that nobody declared."""

    what: Word
    quantity: Quantity = 1


class Inspection(Data):
    """What was found. Units that are left out go to a linked case by themselves, and are inspected there."""

    lines: list[InspectedLine] = Field(min_length=1, max_length=500)
    missing: list[LineQuantity] = Field(
        default_factory=list,
        max_length=500,
        description="units that were declared and did not come: a linked case asks about them (G3)",
    )
    extra: list[Extra] = Field(
        default_factory=list, max_length=50, description="what came and was not declared: the agent is told (G3)"
    )
    photos: list[Word] = Field(default_factory=list, max_length=50)
    note: Text | None = None
    report: Word | None = Field(default=None, description="number of an official service point's report (G11)")


class SendToExpert(Data):
    """With a waybill the expert's clock starts when the goods are there, without one at once (G11)."""

    expert: Word
    waybill: Word | None = None


class CheckReplacement(Data):
    """The extra check of a replacement before it leaves (G16)."""

    result: Literal["passed", "failed"]
    photos: list[Word] = Field(default_factory=list, max_length=50)
    note: Text | None = None


class ShipReplacement(Waybill):
    checked: Yes = Field(default=False, description="it got its extra check, and the customer is told so (G16)")


# ── remedy ────────────────────────────────────────────────────────────────────────────────────────


class ChooseRemedy(Reducible):
    remedy: Remedy
    lines: list[LineQuantity] = Field(default_factory=list, max_length=500, description="left out: all of the case")
    replacement: Replacement | None = None
    amount: Amount | None = None
    preview_id: Word | None = None
    customer_agrees: Yes = Field(
        default=False,
        description="the customer was asked and agrees: to less than the law gives him, or to what inspection changed",
    )
    net_receivable: Yes = Field(
        default=False, description="the customer agrees that what he owes us for freight is taken off the refund (F24)"
    )
    in_advance: Yes = Field(
        default=False,
        description="of an exchange: the new goods leave against a deposit, before the old ones are back (G5)",
    )
    as_credit: Yes = Field(
        default=False,
        description="what it pays is store credit, which the customer's next order draws; he has to agree (K2, R2)",
    )
    note: Text | None = None


class RepairPart(Data):
    """A part that a repair needs; with an article's number it comes off our shelf."""

    sku: Word | None = None
    name: Word | None = None
    quantity: Quantity = 1
    unit_price: Amount | None = None


class QuoteRepair(Data):
    """Parts, labour and freight, as sums; `items` names the parts, and has to come to the same."""

    parts: Amount
    labour: Amount
    freight: Amount | None = None
    items: list[RepairPart] | None = Field(default=None, max_length=100, description="the parts one by one")
    workshop: Word | None = Field(default=None, description="`own`, or a vendor's name")
    diagnosis: Text | None = None
    note: Text | None = None


class PlanRepair(Data):
    """The workshop's order: who repairs it, what was found, which parts it takes, and until when; one field or more."""

    workshop: Word | None = Field(default=None, description="`own`, or a vendor's name")
    diagnosis: Text | None = None
    items: list[RepairPart] | None = Field(default=None, max_length=100, description="all parts; left out: as before")
    labour: Amount | None = None
    promised_at: Instant | None = Field(
        default=None, description="the date that the workshop gives; its clock runs to it"
    )
    note: Text | None = None


class NotifyPayment(Data):
    date: Word | None = None
    method: Word | None = None
    bank: Word | None = None
    amount: Amount | None = None


class RefutePayment(Data):
    """Finance has looked for a payment that was noted, and it is not there (L12)."""

    note: Text | None = Field(default=None, description="where it was looked for, and what the customer is to be asked")


class RecordPayment(Data):
    """Money from the customer. Without another word it is for what he owes, then for a deposit (F12, G5)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    amount: Amount
    reference: Word
    purpose: Literal["deposit", "receivable"] | None = Field(
        default=None,
        alias="for",
        description="`receivable`: freight that was paid without cause, or what he got twice, in any state (F24, T21); "
        "`deposit`: for the deposit alone, also what was taken of a hold (G5)",
    )
    held: Yes = Field(default=False, description="blocked for us, not paid: it secures a deposit (G5)")


class SettleDeposit(Data):
    """The end of an exchange in advance: what is kept of the deposit, and why; the rest goes back (G5)."""

    keep: Amount | None = Field(default=None, description="left out: what the customer owes by what was found (F19)")
    reason: Text | None = Field(default=None, description="needed for whatever is kept beyond what he owes")
    customer_agrees: Yes = Field(default=False, description="the customer was asked, where inspection found his doing")


class GiveBack(Data):
    """What the customer paid and does not owe goes back to him, or is kept as his credit."""

    as_credit: Yes = Field(default=False, description="store credit, which his next order draws (R2)")
    customer_agrees: Yes = Field(default=False, description="the customer agrees to the credit")
    note: Text | None = None


class ProvideAccount(Data):
    """R1: where the money is to go, by the customer or with his consent; `store_credit` is his balance with us."""

    kind: Literal["original", "alipay", "wechat", "bank", "store_credit"]
    account: Word
    real_name: Word
    customer_agrees: Yes = Field(
        default=False, description="the customer was asked and agrees to another account than he paid from (R1)"
    )


class RecordRefund(Data):
    payout_id: Word
    reference: Word


class FailRefund(Data):
    """The provider or the bank refused a payout; `account_*` codes ask the customer for another account."""

    payout_id: Word
    code: Word
    note: Text | None = None


class AskPayout(Data):
    """What became of a payout that a provider has: it is asked now, and nothing is sent."""

    payout_id: Word


class BounceRefund(Data):
    """A payout that counted as paid came back: the bank or provider has returned the money to us."""

    payout_id: Word
    code: Word
    note: Text | None = None


class FinishRepair(Data):
    report: Text


class Reason(Data):
    reason: Text


class Appoint(Data):
    at: Instant
    note: Text | None = None


class Dispatch(Data):
    technician: Word
    outlet: Word | None = None


class FinishVisit(Data):
    outcome: Literal["fixed", "not_fixed", "taken_away", "no_access"]
    signature: Word | None = None
    note: Text | None = None


# ── follow-up and ends ────────────────────────────────────────────────────────────────────────────


Score = Annotated[int, Field(strict=True, ge=1, le=5)]


class CompleteCallback(Data):
    """The survey of T7: polite, promise kept, competent, solved; 1 to 5 each, and free words."""

    satisfied: Yes
    scores: dict[Literal["polite", "promise_kept", "competent", "solved"], Score] = Field(default_factory=dict)
    words: Text | None = None
    channel: Channel | None = Field(default=None, description="how the customer was reached")


class Note(Data):
    note: Text | None = None


class MissCallback(Note):
    """A try that reached nobody; by which channel, so that calls can be counted (T5, T17)."""

    channel: Channel | None = Field(default=None, description="phone, message or visit")


class Approve(Note):
    preview_id: Word | None = Field(default=None, description="of new numbers that the approver was shown (F20)")


class PlatformRuling(Data):
    """What was decided outside (T21); `refunded` means that the platform has paid already."""

    ruling: Literal["refund", "refunded", "return", "rejected"]
    amount: Amount | None = None
    reference: Word


class RecordDispute(Data):
    """T21: a customer's bank takes a payment back (`opened`), and what became of it; `accepted` is given up by us."""

    reference: Word
    result: Literal["opened", "answered", "accepted", "won", "lost"]
    amount: Amount | None = None
    respond_by: Instant | None = Field(default=None, description="until when the bank takes our evidence")
    inquiry: Yes = Field(default=False, description="the bank only asks, and has taken no money yet")
    reason: Text | None = None
    evidence: list[Word] = Field(default_factory=list, max_length=50, description="what went with the answer")


class Correct(Data):
    to_state: Word
    reason: Text


# ── beside the road ───────────────────────────────────────────────────────────────────────────────


class Assign(Data):
    to: Word
    handover: Word | None = Field(None, description="the handover by which it goes on: no sign of bouncing (T11, T12)")


class NoteText(Data):
    note: Text
    until: Instant | None = None


class MessageText(Data):
    text: Text


class SetPriority(Data):
    priority: Priority


class SetSeverity(Data):
    severity: Severity


class ChangeKind(Data):
    """What the playbook of the new kind says is put in by the desk, which reads the playbooks."""

    kind: Word
    subcategory: Word | None = None
    reason: Text | None = None
    procedure: dict[str, Any] | None = Field(default=None, description="put in by the desk alone")
    eligible: dict[str, Any] | None = Field(default=None, description="put in by the desk alone")
    needs_order: Yes = Field(default=False, description="put in by the desk alone")


class RebasePlaybook(Data):
    """The case goes on under its playbook as it is in force now."""

    reason: Text
    version: Word | None = Field(default=None, description="a mark of the rebase that it is part of")
    procedure: dict[str, Any] | None = Field(default=None, description="put in by the desk alone")


Span = Annotated[int, Field(strict=True, ge=1, le=10 * 365 * 86_400)]


class Extend(Data):
    """The deadline of the state's clock, moved on: to an instant, or by seconds of the clock's own calendar."""

    until: Instant | None = None
    by_seconds: Span | None = Field(default=None, description="of open time, as the clock's calendar counts it")
    reason: Text


class RebaseCalendar(Data):
    """Running clocks are computed anew from the calendars as they are in force now (T10)."""

    version: Word = Field(description="a mark of the calendars; the same one twice has one effect")
    calendars: list[Word] = Field(
        default_factory=list, max_length=100, description="only clocks on these; left out: all"
    )
    reason: Text | None = None


class AddIssue(Data):
    issue: Text
    line_no: LineNo | None = None


class Split(Data):
    lines: list[LineQuantity] = Field(min_length=1, max_length=500)


class Link(Data):
    """An order or a case that belongs to this one.

    `as`: the order that was given for the new item of a swap (`replacement`), or that the customer placed anew in a
    hurry (`anew`), with the postage he paid for it (G13).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    order_no: Word | None = None
    case_no: Word | None = None
    purpose: Literal["replacement", "anew"] | None = Field(default=None, alias="as")
    postage: Amount | None = None


class Snooze(Data):
    until: Instant
    reason: Text


class Plan(Data):
    plan: Text
    cost: Amount | None = None


class Escalate(Data):
    """Whoever escalates brings plans with their cost where there are any (T16)."""

    reason: Text
    plans: list[Plan] = Field(default_factory=list, max_length=10)
    to: Literal["supervisor", "manager", "director"] | None = Field(
        default=None, description="whom; left out: the next above. An upset customer: `supervisor`, at once (T8)"
    )


class Promise(Data):
    what: Text
    at: Instant


class Contain(Data):
    what: Text


class PlaceHold(Data):
    hold: Hold
    note: Text | None = None


class LiftHold(Data):
    hold: Hold | None = None


class WaiveFreight(Data):
    amount: Amount
    reason: Text


class WaiveReceivable(Data):
    """What a customer owes us is given up: one applies, and a manager who is somebody else grants it (F24)."""

    amount: Amount | None = Field(default=None, description="left out: what was applied for, else all that is owed")
    reason: Text
    granted: Yes = Field(default=True, description="false: the manager turns the application down")


class Compensate(Data):
    """Money beside refund and freight: goodwill, what a law multiplies, a penalty for late shipping (F26).

    A threat of a bad review is no reason for any of them (K8), and nothing is asked for in return (K5).
    """

    amount: Amount
    kind: Literal["goodwill", "legal", "late"]
    reason: Text


class UpdateContact(Data):
    name: Word | None = None
    phone: Word | None = None
    email: Word | None = None
    address: Text | None = None


class Attach(Data):
    uri: Word
    sha256: Word | None = None
    name: Word | None = None


class OpenClaim(Data):
    """`name`: which courier or supplier, whose own deadlines may differ."""

    against: Literal["courier", "supplier"]
    amount: Amount
    name: Word | None = None


class SettleClaim(Data):
    """What became of a claim. `claim` counts from 1 as the case lists them; left out = the first that fits.

    `filed`: it has gone out, with `evidence` and under `reference`. `accepted`: all of it, or `amount`. `refused`: it
    can be `appealed` once, or `written_off` by a manager with a reason. `paid`: what is still open, or `amount`; the
    rest is given up unless `more_to_come`.
    """

    result: Literal["filed", "accepted", "refused", "appealed", "paid", "written_off"]
    claim: Annotated[int, Field(ge=1, le=100)] | None = None
    amount: Amount | None = None
    evidence: list[Word] = Field(default_factory=list, max_length=50)
    reference: Word | None = None
    reason: Text | None = None
    more_to_come: Yes = False


class LendLoaner(Data):
    """Only with the customer's consent (G8); a device of the stock ledger leaves the shelf."""

    serial: Word
    sku: Word | None = Field(default=None, description="its article, where it is one of the stock ledger")
    consent: Yes = True
    until: Instant | None = Field(default=None, description="when the customer is to bring it back")


class ReturnLoaner(Data):
    """A loaner came back: which one where several are out, and where it goes."""

    serial: Word | None = Field(default=None, description="left out: the one that was lent first")
    disposition: Literal["restock", "refurbish", "scrap", "lost"] = Field(
        default="restock", description="`lost`: it will not come back, which a manager says, with a note why"
    )
    note: Text | None = None


class SettleInvoice(Data):
    """What was done with the order's invoice, as the remedy wants it (G9); that nothing need be a manager says."""

    result: Literal["credited", "amended", "endorsed", "reissued", "returned", "not_needed"]
    reason: Text | None = None


DATA: dict[Action, type[Data]] = {
    Action.REQUEST_EVIDENCE: RequestEvidence,
    Action.SUBMIT_EVIDENCE: SubmitEvidence,
    Action.INVESTIGATE: Investigate,
    Action.REPORT_FINDING: ReportFinding,
    Action.MAKE_OFFER: MakeOffer,
    Action.ACCEPT_OFFER: AcceptOffer,
    Action.DECLINE_OFFER: DeclineOffer,
    Action.ANSWER: Answer,
    Action.AUTHORISE_RETURN: AuthoriseReturn,
    Action.SHIP_RETURN: ShipReturn,
    Action.BOOK_IN: BookIn,
    Action.REPORT_INTERCEPTION: ReportInterception,
    Action.RECORD_DELIVERY: RecordDelivery,
    Action.CONFIRM_FAULT: Inspection,
    Action.REFUTE_FAULT: Inspection,
    Action.PASS_INSPECTION: Inspection,
    Action.SEND_TO_EXPERT: SendToExpert,
    Action.CHOOSE_REMEDY: ChooseRemedy,
    Action.QUOTE_REPAIR: QuoteRepair,
    Action.ACCEPT_QUOTE: NoData,
    Action.DECLINE_QUOTE: Note,
    Action.NOTIFY_PAYMENT: NotifyPayment,
    Action.REFUTE_PAYMENT: RefutePayment,
    Action.RECORD_PAYMENT: RecordPayment,
    Action.PROVIDE_ACCOUNT: ProvideAccount,
    Action.RECORD_REFUND: RecordRefund,
    Action.REPORT_SHORTAGE: Note,
    Action.STOCK_ARRIVED: Note,
    Action.SHIP_REPLACEMENT: ShipReplacement,
    Action.CHECK_REPLACEMENT: CheckReplacement,
    Action.SHIP_BACK: Waybill,
    Action.SETTLE_DEPOSIT: SettleDeposit,
    Action.FINISH_REPAIR: FinishRepair,
    Action.FAIL_REPAIR: Reason,
    Action.APPOINT: Appoint,
    Action.DISPATCH: Dispatch,
    Action.ARRIVE: Note,
    Action.FINISH_VISIT: FinishVisit,
    Action.COMPLETE_CALLBACK: CompleteCallback,
    Action.MISS_CALLBACK: MissCallback,
    Action.WITHDRAW: Reason,
    Action.REJECT: Reason,
    Action.CLOSE: Reason,
    Action.REOPEN: Reason,
    Action.APPROVE: Approve,
    Action.DENY: Note,
    Action.PLATFORM_RULING: PlatformRuling,
    Action.CORRECT: Correct,
    Action.TAKE: NoData,
    Action.ASSIGN: Assign,
    Action.NOTE: NoteText,
    Action.MESSAGE: MessageText,
    Action.CUSTOMER_MESSAGE: MessageText,
    Action.SET_PRIORITY: SetPriority,
    Action.SET_SEVERITY: SetSeverity,
    Action.CHANGE_KIND: ChangeKind,
    Action.REBASE_PLAYBOOK: RebasePlaybook,
    Action.OVERRIDE_ELIGIBILITY: Reason,
    Action.EXTEND: Extend,
    Action.REMIND: Note,
    Action.REBASE_CALENDAR: RebaseCalendar,
    Action.ADD_ISSUE: AddIssue,
    Action.SPLIT: Split,
    Action.LINK: Link,
    Action.SNOOZE: Snooze,
    Action.ESCALATE: Escalate,
    Action.ACKNOWLEDGE: Note,
    Action.PROMISE: Promise,
    Action.KEEP_PROMISE: Note,
    Action.CONTAIN: Contain,
    Action.PLACE_HOLD: PlaceHold,
    Action.LIFT_HOLD: LiftHold,
    Action.WAIVE_FREIGHT: WaiveFreight,
    Action.WAIVE_RECEIVABLE: WaiveReceivable,
    Action.COMPENSATE: Compensate,
    Action.UPDATE_CONTACT: UpdateContact,
    Action.ATTACH: Attach,
    Action.OPEN_CLAIM: OpenClaim,
    Action.SETTLE_CLAIM: SettleClaim,
    Action.LEND_LOANER: LendLoaner,
    Action.RETURN_LOANER: ReturnLoaner,
    Action.PLAN_REPAIR: PlanRepair,
    Action.SETTLE_INVOICE: SettleInvoice,
    Action.RETRY: Note,
    Action.FAIL_REFUND: FailRefund,
    Action.ASK_PAYOUT: AskPayout,
    Action.BOUNCE_REFUND: BounceRefund,
    Action.RECORD_DISPUTE: RecordDispute,
    Action.CONFIRM_ACCOUNT: Note,
    Action.GIVE_BACK: GiveBack,
}


def errors_of(refused: ValidationError) -> list[dict[str, str]]:
    """One `{field, message}` per thing that is wrong, in plain words and without the rejected value."""
    return [
        {
            "field": _shown(".".join(str(part) for part in error["loc"])) or "(whole)",
            "message": error["msg"].removeprefix("Value error, "),
        }
        for error in refused.errors(include_url=False, include_context=False, include_input=False)
    ]


def _shown(field: str) -> str:
    """A field's name as it can be written anywhere: the sender chose it, so it may hold anything."""
    return "".join(c if c.isprintable() else "?" for c in field[:100])


def parse_command(envelope: object) -> Command:
    """The command in an envelope as it came. Raises MalformedCommand, naming what is missing or unknown."""
    if isinstance(envelope, Command):
        return envelope
    if not isinstance(envelope, Mapping):
        raise MalformedCommand('A command is an object: {"action": …, "actor": {"id": …, "role": …}, "data": {…}}.')
    try:
        return Command.model_validate(dict(envelope))
    except ValidationError as refused:
        errors = errors_of(refused)
        said = "; ".join(f"{e['field']}: {e['message']}" for e in errors[:5])
        raise MalformedCommand(f"The command cannot be read: {said}", errors=errors) from None


def parse_data(command: Command) -> Data:
    """The typed data of a command. Raises DataRefused naming every field that is missing or wrong."""
    try:
        return DATA[command.action].model_validate(command.data)
    except ValidationError as refused:
        errors = errors_of(refused)
        said = "; ".join(f"{e['field']}: {e['message']}" for e in errors[:5])
        raise DataRefused(f"The data of '{command.action}' is not right: {said}", errors) from None


@cache
def schema_of(action: Action) -> Mapping[str, Any]:
    """The JSON Schema of an action's data, as `GET /lifecycle` shows it; made once, for making it takes long."""
    return DATA[action].model_json_schema()
