"""Whether an action would be allowed now, and if not, why: by trying it on a copy.

The same handler and the same arrows answer as when it is really done, so a reason shown beside a button and the refusal
behind it can never differ.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from itertools import product
from typing import Any

from models.actions import HANDLERS
from models.actions.planning import goods_are_missing
from models.case import Case
from models.commands import DATA, Actor, Command, parse_data
from models.decide import opens_again  # with it every handler is registered
from models.draft import Draft
from models.errors import AftercareError, DataRefused
from models.lifecycle import Action, Role, State, allowed_in, may, next_state
from models.money import to_text
from models.remedies import REMEDIES

_WHY = {"reason": "?"}
#: What an action is tried with where it needs something: as little as it takes for a rule to have its say. It is
#: allowed if any of these is, or if it depends on what will be said.
SAMPLES: dict[Action, tuple[dict[str, Any], ...]] = {
    Action.MAKE_OFFER: ({"options": [{"type": "answer"}]},),
    Action.REJECT: (_WHY,),
    Action.CLOSE: (_WHY,),
    Action.WITHDRAW: (_WHY,),
    Action.REOPEN: (_WHY,),
    Action.OVERRIDE_ELIGIBILITY: (_WHY,),
    Action.RECORD_DISPUTE: ({"reference": "?", "result": "opened", "amount": "1"},),
    Action.CORRECT: ({"to_state": "requested", **_WHY},),
    Action.COMPLETE_CALLBACK: ({"satisfied": True}, {"satisfied": False}),
    Action.SETTLE_INVOICE: ({"result": "credited"},),
    Action.SETTLE_CLAIM: ({"result": "refused"}, {"result": "appealed", **_WHY}, {"result": "written_off", **_WHY}),
    Action.CHANGE_KIND: ({"kind": "?"},),
    Action.PLAN_REPAIR: ({"workshop": "own"},),
    Action.SPLIT: ({"lines": [{"line_no": 100_000, "quantity": 1}]},),
}
#: Actions whose rules say nothing before their data is known.
_BY_STATE_ALONE = frozenset(Action) - frozenset(
    {
        *SAMPLES,
        *(Action.AUTHORISE_RETURN, Action.DECLINE_OFFER, Action.APPROVE, Action.DENY, Action.MISS_CALLBACK),
        *(Action.KEEP_PROMISE, Action.RETURN_LOANER, Action.TAKE, Action.ACCEPT_QUOTE, Action.DECLINE_QUOTE),
        *(Action.ACCEPT_OFFER, Action.WAIVE_FREIGHT, Action.OPEN_CLAIM, Action.COMPENSATE),
        *(Action.RECORD_REFUND, Action.FAIL_REFUND, Action.LIFT_HOLD, Action.CONFIRM_ACCOUNT),
        *(Action.ASK_PAYOUT, Action.BOUNCE_REFUND),
        *(Action.WAIVE_RECEIVABLE, Action.REFUTE_PAYMENT),
        *(Action.GIVE_BACK, Action.SETTLE_DEPOSIT, Action.RECORD_PAYMENT),
    }
)


def samples_of(case: Case, action: Action) -> tuple[dict[str, Any], ...]:
    """What an action is tried with in this case."""
    if action is Action.ACCEPT_OFFER and case.offer is not None:
        return tuple({"option": number} for number, _ in enumerate(case.offer.options, start=1))
    if action is Action.WAIVE_FREIGHT:
        return ({"amount": _least(case), **_WHY},)
    if action is Action.WAIVE_RECEIVABLE:
        return (_WHY, {**_WHY, "granted": False})
    if action is Action.COMPENSATE:
        return ({"amount": _least(case), "kind": "goodwill", **_WHY},)
    if action is Action.OPEN_CLAIM:
        return ({"amount": _least(case), "against": "courier"},)
    if action is Action.ASK_PAYOUT:
        return ({"payout_id": next((payout.key for payout in case.payouts if payout.at_gateway), "?")},)
    if action is Action.BOUNCE_REFUND:
        return ({"payout_id": next((p.key for p in case.payouts if p.state == "done"), "?"), "code": "?"},)
    if action in (Action.RECORD_REFUND, Action.FAIL_REFUND):
        key = next((payout.key for payout in case.open_payouts), "?")
        return ({"payout_id": key, **({"reference": "?"} if action is Action.RECORD_REFUND else {"code": "?"})},)
    if action is Action.RECORD_PAYMENT:
        beside = {} if case.state is State.AWAITING_PAYMENT else {"for": "receivable"}
        return ({"amount": _least(case), "reference": "?", **beside},)
    if action is Action.SETTLE_DEPOSIT:
        return ({"keep": to_text(0, case.currency or "CNY")},)
    return SAMPLES.get(action, ({},))


def _least(case: Case) -> str:
    """The least amount there is."""
    return to_text(1, case.currency or "CNY")


def answers(case: Case, roles: Iterable[Role] | None, actor_id: str | None, now: datetime) -> list[dict[str, Any]]:
    """For every action whether it is allowed now, why not, and what it needs; for a remedy, each by itself.

    `roles` None means whoever may. Not allowed is what would be refused; what would wait for approval is allowed.
    """
    mine = None if roles is None else tuple(sorted(roles))
    return [_answer(case, action, mine, actor_id or "?", now) for action in Action]


def answer(
    case: Case, action: Action, roles: Iterable[Role] | None, actor_id: str | None, now: datetime
) -> dict[str, Any]:
    """The same for one action."""
    return _answer(case, action, None if roles is None else tuple(sorted(roles)), actor_id or "?", now)


def _answer(case: Case, action: Action, roles: tuple[Role, ...] | None, actor_id: str, now: datetime) -> dict[str, Any]:
    # Goods that come after the end are booked in all the same, and open the case again (G12).
    possible = allowed_in(case.state, action) or (case.is_final and opens_again(action))
    reasons = [] if possible else [f"not while the case is '{case.state}'"]
    able = _able(action, roles)
    if not able:
        reasons.append(f"not by {', '.join(sorted(roles or ())) or 'this token'}")
    answer: dict[str, Any] = {"action": action.value, "allowed": not reasons, "reasons": reasons}
    if reasons:
        return answer
    if action is Action.CHOOSE_REMEDY:
        return {**answer, **_remedies(case, able, actor_id, now)}
    refused = _refused_for_all(case, action, able, actor_id, now)
    return {
        **answer,
        "allowed": refused is None,
        "reasons": [refused] if refused else [],
        "needs": list(_needs(action)),
    }


@lru_cache(maxsize=4096)
def _able(action: Action, roles: tuple[Role, ...] | None) -> tuple[Role, ...]:
    """The lowest and the highest of those who may ever do it: what neither may now, nobody between them may."""
    able = [role for role in Role if (roles is None or role in roles) and may(role, action)]
    return tuple(able if len(able) < 2 else (able[0], able[-1]))


@cache
def _needs(action: Action) -> tuple[str, ...]:
    """The fields without which the action says nothing."""
    return tuple(name for name, field in DATA[action].model_fields.items() if field.is_required())


def _remedies(case: Case, able: tuple[Role, ...], actor_id: str, now: datetime) -> dict[str, Any]:
    """Every remedy of the playbook, in its order, then the others."""
    proposed = case.procedure.remedies
    rows = [
        _remedy(case, name, able, actor_id, now) for name in (*proposed, *(n for n in REMEDIES if n not in proposed))
    ]
    possible = any(row["allowed"] for row in rows)
    reasons = [] if possible else list(dict.fromkeys(reason for row in rows for reason in row["reasons"]))
    return {"allowed": possible, "reasons": reasons, "needs": ["remedy"], "remedies": rows}


def _remedy(case: Case, name: str, able: tuple[Role, ...], actor_id: str, now: datetime) -> dict[str, Any]:
    data: dict[str, Any] = {"remedy": name}
    if REMEDIES[name].needs_amount:
        data["amount"] = _least(case)
    refused, approval = None, False
    for role in able:
        try:
            target = _tried(case, Action.CHOOSE_REMEDY, data, Actor(id=actor_id, role=role), now)
        except AftercareError as fault:
            refused = fault.detail
        else:
            refused, approval = None, target is State.AWAITING_APPROVAL
            if not approval:
                break
    early = REMEDIES[name].after_return and goods_are_missing(case)
    waits = "the goods are not back" if early else "above the limit"
    notes = [f"{waits}: it waits for approval"] if approval else []
    return {
        "remedy": name,
        "proposed": name in case.procedure.remedies,
        "allowed": refused is None,
        "needs_approval": approval,
        "reasons": [refused] if refused else notes,
    }


def _refused_for_all(case: Case, action: Action, able: tuple[Role, ...], actor_id: str, now: datetime) -> str | None:
    """Why nobody of these roles could do it; None as soon as one could."""
    if action in _BY_STATE_ALONE or (case.is_final and opens_again(action)):
        return None  # the case would begin again before the rules of the action are asked
    refused: str | None = None
    for data, role in product(samples_of(case, action), able):
        try:
            _tried(case, action, data, Actor(id=actor_id, role=role), now)
        except DataRefused:
            return None  # it depends on what will be said
        except AftercareError as fault:
            refused = fault.detail
        else:
            return None
    return refused


def _tried(case: Case, action: Action, data: dict[str, Any], actor: Actor, now: datetime) -> State:
    """Where the action would lead. Raises what it would be refused with."""
    command = Command(action=action, actor=actor, data=data)
    draft = Draft(case, actor, now)
    HANDLERS[action](draft, parse_data(command))
    return next_state(draft.facts, action)
