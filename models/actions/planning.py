"""What a remedy will cost, from the facts of the case: its plan, and the facts that the gates before it read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from models.accounting.settlement import Settlement, SettlementAsk, settlement, settlement_to_document
from models.actions.deposits import ask_deposit, give_deposit_back, goes_in_advance, mind_advance
from models.actions.own_units import ceilings, not_twice, raised
from models.actions.payouts import goods_owed, mind_what_was_paid, take_back
from models.actions.receivables import mind_receivable, without_cause
from models.actions.workshop import end_order
from models.case import UNDONE, Case, Line
from models.commands import LineQuantity, Remedy, Replacement
from models.draft import Draft
from models.errors import DataRefused, MoneyRefused, PotExceeded, PreviewStale, RuleRefused
from models.freight import reimbursement_cap
from models.lifecycle import Role, acts_as
from models.money import to_minor
from models.playbook import LimitedRole
from models.procedure.law import legal_choices, repairs_are_enough
from models.remedies import REMEDIES
from models.remedies.parts import cost_of
from models.remedies.terms import terms_of

#: The roles with limits, lowest first; who is above all of them has none.
LIMITED = (Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR)


def plan_remedy(
    draft: Draft,
    remedy: str,
    amount: str | None = None,
    replacement: Replacement | None = None,
    lines: list[LineQuantity] | None = None,
    preview_id: str | None = None,
    reduction_percent: int = 0,
    net_receivable: bool = False,
    in_advance: bool = False,
) -> None:
    """Settle a remedy and set every fact that the gates before it read. Nothing is paid or sent yet."""
    _check_goods(draft, remedy)
    mind_advance(draft, remedy, in_advance)
    if draft.case.executed:
        take_back(draft, ("refund", "freight"))  # of the plan that this one replaces
    if not REMEDIES[remedy].by_warranty:
        end_order(draft, "declined", None)
    draft.set(remedy=remedy, replacement=replacement, executed=False, plan=None, as_credit=False)
    if REMEDIES[remedy].other_goods or replacement is not None:
        draft.set(out_of_stock=False, short_since=None)  # what was out of stock is not what goes out now (G5)
    draft.set_money(customer_owes=0)
    if acts_as(draft.actor.role, Role.AGENT):  # what others carry out was decided before, by somebody with a limit
        draft.set(asked_by=draft.actor.id, authority=draft.actor.role.value)
    draft.facts.remedy = remedy
    if draft.case.order is not None and remedy != "none":
        plan = settle(draft, remedy, amount, replacement, lines or [], reduction_percent, net_receivable)
        if preview_id is not None and preview_id != plan.preview_id:
            told = "The numbers are no longer those of the preview; look at the new ones (F20)."
            raise PreviewStale(told, preview=settlement_to_document(plan))
        _as_named(draft, remedy, amount, plan)
        not_twice(draft.case, plan)
        if REMEDIES[remedy].pays and plan.refund + plan.freight_reimbursement == 0:
            raise RuleRefused("Nothing is left to pay for these goods.")
        draft.set(plan=plan)
        owed = without_cause(draft.case, *_party_of(draft.case, remedy, chosen_lines(draft.case, lines or [])))
        mind_receivable(draft, owed, plan.netted)
        draft.set_money(customer_owes=max(0, plan.customer_owes - draft.case.waived))
    if draft.case.procedure.collects and remedy not in ("none", "refund"):
        draft.set_money(customer_owes=draft.case.money.customer_owes + _to_collect(draft.case))
    if goes_in_advance(draft.case, remedy, in_advance):
        chosen = chosen_lines(draft.case, lines or [])
        ask_deposit(draft, tuple((line.line_no, line.quantity) for line in chosen))
    else:
        give_deposit_back(draft)
    mind_what_was_paid(draft)
    set_gates(draft)


def _as_named(draft: Draft, remedy: str, amount: str | None, plan: Settlement) -> None:
    """F13: a refund is what its units cost; another amount that somebody names would be shown, and not be paid."""
    if amount is None or REMEDIES[remedy].needs_amount or not REMEDIES[remedy].pays:
        return
    if draft.minor(amount, "amount") not in (plan.refund, plan.refund + plan.freight_reimbursement):
        told = f"This {remedy} comes to {draft.said(plan.refund)} by what its units cost (F13)"
        less = "leave the amount out, or pay less with 'reduction_percent' and its reason, or with a keep-it"
        raise DataRefused.of("amount", f"{told}: {less}.")


def _to_collect(case: Case) -> int:
    """L12: the money that was announced; without a word of it, what the order has not been paid yet."""
    if case.announced is not None:
        return case.announced.amount
    if case.order is None or case.order.paid:
        return 0
    return max(0, case.order.pots.paid - sum(payment.amount for payment in case.order.pots.payments))


def _check_goods(draft: Draft, remedy: str) -> None:
    """Refuse a remedy that would leave the customer's goods without an end, or send back what is not here."""
    case = draft.case
    without = case.order is None and (REMEDIES[remedy].pays or not case.announced)
    if REMEDIES[remedy].needs_order and without:
        raise RuleRefused("This case has no order: open a case with it or with the money announced (L12), and link it.")
    if remedy == "goods_back" and case.goods != "here":
        raise RuleRefused("The goods are not with us, so there is nothing to send back.")
    if remedy == "none" and (goods_owed(case) or case.goods == "in_transit"):
        raise RuleRefused("The customer's goods are with us or on their way: choose 'goods_back' when they are here.")


def must_be_eligible(draft: Draft) -> None:
    """Raises RuleRefused while the rules speak against the case and nobody has let it pass."""
    case = draft.case
    if case.eligible_now or case.eligible is None:
        return
    against = [reason for reason in case.eligible.reasons if reason.answer == "no"]
    told = "; ".join(f"line {r.line_no}: {r.en}" if r.line_no else r.en for r in against)
    role = case.procedure.override_role
    reasons = [reason.model_dump(mode="json") for reason in against]
    raise RuleRefused(f"The case is not eligible: {told}. A {role} can override it with a reason.", reasons=reasons)


def not_decided_outside(case: Case) -> None:
    """T21: what a platform or bank has decided is not paid a second time. Raises RuleRefused."""
    if case.ruling is not None and case.ruling.ruling in ("refunded", "rejected"):
        told = f"It was decided outside ({case.ruling.ruling}, reference {case.ruling.reference})"
        raise RuleRefused(f"{told}, and that binds us: nothing more is paid for it (T21).")


def choices_of(case: Case, now: datetime) -> tuple[Remedy, ...]:
    """What the law lets the customer insist on at this moment (section 13)."""
    if case.order is None or not case.procedure.law.ladder:
        return ()
    today = now.astimezone(ZoneInfo(case.order.timezone)).date()
    law, received = case.procedure.law, case.order.received_on
    return legal_choices(law, received, today, *_repairs_of(case, now), case.out_of_stock)


def repaired_enough(case: Case, now: datetime) -> bool:
    """Whether the law counts enough repairs, or days of them, for a right to an exchange (section 13)."""
    return repairs_are_enough(case.procedure.law, *_repairs_of(case, now))


def _repairs_of(case: Case, now: datetime) -> tuple[int, int]:
    """How often repairs failed, and how many seconds they took, those of earlier cases with them."""
    repairing = round((now - case.repair_since).total_seconds()) if case.repair_since else 0
    seconds = case.earlier.repair_seconds + case.repair_seconds + repairing
    return case.earlier.failed_repairs + case.failed_repairs, seconds


def worth_return(case: Case) -> bool:
    """Section 12: below the playbook's amount a return costs more than it brings."""
    limits = case.procedure.not_worth_return
    if case.order is None or not case.lines or case.order.currency not in limits:
        return True
    paid = sum(cost_of(case.order.pots, line.line_no, line.quantity) for line in case.lines)
    return paid >= to_minor(limits[case.order.currency], case.order.currency)


def set_gates(draft: Draft) -> None:
    """Read from the case what the gates ask: what the customer owes, whether the parcel must be stopped, the stock."""
    case, remedy = draft.case, REMEDIES[draft.case.remedy or "none"]
    parcel = case.order.parcel if case.order else "delivered"
    draft.facts.owes = case.to_collect > 0
    draft.facts.must_intercept = remedy.withdraws_parcel and parcel == "printed"
    draft.facts.must_recall = remedy.withdraws_parcel and parcel == "gone"
    draft.facts.out_of_stock = case.out_of_stock and remedy.needs_stock


def grant_freight(draft: Draft) -> None:
    """F11: freight above its cap is paid where a manager has decided the plan."""
    plan = draft.case.plan
    if plan is not None and plan.freight_over_cap and acts_as(draft.actor.role, Role.MANAGER):
        all_of_it = plan.freight_reimbursement + plan.freight_over_cap
        draft.set(plan=replace(plan, freight_reimbursement=all_of_it, freight_over_cap=0))


def settle(
    draft: Draft,
    remedy: str,
    amount: str | None,
    replacement: Replacement | None,
    lines: list[LineQuantity],
    reduction_percent: int = 0,
    net_receivable: bool = False,
) -> Settlement:
    """The settlement of a remedy by fault found and party liable (F19). Raises what the pots or the rules refuse."""
    case = draft.case
    order = case.order
    assert order is not None
    chosen = chosen_lines(case, lines)
    party, share = _party_of(case, remedy, chosen)
    postage = case.second_order.postage if case.second_order and case.second_order.anew else 0  # G13
    terms = terms_of(case.procedure)
    # Of what he advanced, the customer has this back already.
    given = case.money.freight + case.money.goodwill - case.money.compensation
    ask = SettlementAsk(
        remedy=REMEDIES[remedy].name,
        lines=tuple((line.line_no, line.quantity) for line in chosen),
        party_liable=party,
        share=share,
        amount=draft.minor(amount, "amount") if amount is not None else None,
        return_freight=max(0, case.advanced_freight + postage - given),
        return_freight_cap=reimbursement_cap(order.return_rate, terms.freight_factor, postage, given),
        replacement_freight=case.quote.freight if case.quote else order.replacement_rate,
        replacement_price=replacement_price(draft, replacement),
        quote=case.quote.parts + case.quote.labour if case.quote else 0,
        reduction_percent=reduction_percent,
        netted=without_cause(case, party, share) if net_receivable else 0,
        promotions=order.promotions if terms.claws_back else (),
        refund_postage=terms.refund_postage,
        never_delivered=order.parcel in ("unprinted", "printed", "pulled", "lost"),
        both_ways=terms.both_ways,
        raised=raised(case),
        ceilings=() if draft.facts.ruling else ceilings(case, order.pots),  # a ruling binds us, whatever it says (T21)
    )
    try:
        return settlement(order.pots, order.free_shipping, ask)
    except PotExceeded as refused:
        raise RuleRefused(refused.detail, **refused.extra) from None
    except MoneyRefused as refused:
        raise DataRefused(refused.detail, [{"field": "amount", "message": refused.detail}]) from None


def _party_of(case: Case, remedy: str, lines: tuple[Line, ...]) -> tuple[str, int]:
    return ("customer", 100) if quoted(case, remedy) else liable(case, lines)


def chosen_lines(case: Case, asked: list[LineQuantity]) -> tuple[Line, ...]:
    """The lines a remedy is for: those asked for, or all of the case.

    Raises DataRefused for a line named twice, and for what the case does not hold.
    """
    if not asked:
        return case.lines
    held = {line.line_no: line for line in case.lines}
    for i, want in enumerate(asked):
        line = held.get(want.line_no)
        if want.line_no in (other.line_no for other in asked[:i]):
            told = "it is named twice"
            raise DataRefused(f"Line {want.line_no}: {told}.", [{"field": f"lines.{i}", "message": told}])
        if line is None or want.quantity > line.quantity:
            told = f"the case holds {line.quantity if line else 0} of line {want.line_no}"
            raise DataRefused(f"Line {want.line_no}: {told}.", [{"field": f"lines.{i}", "message": told}])
    return tuple(held[want.line_no].model_copy(update={"quantity": want.quantity}) for want in asked)


def quoted(case: Case, remedy: str) -> bool:
    """F10: out of warranty a repair is the customer's to pay, whatever broke."""
    return REMEDIES[remedy].by_warranty and case.in_warranty is False


def liable(case: Case, lines: tuple[Line, ...]) -> tuple[str, int]:
    """The party liable and its share, as found, or as the playbook assumes until something is found (F19, G4)."""
    found = {_found(line, case) for line in lines} or {(case.procedure.party_liable, 100)}
    if len(found) > 1:
        raise RuleRefused("The lines have different parties liable; split the case so that each is settled by its own.")
    return next(iter(found))


def _found(line: Line, case: Case) -> tuple[str, int]:
    if line.cause == "none_found" and case.procedure.asks_fault:
        return "none_found", 100
    if line.verdict == "passed" and case.procedure.party_liable == "customer":
        return "customer", 100
    return line.party_liable or case.procedure.party_liable, line.share if line.share is not None else 100


def replacement_price(draft: Draft, replacement: Replacement | None) -> int | None:
    """What the new goods cost together; None when the same goods go out and no difference arises (G6)."""
    if replacement is None or replacement.unit_price is None:
        return None
    return draft.minor(replacement.unit_price, "replacement.unit_price") * replacement.quantity


def worth_sent(draft: Draft) -> int:
    """What the goods that are sent cost the customer, or would: by their price where one was named (G6)."""
    case = draft.case
    named = replacement_price(draft, case.replacement)
    if named is not None or case.order is None:
        return named or 0
    return sum(cost_of(case.order.pots, line.line_no, line.quantity) for line in case.lines)


def refund_limit(draft: Draft, role: Role) -> int | None:
    """What `role` may refund alone, in minor units; None means without limit. Unknown currencies: ask a manager."""
    return limit_of(draft, role, draft.case.procedure.refund_limits)


def limit_of(draft: Draft, role: Role, limits: Mapping[LimitedRole, Mapping[str, str]]) -> int | None:
    """What `role` may decide alone by a playbook's limits; None means without limit."""
    rank = next((limited for limited in reversed(LIMITED) if acts_as(role, limited)), None)
    if rank is None:
        return None
    mine = limits.get(rank.value, {})  # type: ignore[call-overload]
    if draft.currency in mine:
        return to_minor(mine[draft.currency], draft.currency)
    return None if acts_as(role, Role.MANAGER) else 0


def above_refund_limit(draft: Draft, plan: Settlement | None) -> bool:
    """Whether a plan is more than its actor may decide alone; freight above its cap is a manager's (F11)."""
    if plan is None:
        return False
    limit = refund_limit(draft, draft.actor.role)
    over_cap = plan.freight_over_cap > 0 and not acts_as(draft.actor.role, Role.MANAGER)
    return over_cap or beyond(limit, draft.actor.role, draft.case, plan)


def beyond(limit: int | None, role: str | None, case: Case, plan: Settlement) -> bool:
    """Whether a plan is above somebody's limit, with what the same role has granted before on the whole order."""
    return limit is not None and plan.refund > 0 and granted(case, role, "refund") + plan.refund > limit


def granted(case: Case, role: str | None, purpose: str) -> int:
    """What a role has granted on the case's order within its limit: by this case, and by all others (F26: apart).

    What was granted before anybody wrote down by whom counts for every role.
    """
    kept = (payout for payout in case.payouts if payout.state not in UNDONE and payout.limited_as == purpose)
    own = (payout for payout in kept if payout.authority in (role, None))
    elsewhere = case.order.pots.granted if case.order else ()
    others = sum(amount for what, whose, amount in elsewhere if what == purpose and whose in (role, ""))
    return sum(payout.amount for payout in own) + others


def goods_are_missing(case: Case) -> bool:
    """Whether the playbook wants the goods back, and the customer has them or has sent them."""
    return (
        case.procedure.goods_come_back
        and case.goods in ("customer", "in_transit")
        and not case.inspected
        and (case.order is None or case.order.parcel == "delivered")
        and worth_return(case)
    )


def round_trip_freight(case: Case) -> int:
    """What a return and a replacement would cost in freight (K2)."""
    return case.order.return_rate + case.order.replacement_rate if case.order else 0


def above_keep_it_limit(draft: Draft, text: str | None) -> bool:
    """K2: an agent may go to a share of the freight saved, a manager to all of it, nobody further.

    Where no freight is known nothing can be measured by it, and a manager decides.
    """
    amount = draft.minor(text, "amount")
    if amount <= 0:
        raise DataRefused.of("amount", "A keep-it needs an amount above zero.")
    rule, freight = draft.case.procedure.keep_it, round_trip_freight(draft.case)
    by_manager = acts_as(draft.actor.role, Role.MANAGER)
    if draft.case.earlier.keep_its > rule.earlier and not by_manager:
        return True  # K6
    if rule.exact:
        return False
    if freight and amount > freight * rule.manager_percent // 100:
        top = draft.said(freight * rule.manager_percent // 100)
        raise RuleRefused(f"A keep-it is at most {top}, the freight that it saves (K2).")
    return not by_manager and amount > freight * rule.agent_percent // 100
