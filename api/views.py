"""How cases and orders look from outside: the contract's documents, made from what SQL holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.oversight.clock_views import clock_document
from api.procedure.script_values import Values
from models.accounting.claims import claim_document
from models.accounting.ledger import Cost
from models.business_time import Calendar
from models.case import Case, Dispute, Override, Payout
from models.commands import schema_of
from models.errors import RuleRefused
from models.lifecycle import ARROWS, FINAL, ROLES, STAGE, WAITS_FOR, Action, Role, State
from models.masking import masked
from models.money import to_text
from models.next_step import next_step, scripted
from models.orders import Order, order_to_document
from models.playbook import Names, Playbook
from models.pots import Pots
from models.procedure.eligibility import Eligible
from models.procedure.rehearsal import answers
from store.accounting import credit
from store.accounting.claims import ClaimRow
from store.accounting.ledger import Uneven
from store.accounting.payees import Paid
from store.accounting.payouts import PayoutRow
from store.accounting.register_columns import Personal, Sum
from store.lists import CaseRow
from store.oversight.stuck import Stuck, StuckCase, Tally


def instant(at: datetime | None) -> str | None:
    """An instant as RFC 3339, or None."""
    return at.isoformat() if at else None


def money(minor: int, currency: str | None) -> dict[str, str] | None:
    """An amount with its currency; None where a case has no order and so no currency."""
    return {"amount": to_text(minor, currency), "currency": currency} if currency else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """By whom, when and with what a case is looked at. `values` fill its script, `roles` narrow what is allowed."""

    calendars: Mapping[str, Calendar]
    now: datetime
    playbook: Playbook | None = None
    values: Values | None = None
    roles: Iterable[Role] | None = None
    actor_id: str | None = None
    ending: Names | None = None  # said under every script


def case_document(case: Case, seen: Seen, **more: Any) -> dict[str, Any]:
    """The case as the contract shows it."""
    book = seen.playbook
    document = {
        **case.snapshot(),
        "priority": case.priority,
        "channel": case.channel,
        "opened_at": instant(case.opened_at),
        "opened_by": case.opened_by,
        "closed_at": instant(case.closed_at),
        "snoozed_until": instant(case.snoozed_until),
        "acknowledged_until": instant(case.acknowledged_until),
        "goods": case.goods,
        "offer": case.offer.model_dump(mode="json") if case.offer else None,
        "pending": pending_document(case),
        "plan": _plan(case),
        "clocks": [clock_document(case, clock, seen.calendars, seen.now) for clock in case.clocks],
        "money": _money(case),
        "payouts": [_payout(payout, case.currency) for payout in case.payouts],
        "lines": [line.model_dump(mode="json") for line in case.lines],
        "links": list(case.links),
        "holds": list(case.holds),
        "eligibility": eligible_document(case.eligible, case.override) if case.eligible else None,
        "finding": _finding(case),
        "repairs": {"failed": case.failed_repairs, "days": case.repair_seconds // 86_400},
        "disputes": [_dispute(dispute, case.currency) for dispute in case.disputes],
        "claims": [claim_document(case, number, seen.now) for number in range(1, len(case.claims) + 1)],
        "actions": [_as_the_desk_has_it(case, one) for one in answers(case, seen.roles, seen.actor_id, seen.now)],
        "next_step": _next(case, book, seen) if book else None,
        "procedure": _procedure(case),
    }
    return {**document, **more}


def _as_the_desk_has_it(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """What the machine would allow and the desk refuses is shown as refused."""
    if answer["action"] == Action.ACKNOWLEDGE and answer["allowed"] and case.escalation == 0:
        return {**answer, "allowed": False, "reasons": [not_escalated().detail]}
    return answer


def not_escalated() -> RuleRefused:
    """T8: one acknowledges an escalation, and here was none."""
    return RuleRefused("This case was not escalated: there is nothing to acknowledge. Take it, or write a note.")


def _next(case: Case, book: Playbook, seen: Seen) -> dict[str, Any] | None:
    """The next step, its script with where the customer follows his case under it."""
    step = next_step(case, book, seen.now, seen.values)
    if step is None or not step["script"] or seen.ending is None:
        return step
    ending = scripted(seen.ending.model_dump(include={"zh", "en"}), seen.values or {}) or {}
    script = {
        language: "\n".join((text, *filter(None, (ending.get(language),)))) for language, text in step["script"].items()
    }
    return {**step, "script": script}


def _money(case: Case) -> dict[str, Any]:
    money_of, currency = case.money, case.currency
    return {
        "refund": money(money_of.refund, currency),
        "freight": money(money_of.freight, currency),
        "goodwill": money(money_of.goodwill + case.waived, currency),  # F23: what is waived is goodwill too
        "customer_owes": money(case.to_collect, currency),
        "paid": money(money_of.paid, currency),
        "receivable": money(money_of.receivable, currency),  # F24
        "deposit": money(money_of.deposit_taken - money_of.deposit_kept - money_of.deposit, currency),  # G5
        "overpaid": money(case.overpaid, currency),
    }


def cost_document(cost: Cost, currency: str | None) -> dict[str, Any]:
    """What a case has cost so far, and of what (T13)."""
    return {name: money(getattr(cost, name), currency) for name in cost.__dataclass_fields__}


def _procedure(case: Case) -> dict[str, Any]:
    procedure = case.procedure
    shown = procedure.model_dump(mode="json", include={"kind", "version", "subcategory", "variants"})
    return {**shown, "law": procedure.law.name}


def _finding(case: Case) -> dict[str, Any] | None:
    if case.finding is None and not case.checked:
        return None
    return {"finding": case.finding, "until": instant(case.found_until), "checked": list(case.checked)}


def eligible_document(eligible: Eligible, override: Override | None = None) -> dict[str, Any]:
    """What the rules say, with all their reasons, and who let the case pass all the same."""
    passed = override.model_dump(mode="json") if override else None
    return {**eligible.model_dump(mode="json"), "override": passed}


def pending_document(case: Case) -> dict[str, Any] | None:
    """What was asked for and waits to be approved, by whom, and the money that it moves, if any."""
    if case.pending is None:
        return None
    asked, amount = case.pending.command, case.pending.amount
    shown = {"action": asked.action, "asked_by": asked.actor.id, "data": asked.data}
    sum_of_it = money(amount, case.currency) if amount else None
    return {**shown, "amount": sum_of_it, "preview_id": case.pending.preview_id}


def _plan(case: Case) -> dict[str, Any] | None:
    if case.plan is None:
        return None
    return {"rule": case.plan.rule, "preview_id": case.plan.preview_id, "sources": list(case.plan.sources)}


def _payout(payout: Payout, currency: str | None) -> dict[str, Any]:
    shown = payout.model_dump(mode="json", include={"purpose", "payment_no", "state", "reference", "failure"})
    return {"id": payout.key, "amount": money(payout.amount, currency), **shown}


def _dispute(dispute: Dispute, currency: str | None) -> dict[str, Any]:
    return {**dispute.model_dump(mode="json"), "amount": money(dispute.amount, currency)}


def row_document(row: CaseRow) -> dict[str, Any]:
    """A case in a list."""
    document = row.model_dump(mode="json", exclude={"at_stake", "currency"})
    return {**document, "at_stake": money(row.at_stake, row.currency)}


def stuck_document(row: StuckCase) -> dict[str, Any]:
    """A stuck case with every reason that holds."""
    document = row.model_dump(mode="json", exclude={"at_stake", "currency"})
    return {**document, "at_stake": money(row.at_stake, row.currency)}


def stuck_answer(found: Stuck, late_sweeps: Sequence[str]) -> dict[str, Any]:
    """A page of stuck cases with its counts, and the sweeps that have not run for too long."""
    return {
        "items": [stuck_document(row) for row in found.items],
        "late_sweeps": late_sweeps,
        "next_cursor": found.next_cursor,
        "total": found.total,
        "by_reason": found.by_reason,
        "by_stage": found.by_stage,
    }


def tally_document(row: Tally) -> dict[str, Any]:
    """All stuck cases of one reason, in numbers."""
    sums = [money(total, currency) for currency, total in sorted(row.at_stake.items())]
    return {"reason": row.reason, "cases": row.cases, "oldest": instant(row.oldest), "at_stake": sums}


def payout_document(row: PayoutRow) -> dict[str, Any]:
    """A payout as finance sees it."""
    document = row.model_dump(mode="json", exclude={"amount", "currency"})
    return {**document, "amount": money(row.amount, row.currency)}


def payout_in_queue(row: PayoutRow, paid: Paid | None) -> dict[str, Any]:
    """The same with the payment that gives it back, as its provider knows it, and what of that went back before."""
    return {**payout_document(row), "payment": _paid(paid, row.currency) if paid else None}


def _paid(paid: Paid, currency: str | None) -> dict[str, Any]:
    sums = {name: money(getattr(paid, name), currency) for name in ("amount", "given_back", "under_way")}
    return {"payment_no": paid.payment_no, "method": paid.method, "reference": paid.reference, **sums}


def balance_document(customer_id: str, has: Mapping[str, int], entries: Iterable[credit.Entry]) -> dict[str, Any]:
    """A customer's store credit, and every entry that made it (R2)."""
    return {
        "customer_id": customer_id,
        "balances": [money(amount, currency) for currency, amount in has.items()],
        "entries": [_credit_entry(entry) for entry in entries],
    }


def _credit_entry(entry: credit.Entry) -> dict[str, Any]:
    shown = entry.model_dump(mode="json", include={"number", "what", "why", "order_no", "case_no", "by", "at"})
    sums = {"amount": money(entry.amount, entry.currency), "remains": money(entry.remains, entry.currency)}
    return {**shown, **sums}


def claim_row_document(row: ClaimRow, now: datetime) -> dict[str, Any]:
    """A claim in the list of all of them."""
    sums = ("amount", "accepted", "paid")
    shown = row.model_dump(mode="json", exclude={*sums, "currency"})
    overdue = row.awaits is not None and row.due_at is not None and row.due_at <= now
    told = {name: None if getattr(row, name) is None else money(getattr(row, name), row.currency) for name in sums}
    return {**shown, **told, "overdue": overdue}


def uneven_document(row: Uneven) -> dict[str, Any]:
    """A case whose money and goods do not meet."""
    return {**row.model_dump(mode="json", exclude={"amount", "currency"}), "amount": money(row.amount, row.currency)}


def register_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a register: money as text, instants with their offset, what is personal masked."""
    return {name: _register_cell(value) for name, value in row.items()}


def _register_cell(value: Any) -> Any:
    if isinstance(value, Sum):
        return money(value.amount, value.currency)
    if isinstance(value, Personal):
        return masked(value.text) if value.text else None
    return instant(value) if isinstance(value, datetime) else value


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
