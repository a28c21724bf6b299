"""What comes in and goes out over HTTP, as models with examples: the API's reference is made from them.

What comes in is strict: an unknown field is refused, so that a misspelt one is not lost. What goes out may hold more
than is written here, since documents grow.
"""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from models.commands import Amount, LineQuantity, Party, Printable, Quantity, Remedy, Replacement, Severity, Text, Word
from models.lifecycle import Action, Role, Stage, State
from models.orders import OrderDocument
from models.settlement import SettledRemedy

#: More lines than any order has.
MOST_LINES = 5_000


def _amount_as_text(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError('an amount is written as text such as "12.00", never as a number')
    return value


Money = Annotated[Amount, BeforeValidator(_amount_as_text)]
Name = Annotated[str, Field(max_length=200), Printable]
#: A number that a path names; what cannot be one is simply not there.
Number = Annotated[str, Field(min_length=1, max_length=100), Printable]


# ── in ────────────────────────────────────────────────────────────────────────────────────────────


class Ask(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PreviewAsk(Ask):
    """What a refund, exchange or repair would come to; nothing moves (F20)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": [{"line_no": 1, "quantity": 1}], "remedy": "refund", "party_liable": "seller"}]
        }
    )

    lines: tuple[LineQuantity, ...] = Field(default=(), max_length=MOST_LINES)
    remedy: SettledRemedy
    party_liable: Party = "seller"
    return_freight: Money | None = Field(None, description="what the customer paid to send the goods back")
    replacement_freight: Money | None = Field(None, description="what the way to the customer costs")
    replacement: Replacement | None = Field(None, description="what is sent instead; its price decides a difference")
    amount: Money | None = Field(None, description="what a keep-it or an adjusted price pays")


class Contact(Ask):
    """Whom to ask about this case, where it is not the order's customer."""

    name: Name | None = None
    phone: Name | None = None
    email: Name | None = None


class OpenCase(Ask):
    """A new case; which kinds need no order or lines, their playbook says."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_no": "20260302-0017",
                    "kind": "quality_fault",
                    "lines": [{"line_no": 1, "quantity": 1}],
                    "wanted": "refund",
                    "description": "壶底漏水，通电后跳闸",
                    "contact": {"name": "王小明", "phone": "13800138000"},
                    "channel": "phone",
                }
            ]
        }
    )

    order_no: Number | None = None
    kind: Word
    lines: tuple[LineQuantity, ...] = Field(default=(), max_length=MOST_LINES)
    wanted: Remedy | None = None
    description: Text | None = None
    contact: Contact | None = None
    channel: Word | None = None
    severity: Severity | None = None
    owner: Word | None = None


class CommandEnvelope(BaseModel):
    """A command to a case: the data of each action is in `GET /lifecycle`.

    The actor comes from the token; only a token that may act for others, or has several roles, says it here.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"action": "authorise_return", "command_id": "5d1c…", "data": {}},
                {
                    "action": "ship_return",
                    "actor": {"id": "wang", "role": "customer"},
                    "data": {"carrier": "sf", "waybill": "SF1029384756", "freight": "12.00"},
                },
            ]
        }
    )

    action: Action
    actor: "EnvelopeActor | None" = None
    command_id: Word | None = Field(None, description="unique; the same one twice has one effect")
    data: dict[str, Any] = Field(default_factory=dict)


class EnvelopeActor(BaseModel):
    """Who acts, and as what."""

    id: Word | None = None
    role: Role | None = None


class Paid(Ask):
    """The payment as finance's bank or provider names it."""

    reference: Word


class Failed(Ask):
    """Why a payout came back; a code that begins with `account` asks the customer for another account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "account_unknown", "note": "户名不符"}]})

    code: Word
    note: Text | None = None


class Scan(Ask):
    """What the scanner read: a case number, a waybill or an order number (G1, G2)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "SF1029384756"}]})

    code: Number
    note: Text | None = None


# ── out ───────────────────────────────────────────────────────────────────────────────────────────


class Shown(BaseModel):
    """A document that may hold more than is named here."""

    model_config = ConfigDict(extra="allow", frozen=True)


class MoneyShown(Shown):
    """An amount as text, with its currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "112.00", "currency": "CNY"}]})

    amount: str
    currency: str


class ClockShown(Shown):
    """A clock in seconds on its own calendar; target = used + left (T10)."""

    clock: str
    target: int
    used: int
    left: int
    due_at: AwareDatetime | None
    paused_since: AwareDatetime | None
    state: str


class CaseMoney(Shown):
    """Sums of the case; null where it has no order and so no currency."""

    refund: MoneyShown | None
    freight: MoneyShown | None
    goodwill: MoneyShown | None
    customer_owes: MoneyShown | None
    paid: MoneyShown | None


class ActionShown(Shown):
    """An action, whether it is allowed now, and if not, why."""

    action: Action
    allowed: bool
    reasons: tuple[str, ...]


class NextStep(Shown):
    """What to do now, why, until when, and what happens otherwise; text by language."""

    text: dict[str, str]
    why: dict[str, str]
    until: AwareDatetime | None
    otherwise: dict[str, str]
    script: dict[str, str] | None


class CaseShown(Shown):
    """A case as committed."""

    case_no: str
    order_no: str | None
    kind: str
    state: State
    stage: Stage
    waiting_for: str
    wanted: str | None
    remedy: str | None
    owner: str | None
    priority: str
    severity: str | None
    escalation: int
    due_at: AwareDatetime | None
    version: int
    clocks: tuple[ClockShown, ...]
    money: CaseMoney
    lines: tuple[dict[str, Any], ...]
    actions: tuple[ActionShown, ...]
    next_step: NextStep | None
    repeated: bool = Field(False, description="the command had been carried out before; nothing was done again")


class CaseInList(Shown):
    """A case as lists show it."""

    case_no: str
    order_no: str | None
    kind: str
    state: State
    stage: Stage
    waiting_for: str
    owner: str | None
    priority: str
    escalation: int
    due_at: AwareDatetime | None
    opened_at: AwareDatetime
    at_stake: MoneyShown | None


class CaseList(Shown):
    items: tuple[CaseInList, ...]
    next_cursor: str | None


class StuckInList(CaseInList):
    """A stuck case with every reason that holds (T12)."""

    reasons: tuple[str, ...]
    since: AwareDatetime


class StuckList(Shown):
    """A page of stuck cases, and counts over all that match."""

    items: tuple[StuckInList, ...]
    next_cursor: str | None
    total: int
    by_reason: dict[str, int]
    by_stage: dict[str, int]


class EntryShown(Shown):
    """One line of the timeline: who did what, when, from where to where, and why."""

    seq: int
    at: AwareDatetime
    actor: dict[str, Any]
    action: str
    from_: str | None = Field(alias="from")
    to: str | None
    note: str | None
    data: dict[str, Any]


class Timeline(Shown):
    items: tuple[EntryShown, ...]
    next_cursor: str | None


class PayoutShown(Shown):
    """Money on its way to a customer, as finance sees it; `id` is its idempotency key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "26-00017-3:effect:4",
                    "case_no": "26-00017-3",
                    "purpose": "refund",
                    "amount": {"amount": "112.00", "currency": "CNY"},
                    "account": None,
                    "state": "approved",
                    "reference": None,
                }
            ]
        }
    )

    id: str
    case_no: str
    purpose: str
    amount: MoneyShown | None
    account: str | None
    state: str
    reference: str | None


class PayoutList(Shown):
    items: tuple[PayoutShown, ...]
    next_cursor: str | None


class Refundable(Shown):
    """What is still refundable, in the order's currency."""

    total: str
    postage: str
    lines: tuple[dict[str, Any], ...]


class OrderShown(OrderDocument):
    """The order as it came, with its cases, its holds and what is still refundable."""

    model_config = ConfigDict(extra="allow")

    cases: tuple[CaseInList, ...]
    holds: tuple[dict[str, Any], ...]
    refundable: Refundable


class OrderPut(Shown):
    """What became of an order that was sent."""

    order_no: str
    result: str = Field(examples=["imported", "updated", "unchanged"])


class LinePreview(Shown):
    line_no: int
    quantity: Quantity
    amount: str


class PreviewShown(Shown):
    """What a remedy comes to; refund = goods + tax + postage, freight apart. Amounts in `currency`."""

    rule: str
    currency: str
    refund: str
    goods: str
    tax: str
    postage: str
    freight_reimbursement: str
    customer_owes: str
    per_line: tuple[LinePreview, ...]
    preview_id: str


class RefusedRow(Shown):
    """A row that was not taken, by its line in the file."""

    line: int
    order_no: str | None
    reason: str


class ImportShown(Shown):
    """What became of a file."""

    rows: int
    orders: int
    imported: int
    updated: int
    unchanged: int
    refused: tuple[RefusedRow, ...]


class Scanned(Shown):
    """The case that the parcel belongs to, or the parcel as it lies unmatched on the shelf."""

    case: CaseShown | None
    unmatched: dict[str, Any] | None


class Rows(Shown):
    """A whole list; `next_cursor` is null."""

    items: tuple[dict[str, Any], ...]
    next_cursor: str | None


class LifecycleShown(Shown):
    """The machine: states, arrows, and per action its roles and the JSON Schema of its data."""

    states: tuple[dict[str, Any], ...]
    transitions: tuple[dict[str, Any], ...]
    actions: tuple[dict[str, Any], ...]


class PlaybookShown(Shown):
    """A playbook as it is in force."""

    kind: str
    version: str


class Health(Shown):
    status: str


class Ready(Shown):
    """The parts, each `ok`."""

    database: str
    schema_: str = Field(alias="schema")
    temporal: str


class ProblemError(Shown):
    """One thing that is wrong."""

    field: str
    message: str


class Problem(Shown):
    """Why it was refused (RFC 9457); `type` is stable and listed in the reference of errors."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:aftercare:problem:state-refused",
                    "title": "The case is not in a state in which that can be done",
                    "status": 409,
                    "detail": "'ship_return' is not possible while the case is 'closed'.",
                    "allowed_actions": ["reopen"],
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    allowed_actions: tuple[str, ...] | None = Field(None, description="actions of a case that are allowed now")
    errors: tuple[ProblemError, ...] | None = Field(None, description="every field that is wrong")
