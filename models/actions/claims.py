"""What is asked back of couriers and suppliers: claimed, filed, accepted or refused, appealed once, paid (L5, G10).

A claim has deadlines of its own and goes on after the case has ended: nobody keeps a customer waiting for it.
"""

from datetime import timedelta
from typing import Any

from models.accounting.claim_terms import Against, ClaimTerms, terms_for
from models.accounting.ledger import claim_changed, claim_paid
from models.actions import handles
from models.case import Case, Claim
from models.commands import OpenClaim, SettleClaim
from models.draft import Draft
from models.errors import DataRefused, RoleRefused, RuleRefused
from models.events import SYSTEM
from models.lifecycle import Action, Role, State, acts_as
from models.money import to_text
from models.remedies import REMEDIES
from models.remedies.parts import cost_of

#: In which states of a claim each result can be said.
_FROM = {
    "filed": ("claimed",),
    "accepted": ("claimed", "accepted"),
    "refused": ("claimed", "accepted"),
    "appealed": ("refused", "accepted"),
    "paid": ("claimed", "accepted"),
    "written_off": ("claimed", "accepted", "refused"),
}


@handles(Action.OPEN_CLAIM)
def open_claim(draft: Draft, data: OpenClaim) -> None:
    """L5, G10: goods value and freight, asked back from the courier or the supplier."""
    _opened(draft, data.against, draft.minor(data.amount, "amount"), data.name)


def _opened(draft: Draft, against: Against, amount: int, name: str | None, by_itself: bool = False) -> None:
    if amount <= 0:
        raise DataRefused.of("amount", "Claim an amount above zero.")
    terms = terms_for(draft.case.procedure.claims, against, name)
    due = draft.now + timedelta(seconds=terms.file_within)
    dates = {"opened_at": draft.now, "due_at": due, "by_itself": by_itself}
    claim = Claim(against=against, amount=amount, name=name, **dates)
    draft.set(claims=(*draft.case.claims, claim))
    draft.post(claim_changed(against, 0, amount))


# ── opened by itself ──────────────────────────────────────────────────────────────────────────────


def claim_parcel(draft: Draft, against: Against) -> None:
    """L5: goods value and freight of what is in the case, claimed once from whoever lost it."""
    case = draft.case
    if case.order is None or any(claim.against == against for claim in case.claims):
        return
    goods = sum(cost_of(case.order.pots, line.line_no, line.quantity) for line in case.lines)
    ours = case.state is State.DELIVERING and case.carrier
    name = ours or case.order.carrier if against == "courier" else None
    _by_itself(draft, against, goods + case.order.replacement_rate, name)


def _by_itself(draft: Draft, against: Against, amount: int, name: str | None) -> None:
    _opened(draft, against, amount, name, by_itself=True)
    data = {"against": against, "amount": to_text(amount, draft.currency), **({"name": name} if name else {})}
    draft.record(Action.OPEN_CLAIM, None, data, actor=SYSTEM)


def recover(draft: Draft) -> None:
    """G10: what a confirmed fault costs is asked back of whom the playbook names, once its remedy is carried out.

    Another remedy of the same case adds its cost, as long as nothing was filed.
    """
    case = draft.case
    if case.order is None or case.plan is None:
        return
    # In the order of the lines: that of a set differs from worker to worker, and a replay would number claims anew.
    causes = [line.cause for line in case.lines if line.verdict == "confirmed" and line.cause]
    for against in dict.fromkeys(case.procedure.recoveries[one] for one in causes if one in case.procedure.recoveries):
        amount = cost_of_remedy(case)
        mine = next((claim for claim in case.claims if claim.against == against), None)
        if mine is None and amount:
            _by_itself(draft, against, amount, None)
        elif mine is not None and _unfiled(mine) and amount > mine.amount:
            draft.post(claim_changed(against, mine.amount, amount))
            _replace(draft, mine, {"amount": amount})


def ask_no_more(draft: Draft) -> None:
    """G10: a remedy that is taken back costs nothing, so no more is asked for it than the case has given otherwise."""
    left = draft.case.money.refund + draft.case.money.freight
    for claim in draft.case.claims:
        if claim.against in draft.case.procedure.recoveries.values() and _unfiled(claim) and claim.amount > left:
            draft.post(claim_changed(claim.against, claim.amount, left))
            _replace(draft, claim, {"amount": left})


def _unfiled(claim: Claim) -> bool:
    return claim.by_itself and claim.state == "claimed" and claim.filed_at is None


def cost_of_remedy(case: Case) -> int:
    """What a fault costs: refund and freight, or goods and freight of what is sent, less what is back on the shelf."""
    plan, order = case.plan, case.order
    assert plan is not None
    assert order is not None
    money, remedy = case.money, REMEDIES[case.remedy or "none"]
    sent = remedy.invoice == "other" or remedy.needs_stock
    goods = (
        sum(cost_of(order.pots, line.line_no, line.quantity) for line in case.lines) if remedy.invoice == "other" else 0
    )
    quote = case.quote.parts + case.quote.labour if case.quote and not case.money.received else 0
    shelved = sum(one.amount for one in case.taken_in if one.debit == "shop")
    refund = money.refund - (plan.refund if goods else 0)  # of cheaper goods: a part of what the old ones cost (G6)
    return max(0, refund + money.freight + goods + quote + (order.replacement_rate if sent else 0) - shelved)


# ── what became of it ─────────────────────────────────────────────────────────────────────────────


@handles(Action.SETTLE_CLAIM)
def settle_claim(draft: Draft, data: SettleClaim) -> None:
    """L5, G10: filed, accepted (all of it, or the amount said), refused, appealed, paid or given up; booked at once."""
    claim = _named(draft.case, data)
    terms = terms_for(draft.case.procedure.claims, claim.against, claim.name)
    _evidence_is_known(terms, data)
    said = None if data.amount is None else draft.minor(data.amount, "amount")
    if said is not None and said < 0:
        raise DataRefused.of("amount", "An amount of a claim is never below zero.")
    changed = _SETTLE[data.result](draft, claim, data, said, terms)
    kept = {"reference": data.reference or claim.reference, "reason": data.reason or claim.reason}
    evidence = tuple(dict.fromkeys((*claim.evidence, *data.evidence)))
    _replace(draft, claim, {**kept, "evidence": evidence, **changed})


def _named(case: Case, data: SettleClaim) -> Claim:
    """The claim that is meant. Raises RuleRefused where none is in a state for it."""
    fitting = _FROM[data.result]
    if data.claim is None:
        found = next((claim for claim in case.claims if claim.state in fitting and _fits(claim, data.result)), None)
        if found is None:
            raise RuleRefused(f"No claim is open that could be '{data.result}'.")
        return found
    if data.claim > len(case.claims):
        raise DataRefused.of("claim", f"This case has {len(case.claims)} claims.")
    claim = case.claims[data.claim - 1]
    if not claim.amount:
        raise RuleRefused(f"Claim {data.claim} asks for nothing any more: its remedy was taken back.")
    if claim.state not in fitting:
        raise RuleRefused(f"Claim {data.claim} is '{claim.state}': it cannot be '{data.result}' any more.")
    return claim


def _fits(claim: Claim, result: str) -> bool:
    """Of claims that are accepted, only one that was accepted in part can be appealed; one of nothing is over."""
    if result != "appealed":
        return claim.amount > 0  # what asks for nothing any more is not settled either
    return claim.state == "refused" or (claim.accepted or 0) < claim.amount


def _evidence_is_known(terms: ClaimTerms, data: SettleClaim) -> None:
    known = {one.key for one in terms.evidence}
    unknown = [key for key in data.evidence if known and key not in known]
    if unknown:
        raise DataRefused.of("evidence", f"'{unknown[0]}' is none of the evidence: {', '.join(sorted(known))}.")


Changes = dict[str, Any]


def _filed(draft: Draft, claim: Claim, data: SettleClaim, said: int | None, terms: ClaimTerms) -> Changes:
    """It has gone out; said again, it adds evidence and leaves the clock alone."""
    amount = claim.amount if said is None else said
    if amount <= claim.paid:
        told = f"more than the {draft.said(claim.paid)} that they have paid already" if claim.paid else "above zero"
        raise DataRefused.of("amount", f"Claim an amount {told}.")
    draft.post(claim_changed(claim.against, claim.amount, amount))
    if claim.filed_at is not None:
        return {"amount": amount}
    return {"amount": amount, "filed_at": draft.now, "due_at": _in(draft, terms.answer_within)}


def _accepted(draft: Draft, claim: Claim, data: SettleClaim, said: int | None, terms: ClaimTerms) -> Changes:
    accepted = claim.outstanding + claim.paid if said is None else said
    if not claim.paid <= accepted <= claim.amount or accepted == 0:
        told = f"They can accept up to the {draft.said(claim.amount)} that are claimed, and more than nothing."
        raise DataRefused.of("amount", told)
    draft.post(claim_changed(claim.against, claim.outstanding, accepted - claim.paid))
    filed = claim.filed_at or draft.now
    due = {"filed_at": filed, "due_at": _in(draft, terms.pay_within)}
    return {"state": "accepted", "accepted": accepted, **due}


def _refused(draft: Draft, claim: Claim, data: SettleClaim, said: int | None, terms: ClaimTerms) -> Changes:
    """Nothing is counted on any more; it waits for our decision: appeal it once, or give it up."""
    draft.post(claim_changed(claim.against, claim.outstanding, 0))
    draft.tell("owner", f"The {claim.against} refused a claim: appeal it once, or have a manager write it off.")
    return {"state": "refused", "accepted": claim.paid, "due_at": _in(draft, terms.appeal_within)}


def _appealed(draft: Draft, claim: Claim, data: SettleClaim, said: int | None, terms: ClaimTerms) -> Changes:
    if claim.appealed:
        raise RuleRefused("It was appealed once already: a manager can write it off.")
    if not _fits(claim, "appealed"):
        raise RuleRefused("All of it was accepted: there is nothing to appeal.")
    if data.reason is None:
        raise DataRefused.of("reason", "Say what the appeal says that the claim did not.")
    draft.post(claim_changed(claim.against, claim.outstanding, claim.amount - claim.paid))
    due = {"filed_at": draft.now, "due_at": _in(draft, terms.answer_within)}
    return {"state": "claimed", "accepted": None, "appealed": True, **due}


def _paid(draft: Draft, claim: Claim, data: SettleClaim, said: int | None, terms: ClaimTerms) -> Changes:
    """They paid all that was open, or part of it: the rest is given up, unless more is to come."""
    amount = claim.outstanding if said is None else said
    if data.more_to_come and amount < claim.outstanding:
        accepted = claim.paid + claim.outstanding
        draft.post(claim_paid(claim.against, amount, amount))
        later = {"accepted": accepted, "due_at": _in(draft, terms.pay_within)}
        return {"state": "accepted", "paid": claim.paid + amount, **later}
    draft.post(claim_paid(claim.against, claim.outstanding, amount))
    return {"state": "paid", "paid": claim.paid + amount, "due_at": None}


def _written_off(draft: Draft, claim: Claim, data: SettleClaim, said: int | None, terms: ClaimTerms) -> Changes:
    if not acts_as(draft.actor.role, Role.MANAGER):
        raise RoleRefused("A claim is written off by a manager.")
    if data.reason is None:
        raise DataRefused.of("reason", "Say why the claim is given up.")
    draft.post(claim_changed(claim.against, claim.outstanding, 0))
    return {"state": "written_off", "accepted": claim.paid, "due_at": None}


_SETTLE = {
    "filed": _filed,
    "accepted": _accepted,
    "refused": _refused,
    "appealed": _appealed,
    "paid": _paid,
    "written_off": _written_off,
}


def _in(draft: Draft, seconds: int) -> Any:
    return draft.now + timedelta(seconds=seconds)


def _replace(draft: Draft, claim: Claim, changes: Changes) -> None:
    changed = claim.model_copy(update=changes)
    draft.set(claims=tuple(changed if one is claim else one for one in draft.case.claims))
