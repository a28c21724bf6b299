"""What goes out about money: payouts, what is expected, received and owed, claims, store credit, and audits."""

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict

from api.documents import examples
from api.documents.answers import MoneyShown, Shown


class PayoutShown(Shown):
    """Money on its way to a customer, as finance sees it; `id` is its idempotency key."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PAYOUT]})

    id: str
    case_no: str
    purpose: str
    amount: MoneyShown | None
    account: str | None
    state: str
    reference: str | None


class PaymentBehind(Shown):
    """A payment of the order, as its provider knows it, and what of it went back or is about to (F17)."""

    payment_no: str
    method: str
    reference: str | None
    amount: MoneyShown | None
    given_back: MoneyShown | None
    under_way: MoneyShown | None


class PayoutInQueue(PayoutShown):
    """The same with the payment that gives it back; freight, which belongs to none, with the order's newest."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PAYOUT | {"payment": examples.PAYMENT}]})

    payment: PaymentBehind | None


class AccountShown(Shown):
    """An account in full: for whoever pays to it (R1)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "bank", "account": "6222021234567890", "real_name": "王小明"}]}
    )

    kind: str
    account: str
    real_name: str | None


class ExpectedShown(Shown):
    """Money that a customer is to pay before we go on, and what he says of it (L12); names are masked."""

    case_no: str
    order_no: str | None
    noted: bool
    owed: MoneyShown | None
    announced: MoneyShown | None
    customer: str | None
    payer: str | None
    owner: str | None
    due_at: AwareDatetime | None
    notice: dict[str, Any] | None


class ExpectedList(Shown):
    items: tuple[ExpectedShown, ...]
    next_cursor: str | None


class ReceivedShown(Shown):
    """A payment that was recorded: in which case, by whom, under which reference."""

    case_no: str
    seq: int
    at: AwareDatetime
    by: str
    amount: MoneyShown | None
    reference: str | None
    purpose: str | None


class ReceivedList(Shown):
    items: tuple[ReceivedShown, ...]
    next_cursor: str | None


class DueShown(Shown):
    """What the customer of a case owes us and of what, what became of the rest, what he paid too much (F24, T21)."""

    case_no: str
    order_no: str | None
    customer: str | None
    state: str
    owed: MoneyShown | None
    freight: MoneyShown | None
    twice: MoneyShown | None
    overpaid: MoneyShown | None
    asked: MoneyShown | None
    asked_by: str | None
    reason: str | None


class DueList(Shown):
    items: tuple[DueShown, ...]
    next_cursor: str | None


class ClaimRowShown(Shown):
    """Something that a courier or supplier was asked for: what it waits for, until when, and what is missing."""

    case_no: str
    number: int
    against: str
    state: str
    awaits: str | None
    due_at: AwareDatetime | None
    overdue: bool
    amount: MoneyShown | None
    missing: tuple[dict[str, str], ...]


class ClaimList(Shown):
    items: tuple[ClaimRowShown, ...]
    next_cursor: str | None


class LookThrough(Shown):
    """A look at the books: at how many, and what does not agree (`amiss` names the first 50)."""

    run_id: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    found: int
    failed: int
    orders: int
    cases: int
    payouts: int
    postings: int
    amiss: tuple[dict[str, Any], ...]
    words: tuple[str, ...]


class BooksShown(Shown):
    """Whether the books agree; `agree` is null until all of them were looked through once."""

    agree: bool | None
    running: bool
    last_audit: LookThrough | None
    last_begun_at: AwareDatetime | None
    hourly: tuple[LookThrough, ...]


class PayoutList(Shown):
    items: tuple[PayoutInQueue, ...]
    next_cursor: str | None


class CreditEntry(Shown):
    """One entry of a customer's balance: what happened, and what remained then."""

    number: int
    what: Literal["credited", "used", "put_back", "cleared"]
    amount: MoneyShown
    remains: MoneyShown
    why: str
    order_no: str | None
    case_no: str | None
    by: str | None
    at: AwareDatetime


class BalanceShown(Shown):
    """A customer's store credit, by currency, with every entry that made it (R2)."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.BALANCE]})

    customer_id: str
    balances: tuple[MoneyShown, ...]
    entries: tuple[CreditEntry, ...]
