"""What an exchange for dearer goods collected is paid for the order from then on, and goes back like the rest (G6)."""

from models.actions.planning import chosen_lines
from models.draft import Draft
from models.money import split
from models.pots import Draw, collect, unit_draws


def keep_difference(draft: Draft) -> None:
    """The dearer goods leave: what was paid on top of the old ones becomes part of the pots of their units, by a
    payment of its own (F17), so that a later refund gives both back (F13), within the caps (C2).

    A second order that brings the new goods has pots of its own (G13).
    """
    case, plan = draft.case, draft.case.plan
    if plan is None or case.order is None or case.second_order is not None:
        return
    money = case.money
    paid = min(plan.difference, money.customer_owes, money.received - money.overpayment)
    if paid <= 0:
        return
    key = draft.next_key("raise")
    pots = case.order.pots
    asked = [(line.line_no, line.quantity) for line in chosen_lines(case, [])]
    units = [one for line_no, quantity in asked for one in unit_draws(pots, line_no, quantity)]
    parts = zip(units, split(paid, [one.amount for one in units]), strict=True)
    draws = tuple(Draw(account="unit", line_no=one.line_no, rank=one.rank, amount=part) for one, part in parts if part)
    every = (*draws, Draw(account="payment", payment_no=key, amount=paid))
    draft.set(order=case.order.model_copy(update={"pots": collect(pots, every, case.case_no, draft.now)}))
    draft.set(raised=(*case.raised, *draws))
    draft.set_money(customer_owes=money.customer_owes - paid, received=money.received - paid)
    draft.book("raise", key, "refund", paid, every)
