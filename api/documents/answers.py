"""What goes out over HTTP, as models with examples: the API's reference is made from them.

The desk makes the documents; these models describe them and drop nothing. A document may hold more than is written
here, since documents grow.
"""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.documents import examples
from models.commands import Quantity
from models.lifecycle import Action, Stage, State
from models.orders import OrderDocument
from models.procedure.eligibility import Answer


class Shown(BaseModel):
    """A document that may hold more than is named here."""

    model_config = ConfigDict(extra="allow", frozen=True)


class MoneyShown(Shown):
    """An amount as text, with its currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "112.00", "currency": "CNY"}]})

    amount: str
    currency: str


class ClockSum(Shown):
    """A stretch of a clock's life: what of it counted, and why the rest did not."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CLOCK["sums"][0]]})

    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    runs: bool
    seconds: int = Field(description="what counted, on the clock's calendar")
    plain: int
    why: dict[str, str] | None = Field(description="in zh and en")


class ClockShown(Shown):
    """A clock in seconds on its own calendar; target = used + left (T10)."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CLOCK]})

    clock: str
    target: int
    used: int
    left: int
    used_plain: int = Field(description="seconds that passed while it ran, whatever the hour")
    left_plain: int | None = Field(description="seconds until it is due, whatever the hour; null while it stands still")
    due_at: AwareDatetime | None
    paused_since: AwareDatetime | None
    state: str
    pauses: bool = Field(description="false: it runs on while we wait for the customer (T20)")
    breached: dict[str, Any] | None = Field(description="`at`, `cause` (delay or change) and `noticed_late`")
    policy: dict[str, Any] | None = Field(description="the terms applied last: `target`, `calendar`, `version`")
    next_alarm: dict[str, Any] | None = Field(description="what it does next if nothing happens")
    sums: tuple[ClockSum, ...] = Field(description="the spans that `used` is the sum of")


class CaseMoney(Shown):
    """Sums of the case; null where it has no order and so no currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CASE_MONEY]})

    refund: MoneyShown | None
    freight: MoneyShown | None
    goodwill: MoneyShown | None
    customer_owes: MoneyShown | None
    paid: MoneyShown | None
    receivable: MoneyShown | None = Field(None, description="freight paid without cause, which the customer owes (F24)")
    deposit: MoneyShown | None = Field(None, description="that we hold for an exchange in advance (G5)")
    overpaid: MoneyShown | None = Field(None, description="paid by the customer, not owed, and not given back yet")


class CaseCost(Shown):
    """What the case has cost so far, and of what (T13): written-off goods and open claims are not in the total."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CASE_COST]})

    refund: MoneyShown | None
    freight: MoneyShown | None
    goodwill: MoneyShown | None
    replacement: MoneyShown | None
    other: MoneyShown | None
    goods: MoneyShown | None
    compensation: MoneyShown | None
    received: MoneyShown | None
    written_off: MoneyShown | None
    claimed: MoneyShown | None
    deposit: MoneyShown | None
    total: MoneyShown | None


class ActionShown(Shown):
    """An action, whether it is allowed now, and if not, why."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACTION]})

    action: Action
    allowed: bool
    reasons: tuple[str, ...]
    needs: tuple[str, ...] = Field((), description="the data without which it says nothing")
    remedies: tuple[dict[str, Any], ...] = Field((), description="of choose_remedy: each remedy by itself")


class NextStep(Shown):
    """What to do now, why, until when, and what happens otherwise; text by language."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NEXT_STEP]})

    text: dict[str, str]
    why: dict[str, str] | None
    who: str
    action: Action | None = Field(description="what is proposed; nothing where somebody else has the word")
    data: dict[str, Any] = Field(description="its data, as far as the playbook knows it")
    until: AwareDatetime | None
    otherwise: dict[str, str]
    script: dict[str, str] | None = Field(description="in the languages whose values are all known")
    script_name: str | None
    evidence_missing: tuple[dict[str, str], ...]
    questions: tuple[dict[str, str], ...]
    legal_choices: tuple[str, ...] = Field(description="what the customer can insist on by law (section 13)")


class ReasonShown(Shown):
    """What one rule answers, for one line or for all of it."""

    rule: str
    answer: Answer
    zh: str
    en: str
    line_no: int | None


class EligibleShown(Shown):
    """What all rules answer together, with all reasons, and who let the case pass all the same."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ELIGIBLE]})

    answer: Answer
    reasons: tuple[ReasonShown, ...]
    override: dict[str, Any] | None


class CaseShown(Shown):
    """A case as committed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CASE]})

    case_no: str
    order_no: str | None
    kind: str
    subcategory: str | None
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
    cost: CaseCost
    lines: tuple[dict[str, Any], ...]
    actions: tuple[ActionShown, ...]
    next_step: NextStep | None
    eligibility: EligibleShown | None
    repeated: bool = Field(False, description="the command had been carried out before; nothing was done again")


class CaseInList(Shown):
    """A case as lists show it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CASE_IN_LIST]})

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


class ProposalShown(Shown):
    """A kind that a customer's words speak for; `fits` is false where the order cannot have such a case now."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PROPOSAL]})

    kind: str
    names: dict[str, str]
    subcategory: dict[str, str] | None
    score: float
    matched: tuple[str, ...] = Field(description="as the customer wrote it")
    fits: bool


class Checked(EligibleShown):
    """Eligibility before a case is opened, and the open cases that hold its units: the new problem belongs there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**examples.ELIGIBLE, "open_cases": []}]})

    open_cases: tuple[str, ...]


class Proposals(Shown):
    """The likeliest kinds, best first; none where the words say too little."""

    proposals: tuple[ProposalShown, ...]


class WhyShown(Shown):
    """One reason to be stuck: since when, and what it comes to."""

    reason: str
    since: AwareDatetime
    zh: str
    en: str


class StuckInList(CaseInList):
    """A stuck case with every reason that holds (T12)."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.STUCK]})

    reasons: tuple[str, ...]
    why: tuple[WhyShown, ...] = Field(description="each reason as a sentence with its numbers, in both languages")
    since: AwareDatetime
    snoozed_until: AwareDatetime | None = Field(description="snoozing takes nothing off this list (T9)")


class StuckList(Shown):
    """A page of stuck cases, and counts over all that match."""

    items: tuple[StuckInList, ...]
    next_cursor: str | None
    total: int
    by_reason: dict[str, int]
    by_stage: dict[str, int]
    late_sweeps: tuple[str, ...] = Field((), description="sweeps that have not run for twice their interval")


class EntryShown(Shown):
    """One line of the timeline: who did what, when, from where to where, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ENTRY]})

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


class Refundable(Shown):
    """What is still refundable, in the order's currency."""

    total: str
    postage: str
    lines: tuple[dict[str, Any], ...]


class OrderShown(OrderDocument):
    """The order as it came, with its cases, its holds and what is still refundable."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [examples.ORDER]})

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

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PREVIEW]})

    rule: str
    currency: str
    refund: str
    goods: str
    tax: str
    postage: str
    freight_reimbursement: str
    freight_over_cap: str = Field(description="of what the customer advanced, above the limit: a manager decides (F11)")
    customer_owes: str
    netted: str = Field(description="taken off the refund, as the customer agreed: freight paid without cause (F24)")
    deposit: str | None = Field(None, description="of a case's exchange in advance: asked for besides (G5)")
    per_line: tuple[LinePreview, ...]
    preview_id: str


class RefusedRow(Shown):
    """A row that was not taken, by its line in the file."""

    line: int
    order_no: str | None
    reason: str


class ImportShown(Shown):
    """What became of a file."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.IMPORT]})

    rows: int
    orders: int
    imported: int
    updated: int
    unchanged: int
    refused: tuple[RefusedRow, ...]


class FileShown(Shown):
    """A file of a case; `id` is the SHA-256 of what is kept, `url` where it is fetched."""

    id: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    at: str
    url: str


class CaseFileShown(FileShown):
    """The same, and who sent it under which name."""

    name: str | None
    by: str
    role: str


class FileList(Shown):
    """The files of a case."""

    items: tuple[CaseFileShown, ...]
    next_cursor: None


class Rows(Shown):
    """A whole list; `next_cursor` is null."""

    items: tuple[dict[str, Any], ...]
    next_cursor: str | None


class RebasePreview(Shown):
    """What a rebase would do to open cases: how many get earlier, later, or are overdue at once (T10)."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REBASE_PREVIEW]})

    preview_id: str
    sentence: str
    open: int
    earlier: int
    later: int
    same: int
    overdue_at_once: int
    by_clock: dict[str, dict[str, int]]
    by_calendar: dict[str, dict[str, int]]
    overdue: tuple[dict[str, Any], ...] = Field(description="some of those that would be overdue at once")
    versions: dict[str, str] = Field(description="what would be in force for them")
    at: AwareDatetime


class RebaseShown(Shown):
    """A rebase and how far it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REBASE]})

    id: str
    state: str = Field(description="running, stopped, done, or superseded by another change")
    by: str
    reason: str
    started_at: AwareDatetime
    shown: str
    scope: dict[str, Any]
    total: int
    told: int
    rebased: int
    refused: int
    gone: int = Field(description="closed before they were told")
    silent: int = Field(description="told, and not written yet when the next ones were told")
    refusals: dict[str, str]


class CheckShown(Shown):
    """What a changed file would change."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CHECK]})

    before: str | None = Field(description="the version in force; null for what is new")
    after: str = Field(description="the version that it would be")
    changes: tuple[dict[str, Any], ...] = Field(description="of a playbook: `field`, `before`, `after`")
    days: tuple[dict[str, Any], ...] = Field(description="of a calendar: days that become something else")
    effect: dict[str, Any] | None = Field(description="of a calendar: the preview of a rebase onto it")


class PublishedShown(Shown):
    """A version that went into force."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PUBLISHED]})

    file: str
    number: int
    before: str | None
    after: str
    by: str
    reason: str
    at: AwareDatetime


class HistoryShown(Shown):
    """How versions came into force, the oldest first, and the cases that have each."""

    acts: tuple[dict[str, Any], ...]
    versions: tuple[dict[str, Any], ...]


class TrialShown(Shown):
    """A changed playbook on past cases: how far it is, its sums, and cases that would have been decided otherwise."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TRIAL]})

    id: str
    kind: str
    version: str
    by: str
    since: AwareDatetime
    started_at: AwareDatetime
    state: str = Field(description="running, stopped, done or failed")
    total: int
    done: int
    told: str | None = Field(description="why it failed")
    touched_at: AwareDatetime
    differ: int
    by_what: dict[str, int] = Field(description="in what they differ: eligibility, step, remedy, money, deadlines")
    money: dict[str, dict[str, str]] = Field(description="by currency: more to customers, more owed by them")
    late: dict[str, int] = Field(description="clocks that were late `then`, and would be `now`")
    left_out: int
    items: tuple[dict[str, Any], ...]
    next_after: int | None


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
    proposals: tuple[ProposalShown, ...] | None = Field(None, description="likely kinds, for a case without one")
