"""Money out: a plan becomes payouts under keys of their own, and each is settled or released once."""

from dataclasses import replace

from models.accounting.ledger import Transfers, charged_back, payout_paid
from models.accounting.payments import ORIGINAL, STORE_CREDIT
from models.actions import handles
from models.actions.invoices import invoice_untouched
from models.actions.second_eyes import same_person
from models.case import UNDONE, Case, Payout
from models.commands import GiveBack, Note, ProvideAccount, RecordRefund
from models.draft import Draft
from models.errors import DataRefused, PotExceeded, RoleRefused, RuleRefused
from models.lifecycle import Action, Role, State
from models.pots import Draw, bounce, draw, release, settle
from models.stock.following import taken_over

#: A payout in one of these states may have left the house.
GONE = ("sent", "unknown", "done")
#: What a customer gets back because it never was ours: no remedy, so it stands in no withdrawal's way.
HIS_OWN = ("deposit", "overpayment")


def execute_plan(draft: Draft) -> None:
    """Turn the plan's money into payouts, once: the refund per payment (F17), the freight beside it (F24)."""
    case, plan = draft.case, draft.case.plan
    if plan is None or case.executed:
        return
    draft.set(executed=True)
    if plan.refund:
        _pay_refund(draft, plan.draws)
    if plan.freight_reimbursement:
        pay(draft, "freight", plan.freight_reimbursement)
    money = draft.case.money
    paid = {"refund": money.refund + plan.refund, "freight": money.freight + plan.freight_reimbursement}
    draft.set_money(**paid, netted=money.netted + plan.netted)


def _pay_refund(draft: Draft, draws: tuple[Draw, ...]) -> None:
    """One payout for each payment that gives back, each with its part of the pots under its own key (F17)."""
    rest = [one for one in draws if one.account != "payment"]
    payments = [one for one in draws if one.account == "payment"]
    for payment in payments:
        last = payment is payments[-1]
        part, rest = (rest, []) if last else _take(rest, payment.amount)
        pay(draft, "refund", payment.amount, (*part, payment), payment.payment_no)


def _take(draws: list[Draw], amount: int) -> tuple[list[Draw], list[Draw]]:
    """Split draws so that the first part sums to `amount`; units and what is withheld go with the first part."""
    taken, rest = [], list(draws)
    while rest and amount > 0:
        one = rest.pop(0)
        part = min(one.amount, amount)
        withheld = max(one.withheld, -part)
        taken.append(replace(one, amount=part, withheld=withheld))
        amount -= part
        if part < one.amount:
            rest.insert(0, replace(one, amount=one.amount - part, units=0, withheld=one.withheld - withheld))
    return taken, rest


def pay(draft: Draft, purpose: str, amount: int, draws: tuple[Draw, ...] = (), payment_no: str | None = None) -> Payout:
    """One approved payout, and the movement of money that reserves it."""
    key = draft.next_key(purpose)
    planned = purpose in ("refund", "freight") and draft.case.executed  # by whoever decided the plan, however long ago
    whose: dict[str, str | None] = {"asked_by": draft.asked_by, "authority": draft.actor.role.value}
    if planned and draft.case.asked_by is not None:
        whose = {"asked_by": draft.case.asked_by, "authority": draft.case.authority}
    payout = Payout(key=key, purpose=purpose, amount=amount, payment_no=payment_no, draws=draws, **whose)
    order = draft.case.order
    if order is not None and draws:
        try:
            draft.set(order=order.model_copy(update={"pots": draw(order.pots, draws)}))
        except PotExceeded as refused:
            raise RuleRefused(refused.detail, **refused.extra) from None
    draft.set(payouts=(*draft.case.payouts, payout))
    draft.book("draw", key, purpose, amount, draws)  # type: ignore[arg-type]
    return payout


def pay_goodwill(draft: Draft, amount: int) -> None:
    """F23, F26: goodwill for freight the customer bore himself; its limit is what he advanced and did not get back."""
    limit = not_given_back(draft.case)
    if amount > limit:
        told = f"The customer advanced {draft.said(max(0, limit))} that he has not got back"
        raise RuleRefused(f"{told}; no more can be waived (F26).")
    pay(draft, "goodwill", amount)
    draft.set_money(goodwill=draft.case.money.goodwill + amount)


def not_given_back(case: Case) -> int:
    """What of the freight that the customer advanced he has not got back."""
    money = case.money
    return case.advanced_freight - money.freight - (money.goodwill - money.compensation)


def pay_compensation(draft: Draft, amount: int, kind: str) -> None:
    """F26: neither refund nor freight, so it is never drawn from the order's pots."""
    payout = pay(draft, "goodwill", amount)
    draft.replace_payout(payout.model_copy(update={"compensates": kind}))
    money = draft.case.money
    draft.set_money(goodwill=money.goodwill + amount, compensation=money.compensation + amount)


def cancel_payouts(draft: Draft) -> None:
    """Take back the remedy and all its money. Raises RuleRefused once money may have left."""
    if any(p.state in GONE and p.purpose not in HIS_OWN for p in draft.case.payouts):
        raise RuleRefused("Money was sent already; that cannot be taken back.")
    take_back(draft, ("refund", "freight", "goodwill"))
    # Without its plan, no later step can carry out again what was just taken back.
    draft.set(executed=False, plan=None, payment_notified=False)
    draft.set_money(customer_owes=0)
    mind_what_was_paid(draft)


def take_back(draft: Draft, purposes: tuple[str, ...]) -> None:
    """Release what was approved for these purposes and has not left the house."""
    case, gone = draft.case, [p for p in draft.case.payouts if p.purpose == "refund" and p.state in GONE]
    if case.plan and case.executed and not gone and "refund" in purposes:
        draft.set_money(netted=case.money.netted - case.plan.netted)
    for payout in draft.case.open_payouts:
        if payout.purpose in purposes and payout.state not in GONE:
            release_payout(draft, payout)
            left = getattr(draft.case.money, payout.purpose) - payout.amount
            draft.set_money(**{payout.purpose: left})
            if payout.compensates:
                draft.set_money(compensation=draft.case.money.compensation - payout.amount)
    if "refund" in purposes:
        invoice_untouched(draft)


def mind_what_was_paid(draft: Draft) -> None:
    """What the customer paid for a remedy that is not carried out, or paid too much, is finance's to give back."""
    if draft.case.overpaid:
        extra = draft.said(draft.case.overpaid)
        draft.tell("finance", f"The customer paid {extra} that is not owed (any more): pay it back.")


def give_back_all(draft: Draft) -> None:
    """Nothing is carried out any more: what the customer paid for it goes back to him, by payouts of its own."""
    if draft.case.overpaid:
        give_back_overpaid(draft)
    draft.facts.payouts_open = bool(draft.case.open_payouts)


def give_back_overpaid(draft: Draft) -> Payout:
    """A payout of what the customer paid and does not owe; it is never more than came in."""
    surplus = draft.case.overpaid
    payout = pay(draft, "overpayment", surplus)
    draft.set_money(overpayment=draft.case.money.overpayment + surplus)
    return payout


@handles(Action.GIVE_BACK)
def give_back(draft: Draft, data: GiveBack) -> None:
    """What the customer paid too much: back to him, or kept as his credit where he agrees (R2)."""
    if not draft.case.overpaid:
        raise RuleRefused("The customer has paid nothing that he does not owe.")
    if data.as_credit and not data.customer_agrees:
        raise RuleRefused("Keeping it as his credit needs the customer's consent: ask him first (R1).")
    payout = give_back_overpaid(draft)
    if data.as_credit:
        draft.replace_payout(payout.model_copy(update=_named(draft, STORE_CREDIT)))


def forget_payouts(draft: Draft, keys: tuple[str, ...]) -> None:
    """Payouts that the order's pots refused: they were never booked, so there is nothing to release."""
    refused = [p for p in draft.case.payouts if p.key in keys and p.state not in UNDONE]
    for payout in refused:
        money, purpose = draft.case.money, payout.purpose
        paid = payout.amount if payout.state == "done" else 0  # a platform's ruling says so itself (T21)
        draft.set_money(**{purpose: getattr(money, purpose) - payout.amount, "paid": money.paid - paid})
        if payout.compensates:
            draft.set_money(compensation=draft.case.money.compensation - payout.amount)
    draft.set(payouts=tuple(p for p in draft.case.payouts if p.key not in keys))


def release_payout(draft: Draft, payout: Payout) -> None:
    """It is not paid after all: the order has it to give again."""
    order = draft.case.order
    if order is not None and payout.draws:
        draft.set(order=order.model_copy(update={"pots": release(order.pots, payout.draws)}))
    draft.book("release", payout.key, payout.purpose, payout.amount, payout.draws)
    draft.replace_payout(payout.model_copy(update={"state": "cancelled"}))


def undo_payout(draft: Draft, payout: Payout, why: str, posted: Transfers | None = None) -> None:
    """It was paid and came back: the order has it to give again, and the ledger takes back what it said (as paid by us,
    unless told)."""
    order = draft.case.order
    if order is not None and payout.draws:
        draft.set(order=order.model_copy(update={"pots": bounce(order.pots, payout.draws)}))
    draft.replace_payout(payout.model_copy(update={"state": "bounced", "failure": why}))
    draft.set_money(paid=draft.case.money.paid - payout.amount)
    draft.book("bounce", payout.key, payout.purpose, payout.amount, payout.draws, payout.reference)
    transfers = payout_paid(payout.purpose, payout.amount) if posted is None else posted
    draft.post(tuple(one.undone for one in transfers), payout.key, payout.reference)


def settle_payout(
    draft: Draft, payout: Payout, reference: str, posted: Transfers | None = None, by: str | None = None
) -> None:
    """The money arrived: reserved becomes refunded, and the ledger says from whom it came (from us, unless told)."""
    order = draft.case.order
    if order is not None and payout.draws:
        draft.set(order=order.model_copy(update={"pots": settle(order.pots, payout.draws)}))
    done = {"state": "done", "reference": reference, "failure": None, "paid_by": by or payout.gateway or draft.actor.id}
    draft.replace_payout(payout.model_copy(update=done))
    draft.set_money(paid=draft.case.money.paid + payout.amount)
    draft.book("settle", payout.key, payout.purpose, payout.amount, payout.draws, reference)
    transfers = payout_paid(payout.purpose, payout.amount) if posted is None else posted
    draft.post(transfers, payout.key, reference)


def charge_back(draft: Draft, amount: int, reference: str) -> None:
    """T21: taken from us by a decision outside although the order had given all of it back: a loss, owed by him.

    A negative amount takes it back, since the order gives it after all.
    """
    if not amount:
        return
    draft.set_money(charged_back=draft.case.money.charged_back + amount)
    draft.post(charged_back(amount), reference=reference)
    if amount > 0:
        taken = draft.said(amount)
        for to in ("finance", "manager"):
            draft.tell(to, f"{taken} were taken from us for what was refunded already: dispute it, or claim it (T21).")


def payout_of(draft: Draft, payout_id: str) -> Payout:
    """The open payout of this id. Raises DataRefused for one of no such id, RuleRefused for one that is done."""
    found = next((p for p in draft.case.payouts if p.key == payout_id), None)
    if found is None and not draft.case.open_payouts:
        raise RuleRefused("No payout of this case is open.")
    if found is None:
        raise DataRefused.of("payout_id", f"This case has no payout '{payout_id}'.")
    if found.state == "done":
        raise RuleRefused(f"Payout '{payout_id}' is done already, with reference '{found.reference}'.")
    if found.disputed:
        raise RuleRefused(f"Payout '{payout_id}' is the bank's to decide: say with record_dispute what became of it.")
    if found.state == "bounced":
        raise RuleRefused(f"Payout '{payout_id}' came back ({found.failure}); another one stands for it.")
    if found.state == "cancelled":
        raise RuleRefused(f"Payout '{payout_id}' was cancelled: nothing is to be paid for it.")
    return found


def goods_owed(case: Case) -> bool:
    """Whether goods that no remedy has made ours are with us, so that they have to go back."""
    return case.goods == "here" and not (case.executed and taken_over(case))


@handles(Action.RECORD_REFUND)
def record_refund(draft: Draft, data: RecordRefund) -> None:
    """Finance paid it, and says under which reference."""
    payout = payout_of(draft, data.payout_id)
    mind_second_eyes(draft, payout)
    settle_payout(draft, payout, data.reference)
    draft.facts.payouts_open = bool(draft.case.open_payouts)
    draft.facts.goods_owed = goods_owed(draft.case)


@handles(Action.PROVIDE_ACCOUNT)
def provide_account(draft: Draft, data: ProvideAccount) -> None:
    """R1: another account, for payouts that were not sent; the desk keeps the number itself out of the case.

    Another one than was paid from needs the customer's consent, and a second pair of eyes before it is paid.
    """
    by_customer = draft.actor.role is Role.CUSTOMER
    if data.kind != ORIGINAL and not (by_customer or data.customer_agrees):
        told = "Another account than he paid from needs the customer's consent: ask him, and say that he agrees"
        raise RuleRefused(f"{told} (R1).")
    changed = [p for p in draft.case.payouts if p.state in ("approved", "failed")]
    if not changed and draft.case.state is not State.REFUNDING:
        raise RuleRefused("No payout of this case waits for an account.")
    for payout in changed:
        update = {"state": "approved", "failure": None, **_named(draft, f"{data.kind} {data.account}")}
        draft.replace_payout(payout.model_copy(update=update))


def _named(draft: Draft, account: str) -> dict[str, str | None]:
    return {"account": account, "named_by": draft.actor.id, "confirmed_by": None}


def _named_by_actor(draft: Draft, payout: Payout) -> bool:
    return payout.named_by is not None and same_person(payout.named_by, draft.actor.id)


def pay_as_credit(draft: Draft) -> None:
    """K2, R2: what was decided now goes to the customer's balance, which his next order draws."""
    for payout in draft.case.payouts:
        if payout.state == "approved" and payout.account is None:
            draft.replace_payout(payout.model_copy(update=_named(draft, STORE_CREDIT)))


@handles(Action.CONFIRM_ACCOUNT)
def confirm_account(draft: Draft, data: Note) -> None:
    """R1: the second pair of eyes; only then is the customer's balance credited."""
    waiting = [p for p in draft.case.payouts if p.unconfirmed and p.state == "approved"]
    if not waiting:
        raise RuleRefused("No account waits for a second pair of eyes.")
    if any(_named_by_actor(draft, p) for p in waiting):
        raise RoleRefused("Whoever named the account cannot confirm it: somebody else has to (R1).")
    for payout in waiting:
        draft.replace_payout(payout.model_copy(update={"confirmed_by": draft.actor.id}))


def mind_second_eyes(draft: Draft, payout: Payout) -> None:
    """R1: whoever pays to another account is not the one who named it; a balance is credited by itself.

    Raises RoleRefused, RuleRefused.
    """
    if draft.actor.role is Role.SYSTEM:
        return
    if payout.to_credit:
        told = "It goes to the customer's balance, which is credited by itself once somebody confirms it"
        raise RuleRefused(f"{told}: confirm_account (R1, R2).")
    if _named_by_actor(draft, payout):
        raise RoleRefused("Whoever named the account cannot pay to it: somebody else has to (R1).")
