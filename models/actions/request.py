"""Step 1, the request: evidence, investigation, offers, answers."""

from models.accounting.settlement import Settlement
from models.actions import handles
from models.actions.deposits import give_deposit_back
from models.actions.goods import note_finding
from models.actions.planning import (
    above_keep_it_limit,
    above_refund_limit,
    beyond,
    goods_are_missing,
    must_be_eligible,
    not_decided_outside,
    plan_remedy,
    refund_limit,
)
from models.actions.reductions import above_reduction_limit
from models.actions.second_eyes import let_pass_by_actor
from models.case import Case, Offer, Override
from models.commands import (
    AcceptOffer,
    Answer,
    DeclineOffer,
    Investigate,
    MakeOffer,
    OfferOption,
    Reason,
    ReportFinding,
    RequestEvidence,
    SubmitEvidence,
)
from models.draft import Draft
from models.errors import DataRefused, RoleRefused, RuleRefused
from models.lifecycle import Action, Role, State, acts_as
from models.remedies import REMEDIES

#: What an accepted option makes of the case; `wait` keeps the remedy that was chosen before.
OPTION_REMEDY = {"answer": "none"}


@handles(Action.REQUEST_EVIDENCE)
def request_evidence(draft: Draft, data: RequestEvidence) -> None:
    draft.set(evidence_asked=True, asked_for=tuple(data.what))
    draft.told_customer()


@handles(Action.SUBMIT_EVIDENCE)
def submit_evidence(draft: Draft, data: SubmitEvidence) -> None:
    """Missing evidence warns, it never blocks."""
    keys = tuple(dict.fromkeys((*draft.case.evidence_keys, *data.keys)))
    draft.set(
        evidence=(*draft.case.evidence, *data.photos)[-200:],
        evidence_keys=keys,
        told=draft.case.told or data.text is not None,
        snoozed_until=None,
    )


@handles(Action.INVESTIGATE)
def investigate(draft: Draft, data: Investigate) -> None:
    """Warehouse, courier, recipient, department: in the order of the playbook's checks (section 7)."""
    draft.set(check=data.check)


@handles(Action.REPORT_FINDING)
def report_finding(draft: Draft, data: ReportFinding) -> None:
    """L1–L6, L16: what was found is a fact, of which the playbook makes the next step; a lost parcel is claimed."""
    if data.until is not None and data.until <= draft.now:
        raise DataRefused.of("until", "The date that a finding names is a time to come.")
    note_finding(draft, data.finding, data.until)


@handles(Action.OVERRIDE_ELIGIBILITY)
def override_eligibility(draft: Draft, data: Reason) -> None:
    """Let a case pass that is not eligible: by the role that the playbook names, with a reason that stays visible."""
    case, needed = draft.case, Role(draft.case.procedure.override_role)
    if case.eligible is None or case.eligible.answer == "yes":
        raise RuleRefused("Nothing speaks against this case, so there is nothing to override.")
    if not acts_as(draft.actor.role, needed):
        raise RoleRefused(f"Only a {needed} or somebody above may let this case pass; ask one.")
    draft.set(override=Override(by=draft.actor.id, role=draft.actor.role, reason=data.reason, at=draft.now))


@handles(Action.MAKE_OFFER)
def make_offer(draft: Draft, data: MakeOffer) -> None:
    """K1–K3: options on the table until their deadline; at most so many rounds."""
    options = tuple(data.options) or ((OfferOption(type="keep_it", amount=data.amount),) if data.amount else ())
    must_be_eligible(draft)
    if not options:
        raise DataRefused.of("options", "An offer needs options, or an amount for a keep-it.")
    if any(_pays(option) for option in options):
        not_decided_outside(draft.case)
    if draft.case.rounds >= draft.case.procedure.keep_it.rounds:
        raise RuleRefused(f"{draft.case.rounds} offers were made already; no more rounds (K3). Choose a remedy.")
    draft.facts.is_offer = True
    above = [promises_too_much(draft, option) for option in options]
    draft.facts.above_limit = any(above) or (any(_grants(one) for one in options) and let_pass_by_actor(draft))
    if not draft.facts.above_limit:
        put_on_table(draft, options, draft.case.state)


def _grants(option: OfferOption) -> bool:
    return option.type in REMEDIES and REMEDIES[option.type].grants


def _pays(option: OfferOption) -> bool:
    return option.type in REMEDIES and REMEDIES[option.type].pays


def put_on_table(draft: Draft, options: tuple[OfferOption, ...], came_from: State, asked_by: str | None = None) -> None:
    """The offer is made: the customer has the word."""
    round_ = draft.case.rounds + 1
    promised = tuple(_promised(draft, option) for option in options)
    limit = refund_limit(draft, draft.actor.role) if draft.case.currency else None
    whose = {"made_by": asked_by or draft.actor.id, "authority": draft.actor.role.value, "limit": limit}
    offer = Offer(options=options, came_from=came_from, round=round_, promised=promised, **whose)
    draft.set(offer=offer, rounds=round_)
    draft.told_customer()


def promises_too_much(draft: Draft, option: OfferOption) -> bool:
    """Whether the option promises more than its maker may decide alone, since accepting it carries it out."""
    if option.type in ("wait", "answer"):
        return False
    if option.type == "keep_it" and above_keep_it_limit(draft, option.amount):
        return True
    if _goods_first(draft, option) and not option.reduction_percent and option.amount is None:
        return False  # the remedy is decided, and its limit looked at, when the goods are here
    much = above_reduction_limit(draft, option.type, option, [])
    return much or above_refund_limit(draft, _planned(draft, option))


def _planned(draft: Draft, option: OfferOption) -> Settlement | None:
    """What an option would come to, tried on a copy."""
    trial = Draft(draft.case, draft.actor, draft.now)
    plan_remedy(
        trial,
        option.type,
        option.amount,
        option.replacement,
        reduction_percent=option.reduction_percent,
        in_advance=option.in_advance,
    )
    return trial.case.plan


def _promised(draft: Draft, option: OfferOption) -> int | None:
    """What an option refunds; None for those whose remedy is decided later, when its limit is looked at again."""
    if option.type in ("wait", "answer") or _goods_first(draft, option):
        return None
    plan = _planned(draft, option)
    return plan.refund if plan else None


def _goods_first(draft: Draft, option: OfferOption) -> bool:
    if option.in_advance:
        return False
    return REMEDIES[OPTION_REMEDY.get(option.type, option.type)].after_return and goods_are_missing(draft.case)


@handles(Action.ACCEPT_OFFER)
def accept_offer(draft: Draft, data: AcceptOffer) -> None:
    """The option's remedy begins, or the goods come first where the playbook wants them back."""
    offer = draft.case.offer
    if offer is None or data.option > len(offer.options):
        raise DataRefused.of("option", "There is no such option on the table.")
    option = offer.options[data.option - 1]
    draft.set(offer=None, agreed=option)
    if option.type == "wait":
        if not REMEDIES[draft.case.remedy or "none"].needs_stock:  # what was ordered is sent when it is there (L10)
            plan_remedy(draft, "reship")
        draft.set(out_of_stock=True)
        draft.facts.out_of_stock = True
    elif _goods_first(draft, option):
        draft.facts.goods_must_come = True
        give_deposit_back(draft)  # nothing leaves in advance any more
    else:
        remedy = OPTION_REMEDY.get(option.type, option.type)
        plan_remedy(
            draft,
            remedy,
            option.amount,
            option.replacement,
            reduction_percent=option.reduction_percent,
            in_advance=option.in_advance,
        )
        _as_it_was_offered(draft.case, offer, data.option - 1)
        draft.set(asked_by=offer.made_by, authority=offer.authority)


def _as_it_was_offered(case: Case, offer: Offer, index: int) -> None:
    """An offer gives no more than was promised, nor more than its maker's limit, whatever has changed meanwhile."""
    plan = case.plan
    if plan is None or index >= len(offer.promised):
        return
    promised = offer.promised[index]
    if promised is not None and (plan.refund > promised or beyond(offer.limit, offer.authority, case, plan)):
        told = "It comes to more than when it was offered, or than whoever offered it may give: make the offer anew"
        raise RuleRefused(f"{told}, so that somebody who may approves it.")


@handles(Action.DECLINE_OFFER)
def decline_offer(draft: Draft, data: DeclineOffer) -> None:
    """K3: silence is declined too; the case goes on to the return route where the goods are wanted back."""
    draft.facts.goods_must_come = (
        draft.facts.came_from in (State.REQUESTED, State.INVESTIGATING)
        and goods_are_missing(draft.case)
        and data.counter is None
    )
    if draft.facts.goods_must_come:
        give_deposit_back(draft)
    draft.set(offer=None)


@handles(Action.ANSWER)
def answer(draft: Draft, data: Answer) -> None:
    draft.facts.final_answer = data.final
    if data.final:
        draft.set(offer=None)
        plan_remedy(draft, "none")
    draft.told_customer()
