"""Compensation: goodwill, legal multiples, late-shipping penalties. An account and limits of its own (F26)."""

from models.actions import handles
from models.actions.payouts import pay_compensation
from models.actions.planning import granted, limit_of
from models.commands import Compensate
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.lifecycle import ASKING, Action, Role, acts_as


@handles(Action.COMPENSATE)
def compensate(draft: Draft, data: Compensate) -> None:
    """F26: paid within the actor's limit for the case; above it, it waits for somebody who may.

    A multiple that a law gives is a manager's with its sums (section 13), and so are all that have no limit here.
    """
    amount = draft.minor(data.amount, "amount")
    if amount <= 0:
        raise DataRefused.of("amount", "Compensate with an amount above zero.")
    limit = limit_of(draft, draft.actor.role, draft.case.procedure.compensation_limits)
    before = granted(draft.case, draft.actor.role, "compensation")
    above = limit is not None and before + amount > limit
    legal = data.kind == "legal" and not acts_as(draft.actor.role, Role.MANAGER)
    if not (above or legal):
        pay_compensation(draft, amount, data.kind)
    elif draft.case.state in ASKING:
        draft.facts.above_limit = True
    else:
        told = f"you may give {draft.said(max(0, limit or 0))} in all" if above else "a legal multiple is a manager's"
        raise RuleRefused(f"It is above your limit: {told}. Somebody above has to give it (F26).")
