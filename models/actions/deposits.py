"""An exchange in advance: the new goods leave first, and a deposit stands in for the old ones until they are here (G5).

What was taken is never given back twice nor beyond itself; whatever is kept has a reason and is booked.
"""

from models.accounting.ledger import deposit_kept, deposit_spent, deposit_taken
from models.actions.payouts import pay
from models.case import Advance, Case
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.remedies import REMEDIES
from models.remedies.parts import cost_of


def goes_in_advance(case: Case, remedy: str, asked: bool) -> bool:
    """Whether a remedy leaves before the old goods are back: as asked, or because its deposit is here already."""
    secured = case.advance is not None and not case.advance.settled and case.advance.secured > 0
    return REMEDIES[remedy].in_advance and (asked or secured) and case.goods in ("customer", "in_transit")


def mind_advance(draft: Draft, remedy: str, asked: bool) -> None:
    """G5: only an exchange, only where the playbook allows it, and only once. Raises DataRefused, RuleRefused."""
    case = draft.case
    if case.advance is not None and case.advance.waits and not draft.facts.ruling:
        told = "The new goods have left in advance: settle the deposit (settle_deposit) when the old ones are here"
        raise RuleRefused(f"{told}, or when they never come (G5).")
    if not asked:
        return
    if remedy != "exchange":
        raise DataRefused.of("in_advance", "Only an exchange can leave in advance (G5).")
    if case.procedure.advance_exchange is None:
        raise RuleRefused("The playbook of this kind allows no exchange in advance (G5).")
    if not case.procedure.goods_come_back or not goes_in_advance(case, remedy, asked):
        raise RuleRefused("No goods are to come back, so there is nothing that a deposit would stand for (G5).")


def ask_deposit(draft: Draft, lines: tuple[tuple[int, int], ...]) -> None:
    """The playbook's share of what the old goods cost; one that is here already counts toward it."""
    before = draft.case.advance
    if before is None or before.settled:
        before = Advance()
    draft.set(advance=before.model_copy(update={"deposit": deposit_of(draft.case, lines)}))


def deposit_of(case: Case, lines: tuple[tuple[int, int], ...]) -> int:
    """What the customer leaves with us for these units until they are back, in minor units."""
    rule = case.procedure.advance_exchange
    if rule is None or case.order is None:
        return 0
    cost = sum(cost_of(case.order.pots, line_no, quantity) for line_no, quantity in lines)
    return cost * rule.deposit_percent // 100


# ── in ────────────────────────────────────────────────────────────────────────────────────────────


def take_deposit(draft: Draft, amount: int, reference: str) -> int:
    """Book what of a payment is for the deposit, and answer how much it was."""
    advance = draft.case.advance
    part = min(amount, advance.outstanding) if advance else 0
    if advance is not None and part:
        draft.set(advance=advance.model_copy(update={"taken": advance.taken + part}))
        draft.set_money(deposit_taken=draft.case.money.deposit_taken + part)
        draft.post(deposit_taken(part), reference=reference)
    return part


def hold_deposit(draft: Draft, amount: int, reference: str) -> None:
    """The amount is blocked for us where the customer banks: it secures the deposit, and nothing has moved."""
    advance = draft.case.advance
    if advance is None or amount > advance.outstanding:
        left = draft.said(advance.outstanding if advance else 0)
        raise DataRefused.of("held", f"Only a deposit can be held, and {left} of one is missing.")
    draft.set(advance=advance.model_copy(update={"held": advance.held + amount, "hold": reference}))


def capture(draft: Draft, amount: int, reference: str) -> int:
    """Finance took what is ours of a hold: it pays what the customer owes, as it would of a deposit that was paid, and
    the rest is kept. Answers how much of the payment it was."""
    advance = draft.case.advance
    part = min(amount, advance.to_capture) if advance else 0
    if advance is not None and part:
        changed = {"to_capture": advance.to_capture - part, "taken": advance.taken + part}
        draft.set(advance=advance.model_copy(update=changed))
        draft.set_money(deposit_taken=draft.case.money.deposit_taken + part)
        draft.post(deposit_taken(part), reference=reference)
        owed = min(part, draft.case.owed) if advance.settled else 0
        spend(draft, owed)
        keep(draft, part - owed)
    return part


# ── out ───────────────────────────────────────────────────────────────────────────────────────────


def give_deposit_back(draft: Draft) -> None:
    """All of it, since no new goods are with the customer: a payout for what was taken; a hold is released."""
    advance = draft.case.advance
    if advance is None or advance.waits or advance.settled:
        return
    _pay_back(draft, advance.taken - advance.kept)
    _release_hold(draft, advance.held)
    draft.set(advance=None)


def settle_kept(draft: Draft, keep_in_all: int, owed: int) -> None:
    """Keep so much of the deposit, `owed` of it for what the customer owes, and give back the rest."""
    _un_keep(draft)
    advance = draft.case.advance
    assert advance is not None
    from_taken = min(keep_in_all, advance.taken)
    from_hold = keep_in_all - from_taken
    spend(draft, min(owed, from_taken))
    keep(draft, from_taken - min(owed, from_taken))
    _pay_back(draft, advance.taken - from_taken)
    if from_hold:
        draft.tell("finance", f"Take {draft.said(from_hold)} of the hold {advance.hold}, record it, release the rest.")
    else:
        _release_hold(draft, advance.held)
    now = draft.case.advance
    assert now is not None
    draft.set(advance=now.model_copy(update={"held": 0, "to_capture": from_hold, "settled": True}))


def forfeit(draft: Draft) -> None:
    """The old goods never came: all of it is kept, booked, and shown to people, who decide what becomes of the case."""
    advance = draft.case.advance
    assert advance is not None
    keep(draft, advance.taken - advance.kept)
    if advance.held:
        draft.tell("finance", f"The old goods never came: take the hold {advance.hold}, and record it (G5).")
    now = draft.case.advance
    assert now is not None
    draft.set(advance=now.model_copy(update={"to_capture": now.to_capture + now.held, "held": 0}))
    kept = draft.said(advance.secured)
    for to in ("owner", "manager"):
        draft.tell(to, f"The old goods never came; a deposit of {kept} is kept: more time, or settle it (G5).")


def keep(draft: Draft, amount: int) -> None:
    """So much more of what was taken stays with us."""
    advance = draft.case.advance
    if advance is not None and amount:
        draft.set(advance=advance.model_copy(update={"kept": advance.kept + amount}))
        draft.set_money(deposit_kept=draft.case.money.deposit_kept + amount)
        draft.post(deposit_kept(amount))


def spend(draft: Draft, amount: int) -> None:
    """So much of it pays what the customer owes: freight that became his (F19)."""
    if amount:
        money = draft.case.money
        draft.set_money(deposit_kept=money.deposit_kept + amount, received=money.received + amount)
        draft.post(deposit_spent(amount))


def _un_keep(draft: Draft) -> None:
    """What was kept because nothing came is open again, and so is a hold that nobody has taken yet."""
    advance = draft.case.advance
    assert advance is not None
    if advance.kept:
        draft.set_money(deposit_kept=draft.case.money.deposit_kept - advance.kept)
        draft.post(deposit_kept(-advance.kept))
    draft.set(
        advance=advance.model_copy(update={"kept": 0, "held": advance.held + advance.to_capture, "to_capture": 0})
    )


def _pay_back(draft: Draft, amount: int) -> None:
    if amount:
        pay(draft, "deposit", amount)
        draft.set_money(deposit=draft.case.money.deposit + amount)


def _release_hold(draft: Draft, amount: int) -> None:
    advance = draft.case.advance
    if amount and advance is not None:
        draft.tell("finance", f"Release the hold {advance.hold} of {draft.said(amount)}: the deposit goes back.")
