"""Who calls, and what a caller from outside the house is tied to; about all else it is told nothing.

Customers and couriers are not ours. A token that has only their roles acts on the cases that it is tied to, and every
other case is answered as one that there is not, so that nothing shows whether it exists. Without a tie it has none.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from models.case import Case
from models.errors import Invalid, NotFound
from models.lifecycle import Role
from store import cases, orders

OUTSIDE: Final = frozenset({Role.CUSTOMER, Role.COURIER})


@dataclass(frozen=True, slots=True)
class Tie:
    """Whose cases: those of a customer's id, one case, or those whose parcels a carrier has."""

    customer_id: str | None = None
    case_no: str | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The token behind a request: its name is the name that its holder acts under."""

    id: str
    name: str
    roles: frozenset[Role]
    may_act_for_others: bool
    tie: Tie = Tie()  # of a customer or courier: whose cases


def is_outside(caller: Caller) -> bool:
    """Whether a caller is none of the house: a customer or a courier, in that role alone."""
    return not caller.may_act_for_others and bool(caller.roles) and caller.roles <= OUTSIDE


def is_customer(caller: Caller) -> bool:
    """Whether a caller is a customer, who sees his cases as customers see them."""
    return is_outside(caller) and Role.CUSTOMER in caller.roles


def mind_case(session: Session, caller: Caller, case_no: str) -> None:
    """Raises NotFound, in the words for a case that there is not, for one that is not the caller's."""
    case = cases.load(session, case_no) if is_outside(caller) else None
    if is_outside(caller) and (case is None or not _holds(session, caller.tie, case)):
        raise NotFound(f"There is no case '{case_no}': check the number.")


def mind_order(session: Session, caller: Caller, order_no: str | None) -> None:
    """Raises NotFound for an order that is not the caller's, as for one that there is not."""
    if not is_outside(caller):
        return
    if order_no is None:
        told = "Name the order that it is about."
        raise Invalid(told, errors=[{"field": "order_no", "message": told}])
    order = orders.load(session, order_no)
    mine = caller.tie.customer_id
    if order is None or mine is None or order.customer.id != mine:
        raise NotFound(f"There is no order '{order_no}': import it, or check the number.")


def _holds(session: Session, tie: Tie, case: Case) -> bool:
    if tie.case_no is not None:
        return case.case_no == tie.case_no
    if case.order is None:
        return False
    if tie.customer_id is not None:
        order = orders.load(session, case.order.order_no)
        return order is not None and order.customer.id == tie.customer_id
    carriers = {name.casefold() for name in (case.carrier, case.order.carrier) if name}
    return tie.carrier is not None and tie.carrier.casefold() in carriers


def tie_of(info: Any) -> Tie:
    """The tie of a token as it is kept."""
    return Tie(info.customer_id, info.case_no, info.carrier)
