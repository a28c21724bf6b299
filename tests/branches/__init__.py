"""Every branch of every kind of case as a list of moves: who does what, and where it leads (handbook 3, 7, 8).

The chapters below hold the branches. `tests/workflows/test_branches.py` drives each on a real workflow, and looks
whether the playbook had proposed what the house does.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Do(NamedTuple):
    """Somebody does something; `to` is the state it leads to. `beside`: not what the playbook proposes first."""

    role: str
    action: str
    data: dict[str, Any]
    to: str | None = None
    beside: bool = False


class Pass(NamedTuple):
    """Time goes by; `to` is the state that the clocks then bring the case to."""

    hours: float
    to: str | None = None


class Paid(NamedTuple):
    """Finance pays what is open; `amount` is all that the customer has by then."""

    amount: str


class Sees(NamedTuple):
    """What the case's document shows, by path: `money.refund.amount`."""

    path: str
    value: Any


class InHours(NamedTuple):
    """An instant so many hours from when the move is made, in its data."""

    hours: float


#: In a move's data: the number of an order that the customer has just placed.
ANOTHER_ORDER = "(another order)"

Move = Do | Pass | Paid | Sees


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A kind of case, the order it is about, what the customer says, and the moves to its end."""

    kind: str
    moves: tuple[Move, ...]
    ask: dict[str, Any] = field(default_factory=dict)
    parcel: str = "delivered"
    order: dict[str, Any] = field(default_factory=dict)
    ends: str = "closed"
    evidence: bool = True  # whether the customer sends what the playbook asks for before anything else


def does(role: str, action: str, to: str | None = None, /, *, beside: bool = False, **data: Any) -> Do:
    """A move of somebody."""
    return Do(role, action, data, to, beside)


def agent(action: str, to: str | None = None, /, *, beside: bool = False, **data: Any) -> Do:
    return Do("agent", action, data, to, beside)


def manager(action: str, to: str | None = None, /, *, beside: bool = False, **data: Any) -> Do:
    return Do("manager", action, data, to, beside)


def customer(action: str, to: str | None = None, /, **data: Any) -> Do:
    return Do("customer", action, data, to)


def courier(action: str, to: str | None = None, /, **data: Any) -> Do:
    return Do("courier", action, data, to)


def warehouse(action: str, to: str | None = None, /, *, beside: bool = False, **data: Any) -> Do:
    return Do("warehouse", action, data, to, beside)


def finance(action: str, to: str | None = None, /, **data: Any) -> Do:
    return Do("finance", action, data, to)


def workshop(action: str, to: str | None = None, /, **data: Any) -> Do:
    return Do("workshop", action, data, to)


def technician(action: str, to: str | None = None, /, **data: Any) -> Do:
    return Do("technician", action, data, to)


def platform(to: str, **data: Any) -> Do:
    return Do("platform", "platform_ruling", data, to)


def found(cause: str, party: str, grade: str = "damaged", quantity: int = 1, disposition: str = "scrap") -> Any:
    """What an inspection of line 1 found, as the `lines` of its command."""
    line = {"line_no": 1, "quantity": quantity, "grade": grade, "cause": cause, "party_liable": party}
    return [{**line, "disposition": disposition}]


PHOTOS = customer("submit_evidence", photos=["p1.jpg", "p2.jpg", "p3.jpg"], text="See the photos.")
SATISFIED = agent("complete_callback", "closed", satisfied=True, scores={"polite": 5, "solved": 5})
RETURNED = (
    agent("authorise_return", "awaiting_return"),
    customer("ship_return", "return_in_transit", carrier="SF", waybill="SF100200300", freight="12.00"),
    warehouse("book_in", "received", waybill="SF100200300"),
)
WITH_OUR_LABEL = (
    agent("authorise_return", "awaiting_return", label="LABEL-1"),
    customer("ship_return", "return_in_transit", carrier="SF", waybill="SF100200300"),
    warehouse("book_in", "received"),
)
CONFIRMED = warehouse("confirm_fault", "fault_confirmed", lines=found("manufacturing", "seller"), beside=True)
CHECKED = warehouse("check_replacement", "exchanging", result="passed", photos=["lid.jpg"])
SENT = warehouse("ship_replacement", "delivering", carrier="SF", waybill="SF900")
SENT_BACK = warehouse("ship_back", "delivering", carrier="SF", waybill="SF901")
DELIVERED = courier("record_delivery", "resolved", outcome="delivered")
