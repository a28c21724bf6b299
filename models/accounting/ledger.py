"""What a case has cost and brought, as double entry: every row is one transfer from one account to another.

A transfer says `debit ← credit`: the debited party has received that much more, the credited one has given it. So all
accounts together are zero whatever is posted, and what the shop has given away for a case, net, is what it cost (T13).
One function per event says what it posts; the keys come from the case, so that a repeat posts nothing twice.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from models.value import Value

Party = Literal["customer", "shop", "courier", "supplier", "platform", "write_off"]
What = Literal[
    "refund",
    "freight",
    "goodwill",
    "replacement_value",
    "goods",
    "fee",
    "claim",
    "deposit",
    "store_credit",
    "received",
    "chargeback",
]
PARTIES: tuple[Party, ...] = get_args(Party)
WHATS: tuple[What, ...] = get_args(What)


class Transfer(Value):
    """`amount` minor units of value, always above zero, from `credit` to `debit`."""

    debit: Party
    credit: Party
    purpose: What
    amount: int

    @property
    def undone(self) -> "Transfer":
        """The transfer that takes this one back."""
        return self.model_copy(update={"debit": self.credit, "credit": self.debit})


class Posting(Transfer):
    """A transfer under its key. One that is for a payout is written only if that payout was really settled."""

    key: str
    payout_id: str | None = None
    reference: str | None = None


Transfers = tuple[Transfer, ...]


def _moved(debit: Party, credit: Party, purpose: What, amount: int) -> Transfers:
    """One transfer; nothing for nothing, and the other way round for a negative amount."""
    if amount < 0:
        debit, credit = credit, debit
    return (Transfer(debit=debit, credit=credit, purpose=purpose, amount=abs(amount)),) if amount else ()


# ── what each event posts ─────────────────────────────────────────────────────────────────────────


def payout_paid(purpose: str, amount: int) -> Transfers:
    """A refund, freight or goodwill has reached the customer (F11, F26), or what was his all along (G5)."""
    return _moved("customer", "shop", posted_as(purpose), amount)


def posted_as(purpose: str) -> What:
    """What a payout is in the books: an overpayment takes back what was posted when it came in."""
    return "received" if purpose == "overpayment" else purpose  # type: ignore[return-value]


def deposit_taken(amount: int) -> Transfers:
    """The customer leaves it with us; it stays his (G5)."""
    return _moved("shop", "customer", "deposit", amount)


def deposit_kept(amount: int) -> Transfers:
    """A deposit becomes ours, with a reason; a negative amount makes it his again (G5)."""
    return _moved("customer", "shop", "deposit", amount) + _moved("shop", "customer", "fee", amount)


def deposit_spent(amount: int) -> Transfers:
    """A deposit pays what the customer owes (F19)."""
    return _moved("customer", "shop", "deposit", amount) + _moved("shop", "customer", "received", amount)


def receivable_paid(amount: int) -> Transfers:
    """Freight that was paid without cause comes back (F24)."""
    return _moved("shop", "customer", "freight", amount)


def paid_outside(amount: int) -> Transfers:
    """A platform has paid the customer in our name, and takes it from what it owes us (T21)."""
    return _moved("customer", "platform", "refund", amount) + _moved("platform", "shop", "refund", amount)


def receivable_forgiven(amount: int) -> Transfers:
    """Freight that was paid without cause is his to keep: from now on it is goodwill (F24)."""
    return _moved("shop", "customer", "freight", amount) + _moved("customer", "shop", "goodwill", amount)


def chargeback_given_up(amount: int) -> Transfers:
    """What was paid twice is not asked for any more; that it is lost changes nothing of what it cost (T21)."""
    return _moved("write_off", "customer", "chargeback", amount)


def charged_back(amount: int) -> Transfers:
    """A bank or platform took from us what we had refunded ourselves; a negative amount takes it back (T21)."""
    return _moved("customer", "platform", "chargeback", amount) + _moved("platform", "shop", "chargeback", amount)


def chargeback_repaid(amount: int) -> Transfers:
    """What was paid twice comes back, from the customer or from a dispute that was won (T21)."""
    return _moved("shop", "customer", "chargeback", amount)


def payment_received(amount: int) -> Transfers:
    """The customer paid freight, a difference, a quote or an announced transfer (F12, G6, G7, L12)."""
    return _moved("shop", "customer", "received", amount)


def replacement_shipped(value: int) -> Transfers:
    """Other goods left for the customer, at what they cost him (G5)."""
    return _moved("customer", "shop", "replacement_value", value)


#: Where goods end that stay with us; goods that go back to the customer never changed hands.
_KEPT: dict[str, Party] = {"restock": "shop", "refurbish": "shop", "scrap": "write_off", "supplier": "supplier"}


def goods_taken_in(disposition: str | None, value: int) -> Transfers:
    """Inspected goods stay with us: back on the shelf, at the supplier's, or scrapped and so written off (G3)."""
    kept = _KEPT.get(disposition or "")
    return _moved(kept, "customer", "goods", value) if kept else ()


def claim_changed(against: Party, before: int, after: int) -> Transfers:
    """What a courier or supplier is to pay us: it counts against what was lost until it is paid or refused (L5)."""
    return _moved(against, "write_off", "claim", after - before)


def claim_paid(against: Party, before: int, paid: int) -> Transfers:
    """They paid, more or less than was open; nothing is open any more (L5, G10)."""
    return claim_changed(against, before, paid) + _moved("shop", against, "claim", paid)


# ── what they come to ─────────────────────────────────────────────────────────────────────────────


def balances(transfers: Iterable[Transfer]) -> dict[Party, int]:
    """What each party has received more than it has given; all of them together are zero."""
    sums: Counter[Party] = Counter(dict.fromkeys(PARTIES, 0))
    for one in transfers:
        sums[one.debit] += one.amount
        sums[one.credit] -= one.amount
    return dict(sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a case has cost the shop so far, and of what (T13).

    `total` = refund + freight + goodwill + replacement + other - goods - compensation - received. `goods` came back
    onto the shelf; `other` are fees, less than nothing where the customer paid them, and what was paid twice from
    outside (T21). A `deposit` that we hold is his and no part of the total (G5); neither are `written_off`, which were
    scrapped, and `claimed`, which is still open.
    """

    refund: int = 0
    freight: int = 0
    goodwill: int = 0
    replacement: int = 0
    other: int = 0
    goods: int = 0
    compensation: int = 0
    received: int = 0
    written_off: int = 0
    claimed: int = 0
    deposit: int = 0
    total: int = 0


def cost_of_case(transfers: Iterable[Transfer]) -> Cost:
    """The true cost of what was posted."""
    every = tuple(transfers)

    def given(what: What) -> int:
        return _net(every, "shop", what)

    return Cost(
        refund=-given("refund"),
        freight=-given("freight"),
        goodwill=-given("goodwill"),
        replacement=-given("replacement_value"),
        other=-given("fee") - given("store_credit") - given("chargeback"),
        goods=given("goods"),
        compensation=given("claim"),
        received=given("received"),
        written_off=_net(every, "write_off", "goods"),
        claimed=_net(every, "courier", "claim") + _net(every, "supplier", "claim"),
        deposit=given("deposit"),
        total=given("deposit") - balances(every)["shop"],
    )


def _net(transfers: Transfers, party: Party, what: What) -> int:
    own = (one for one in transfers if one.purpose == what)
    return sum(((one.debit == party) - (one.credit == party)) * one.amount for one in own)
