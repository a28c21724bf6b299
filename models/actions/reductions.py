"""A refund that is less than all of it, for a reason that was found (F16)."""

from models.actions.planning import chosen_lines
from models.case import Case, Line
from models.commands import LineQuantity, Reducible
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.lifecycle import Role, acts_as


def above_reduction_limit(draft: Draft, remedy: str, asked: Reducible, lines: list[LineQuantity]) -> bool:
    """Whether a reduction is more than its actor may decide alone.

    Raises DataRefused for one without a reason or on another remedy than a refund, and RuleRefused where no use or
    damage by the customer was found on a change of mind.
    """
    if not asked.reduction_percent:
        return False
    if remedy != "refund":
        raise DataRefused.of("reduction_percent", "Only a refund can be reduced (F16).")
    if asked.reduction_reason is None:
        raise DataRefused.of("reduction_reason", "A reduction needs its reason: what was found (F16).")
    found = all(_used(line) for line in chosen_lines(draft.case, lines))
    if not (_change_of_mind(draft.case) and found):
        told = "A refund is reduced only where inspection found use or damage by the customer on a change of mind"
        raise RuleRefused(f"{told} (F16).")
    limit = draft.case.procedure.reduction_percent_limit
    return asked.reduction_percent > limit and not acts_as(draft.actor.role, Role.MANAGER)


def _change_of_mind(case: Case) -> bool:
    """Whether no fault is asked for and the customer bears what it costs: he changed his mind."""
    return not case.procedure.asks_fault and case.procedure.party_liable == "customer"


def _used(line: Line) -> bool:
    """Whether the customer used or damaged it, as inspected; opening and trying on is not use (section 13)."""
    worn = line.grade in ("used", "damaged")
    return line.verdict is not None and (line.cause == "customer" or (line.cause == "none_found" and worn))
