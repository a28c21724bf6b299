"""What the workshop does: it takes an order, names parts and a date, and says how it ended (G7)."""

from datetime import datetime
from typing import Any

from models.actions import handles
from models.actions.shelf import use_parts
from models.clocks import extended
from models.commands import FinishRepair, PlanRepair, QuoteRepair, RepairPart
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.goods.workshop import Ended, Part, RepairOrder, under_way
from models.lifecycle import Action, Stage, State
from models.remedies import REMEDIES

#: The workshop can be given an order, and change it, from the diagnosis until the repair has ended.
_PLANNED_IN = (State.QUOTED, State.AWAITING_PAYMENT, State.AWAITING_STOCK, State.REPAIRING)


@handles(Action.PLAN_REPAIR)
def plan_repair(draft: Draft, data: PlanRepair) -> None:
    """Who repairs it, what was found, which parts it takes, until when; what is left out stays as it was."""
    case = draft.case
    if case.stage is not Stage.DIAGNOSIS and case.state not in _PLANNED_IN:
        raise RuleRefused("There is nothing to repair yet: the goods are diagnosed first (G7).")
    if case.state in _PLANNED_IN[1:] and not REMEDIES[case.remedy or "none"].by_warranty:
        raise RuleRefused("The remedy of this case is another one: nothing is repaired.")
    if data.promised_at is not None and data.promised_at <= draft.now:
        raise DataRefused.of("promised_at", "A date is promised in time to come.")
    given: dict[str, Any] = data.model_dump(include={"workshop", "diagnosis", "promised_at"}, exclude_none=True)
    if data.items is not None:
        given["parts"] = tuple(_part(draft, item, at) for at, item in enumerate(data.items))
    if data.labour is not None:
        given["labour"] = draft.minor(data.labour, "labour")
    change_order(draft, **given)
    if data.promised_at is not None:
        promise_anew(draft)


def plan_quoted(draft: Draft, data: QuoteRepair) -> None:
    """G7: what is quoted is what the workshop will be asked to do. Raises DataRefused where the parts do not add up."""
    given: dict[str, Any] = data.model_dump(include={"workshop", "diagnosis"}, exclude_none=True)
    given["labour"] = draft.minor(data.labour, "labour")
    if data.items is not None:
        parts = tuple(_part(draft, item, at) for at, item in enumerate(data.items))
        sums = [part.unit_price * part.quantity for part in parts if part.unit_price is not None]
        if len(sums) == len(parts) and sum(sums) != draft.minor(data.parts, "parts"):
            raise DataRefused.of("parts", f"The parts named come to {draft.said(sum(sums))}, not to {data.parts}.")
        given["parts"] = parts
    change_order(draft, **given)


def _part(draft: Draft, item: RepairPart, at: int) -> Part:
    price = draft.minor(item.unit_price, f"items.{at}.unit_price") if item.unit_price is not None else None
    name = item.name or item.sku
    if name is None:
        raise DataRefused.of(f"items.{at}.name", "A part has a name or an article's number.")
    return Part(name=name, quantity=item.quantity, sku=item.sku, unit_price=price)


def change_order(draft: Draft, **changes: Any) -> None:
    """Change the order that has not ended; without one another begins."""
    repairs = draft.case.repairs
    before = under_way(repairs)
    if before is None:
        draft.set(repairs=(*repairs, RepairOrder(asked_at=draft.now, **changes)))
    else:
        draft.set(repairs=(*repairs[:-1], before.model_copy(update=changes)))


def promise_anew(draft: Draft) -> None:
    """T2: the repair's clock runs to the date that the workshop has given; told to the customer by whoever owns it."""
    order, clock = under_way(draft.case.repairs), draft.case.state_clock
    if order is None or order.promised_at is None or draft.case.state is not State.REPAIRING or clock is None:
        return
    if order.promised_at > draft.now and clock.until != order.promised_at:
        moved = extended(clock, draft.now, order.promised_at, 0).under(draft.case.procedure.version)
        draft.set(clocks=tuple(moved if one is clock else one for one in draft.case.clocks))
        draft.tell("owner", f"The workshop promises the repair by {_minute(order.promised_at)}: tell the customer.")


def begin_repair(draft: Draft) -> None:
    """The goods are in the workshop's hands, and its date holds again after a wait for parts."""
    order = under_way(draft.case.repairs)
    begun = (order.begun_at if order else None) or draft.now
    change_order(draft, begun_at=begun)
    promise_anew(draft)


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M %Z")


def end_order(draft: Draft, how: Ended, report: str | None) -> None:
    """A repair has ended; its parts were used, or go back on the shelf by themselves."""
    if under_way(draft.case.repairs) is None and how == "declined":
        return
    if how == "finished":
        use_parts(draft)
    change_order(draft, ended=how, ended_at=draft.now, report=report)


@handles(Action.FINISH_REPAIR)
def finish_repair(draft: Draft, data: FinishRepair) -> None:
    """Done and tested: the goods go back with the report, and the parts are used up."""
    end_order(draft, "finished", data.report)
