"""Step 1, the request: evidence, investigation, offers, answers."""

from models.actions import handles
from models.actions.planning import keep_it_cap, plan_remedy, round_trip_freight
from models.case import Offer
from models.commands import (
    AcceptOffer,
    Answer,
    DeclineOffer,
    Investigate,
    MakeOffer,
    OfferOption,
    ReportFinding,
    RequestEvidence,
    SubmitEvidence,
)
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.lifecycle import Action, Role, State, acts_as

#: What an accepted option makes of the case; `wait` keeps the remedy that was chosen before.
OPTION_REMEDY = {"answer": "none"}
#: Options that bring the goods back first, where the playbook wants them back.
NEEDS_GOODS = ("refund", "exchange", "repair")


@handles(Action.REQUEST_EVIDENCE)
def request_evidence(draft: Draft, data: RequestEvidence) -> None:
    draft.set(asked_for=tuple(data.what))
    draft.told_customer()


@handles(Action.SUBMIT_EVIDENCE)
def submit_evidence(draft: Draft, data: SubmitEvidence) -> None:
    """Missing evidence warns, it never blocks."""
    draft.set(evidence=(*draft.case.evidence, *data.photos)[-200:], snoozed_until=None)


@handles(Action.INVESTIGATE)
def investigate(draft: Draft, data: Investigate) -> None:
    draft.set(check=data.check)


@handles(Action.REPORT_FINDING)
def report_finding(draft: Draft, data: ReportFinding) -> None:
    """L1–L6: the finding is a fact; a lost parcel is no longer one that could be called back."""
    draft.set(check=None)
    if data.finding == "lost" and draft.case.order:
        draft.set(order=draft.case.order.model_copy(update={"parcel": "lost"}))


@handles(Action.MAKE_OFFER)
def make_offer(draft: Draft, data: MakeOffer) -> None:
    """K1–K3: options on the table until their deadline; at most so many rounds."""
    options = tuple(data.options) or ((OfferOption(type="keep_it", amount=data.amount),) if data.amount else ())
    if not options:
        raise DataRefused.of("options", "An offer needs options, or an amount for a keep-it.")
    if draft.case.rounds >= draft.case.procedure.keep_it.rounds:
        raise RuleRefused(f"{draft.case.rounds} offers were made already; no more rounds (K3). Choose a remedy.")
    draft.facts.is_offer = True
    draft.facts.above_limit = any(_above_keep_it_limit(draft, option) for option in options)
    if not draft.facts.above_limit:
        put_on_table(draft, options, draft.case.state)


def put_on_table(draft: Draft, options: tuple[OfferOption, ...], came_from: State) -> None:
    """The offer is made: the customer has the word."""
    round_ = draft.case.rounds + 1
    draft.set(offer=Offer(options=options, came_from=came_from, round=round_), rounds=round_)
    draft.told_customer()


def _above_keep_it_limit(draft: Draft, option: OfferOption) -> bool:
    """K2: an agent may go to a share of the freight saved, a manager to all of it, nobody further."""
    if option.type != "keep_it":
        return False
    amount = draft.minor(option.amount, "options.amount")
    if amount <= 0:
        raise DataRefused.of("amount", "A keep-it needs an amount above zero.")
    cap = keep_it_cap(draft)
    if cap is None or amount <= cap:
        return False
    if acts_as(draft.actor.role, Role.MANAGER) or amount > round_trip_freight(draft.case):
        top = round_trip_freight(draft.case)
        raise RuleRefused(f"A keep-it is at most {draft.said(top)}, the freight that it saves (K2).")
    return True


@handles(Action.ACCEPT_OFFER)
def accept_offer(draft: Draft, data: AcceptOffer) -> None:
    """The option's remedy begins, or the goods come first where the playbook wants them back."""
    offer = draft.case.offer
    if offer is None or data.option > len(offer.options):
        raise DataRefused.of("option", "There is no such option on the table.")
    option = offer.options[data.option - 1]
    draft.set(offer=None, agreed=option)
    goods_missing = draft.case.procedure.goods_come_back and draft.case.goods == "customer"
    if option.type in NEEDS_GOODS and goods_missing and not draft.facts.inspected:
        draft.facts.goods_must_come = True
    elif option.type == "wait":
        draft.set(out_of_stock=True)
        draft.facts.out_of_stock = True
    else:
        remedy = OPTION_REMEDY.get(option.type, option.type)
        plan_remedy(draft, remedy, amount=option.amount, replacement=option.replacement)


@handles(Action.DECLINE_OFFER)
def decline_offer(draft: Draft, data: DeclineOffer) -> None:
    """K3: silence is declined too; the case goes on to the return route where the goods are wanted back."""
    draft.facts.goods_must_come = (
        draft.facts.came_from in (State.REQUESTED, State.INVESTIGATING)
        and draft.case.procedure.goods_come_back
        and draft.case.goods == "customer"
        and data.counter is None
    )
    draft.set(offer=None)


@handles(Action.ANSWER)
def answer(draft: Draft, data: Answer) -> None:
    draft.facts.final_answer = data.final
    if data.final:
        draft.set(remedy="none", offer=None)
    draft.told_customer()
