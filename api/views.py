"""How cases and orders look from outside: the contract's documents, made from what SQL holds."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from models.business_time import Calendar
from models.case import Case, Payout
from models.clocks import Clock, used_seconds
from models.commands import schema_of
from models.decide import actions
from models.lifecycle import ARROWS, FINAL, ROLES, STAGE, WAITS_FOR, Action, Role, State, allowed_in, may
from models.money import to_text
from models.next_step import next_step, rendered
from models.orders import Order, order_to_document
from models.playbook import ALL_HOURS, Playbook
from models.pots import Pots
from store.lists import CaseRow
from store.payouts import PayoutRow
from store.stuck import StuckCase


def instant(at: datetime | None) -> str | None:
    """An instant as RFC 3339, or None."""
    return at.isoformat() if at else None


def money(minor: int, currency: str | None) -> dict[str, str] | None:
    """An amount with its currency; None where a case has no order and so no currency."""
    return {"amount": to_text(minor, currency), "currency": currency} if currency else None


def currency_of(case: Case) -> str | None:
    """The currency of the case's order."""
    return case.order.currency if case.order else None


def case_document(
    case: Case,
    calendars: Mapping[str, Calendar],
    now: datetime,
    playbook: Playbook | None = None,
    values: Mapping[str, str | None] | None = None,
    roles: Iterable[Role] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The case as the contract shows it. `values` fill its script, `roles` narrow what is allowed."""
    currency = currency_of(case)
    document = {
        **case.snapshot(),
        "priority": case.priority,
        "channel": case.channel,
        "opened_at": instant(case.opened_at),
        "opened_by": case.opened_by,
        "closed_at": instant(case.closed_at),
        "snoozed_until": instant(case.snoozed_until),
        "goods": case.goods,
        "offer": case.offer.model_dump(mode="json") if case.offer else None,
        "pending": _pending(case),
        "plan": _plan(case),
        "clocks": [clock_document(clock, calendars, now) for clock in case.clocks],
        "money": {
            "refund": money(case.money.refund, currency),
            "freight": money(case.money.freight, currency),
            "goodwill": money(case.money.goodwill + case.waived, currency),  # F23: what is waived is goodwill too
            "customer_owes": money(max(0, case.money.customer_owes - case.money.received), currency),
            "paid": money(case.money.paid, currency),
        },
        "payouts": [_payout(payout, currency) for payout in case.payouts],
        "lines": [line.model_dump(mode="json") for line in case.lines],
        "links": list(case.links),
        "holds": list(case.holds),
        "actions": _actions(case, roles),
        "next_step": next_step(case, script(case, playbook, values or {})),
        "procedure": {"kind": case.procedure.kind, "version": case.procedure.version},
    }
    return {**document, **more}


def _pending(case: Case) -> dict[str, Any] | None:
    if case.pending is None:
        return None
    asked = case.pending.command
    return {"action": asked.action, "asked_by": asked.actor.id, "data": asked.data}


def _plan(case: Case) -> dict[str, Any] | None:
    if case.plan is None:
        return None
    return {"rule": case.plan.rule, "preview_id": case.plan.preview_id, "sources": list(case.plan.sources)}


def _payout(payout: Payout, currency: str | None) -> dict[str, Any]:
    shown = payout.model_dump(mode="json", include={"purpose", "payment_no", "state", "reference", "failure"})
    return {"id": payout.key, "amount": money(payout.amount, currency), **shown}


def clock_document(clock: Clock, calendars: Mapping[str, Calendar], now: datetime) -> dict[str, Any]:
    """A clock with its sums in seconds, on its own calendar: target = used + left (T10)."""
    calendar = calendars.get(clock.calendar) or calendars[ALL_HOURS]
    used = used_seconds(clock, calendar, now)
    return {
        "clock": clock.clock,
        "cycle": clock.cycle,
        "calendar": clock.calendar,
        "target": clock.target,
        "used": used,
        "left": clock.target - used,
        "due_at": instant(clock.due_at),
        "paused_since": instant(clock.paused_since),
        "state": clock.state,
        "outcome": clock.outcome,
        "log": [entry.model_dump(mode="json") for entry in clock.log],
    }


def _actions(case: Case, roles: Iterable[Role] | None) -> list[dict[str, Any]]:
    """For every action whether it is allowed now, and if not, why: by the state, or by the caller's roles."""
    if roles is None:
        return list(actions(case))
    mine = tuple(roles)
    return [_action(case, action, mine) for action in Action]


def _action(case: Case, action: Action, roles: tuple[Role, ...]) -> dict[str, Any]:
    reasons = [] if allowed_in(case.state, action) else [f"not while the case is '{case.state}'"]
    if not any(may(role, action) for role in roles):
        reasons.append(f"not by {', '.join(sorted(roles)) or 'this token'}")
    return {"action": action.value, "allowed": not reasons, "reasons": reasons}


def script(case: Case, playbook: Playbook | None, values: Mapping[str, str | None]) -> dict[str, str] | None:
    """The playbook's script for the state the case is in, in every language whose values are all known."""
    templates = (playbook.scripts if playbook else {}).get(case.state.value, {})
    said = {language: rendered(template, values) for language, template in templates.items()}
    known = {str(language): text for language, text in said.items() if text}
    return known or None


def row_document(row: CaseRow) -> dict[str, Any]:
    """A case in a list."""
    document = row.model_dump(mode="json", exclude={"at_stake", "currency"})
    return {**document, "at_stake": money(row.at_stake, row.currency)}


def stuck_document(row: StuckCase) -> dict[str, Any]:
    """A stuck case with every reason that holds."""
    document = row.model_dump(mode="json", exclude={"at_stake", "currency"})
    return {**document, "at_stake": money(row.at_stake, row.currency)}


def payout_document(row: PayoutRow) -> dict[str, Any]:
    """A payout as finance sees it."""
    document = row.model_dump(mode="json", exclude={"amount", "currency"})
    return {**document, "amount": money(row.amount, row.currency)}


def order_document(order: Order, pots: Pots, cases: Iterable[CaseRow], holds: Iterable[Any]) -> dict[str, Any]:
    """The order as it came, with its cases, holds and what is still refundable, by line and of postage."""
    by_line = {line.line_no: sum(pot.left for pot in pots.units if pot.line_no == line.line_no) for line in order.lines}
    return {
        **order_to_document(order),
        "cases": [row_document(row) for row in cases],
        "holds": [hold.model_dump(mode="json") for hold in holds],
        "refundable": {
            "total": to_text(pots.refundable, pots.currency),
            "postage": to_text(sum(pot.left for pot in pots.postage), pots.currency),
            "lines": [{"line_no": no, "amount": to_text(left, pots.currency)} for no, left in by_line.items()],
        },
    }


def lifecycle_document() -> dict[str, Any]:
    """The machine: states, arrows, and per action its roles and the JSON Schema of its data."""
    return {
        "states": [
            {
                "state": state.value,
                "stage": STAGE[state].value,
                "waits_for": WAITS_FOR[state],
                "final": state in FINAL,
            }
            for state in State
        ],
        "transitions": [
            {
                "action": arrow.action.value,
                "from": [source.value for source in arrow.sources],
                "to": arrow.target.value if arrow.target else None,
                "when": arrow.label or (arrow.guard.__name__.replace("_", " ") if arrow.guard else None),
            }
            for arrow in ARROWS
        ],
        "actions": [
            {"action": action.value, "roles": [role.value for role in ROLES[action]], "data": schema_of(action)}
            for action in Action
        ],
    }
