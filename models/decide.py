"""What a command, or the passing of time, makes of a case: pure, and the same every time it is asked.

`decide` checks in the contract's order (role, state, data, rules), `pass_time` lets the clocks speak. Neither reads a
clock or touches the world; what is allowed now and why not is answered by `models.procedure.rehearsal`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

# The rooms register their handlers when they are imported.
from models.actions import (  # noqa: F401
    HANDLERS,
    advance,
    beside,
    claims,
    compensation,
    diagnosis,
    disputes,
    failing,
    follow_up,
    goods,
    goods_found,
    invoices,
    receivables,
    remedy,
    request,
    rulings,
    waiting,
    workshop,
)
from models.actions.claims import ask_no_more, recover
from models.actions.invoices import open_invoice
from models.actions.payouts import execute_plan, forget_payouts, pay_as_credit, take_back
from models.actions.rulings import refund_outside
from models.actions.workshop import begin_repair
from models.case import UNDONE, Case, Payout, Pending
from models.clocks import (
    AGAIN,
    DUE,
    ROUND,
    Alarm,
    Clock,
    fires_at,
    next_level,
    pending_alarms,
    started,
    with_another_day,
)
from models.commands import Actor, Command, parse_data
from models.draft import Draft
from models.effects import Decision, Unheard
from models.errors import AftercareError, CommandRefused, RoleRefused, RuleRefused, StateRefused
from models.events import SYSTEM, Fact
from models.lifecycle import FINAL, Action, State, actions_in, allowed_in, may, next_state
from models.pots import Pots
from models.stock.following import without
from models.stock.places import Items
from models.time import side_clocks

#: What the desk puts into a command's data, and the timeline need not keep.
_DESK_ONLY = frozenset({"procedure", "eligible", "needs_order"})
#: States in which a plan's money is set on its way.
_EXECUTING = frozenset({State.REFUNDING, State.EXCHANGING, State.REPAIRING, State.RETURNING_GOODS, State.VISITING})
#: An alarm that fires this long after its time was noticed late, and is recorded so (T10). Longer than a timer needs
#: on a busy machine, shorter than any restart that a deadline falls into.
LATE = timedelta(seconds=5)
#: Bytes of a case's document. Temporal lets nothing above 2 MB pass, and some of that is the timeline's.
LARGEST, NEXT_TO_NOTHING = 1_500_000, 1_000
#: What a command adds besides its data at most: ids, clocks' logs, a payout.
MOST_BESIDES = 4_000
#: A new case's: what is decided about a long order makes it more than twice as large.
LARGEST_AT_FIRST = 600_000


def decide(case: Case, command: Command, now: datetime) -> Decision:
    """The case after a command, and what is to be written. Raises CommandRefused, having changed nothing.

    A command id that the case knows already changes nothing and answers `repeated` (contract, idempotency).
    """
    if command.command_id and command.command_id in case.processed:
        return Decision(case=case, repeated=True)
    if not may(command.actor.role, command.action):
        told = f"'{command.actor.role}' may not '{command.action}'."
        raise RoleRefused(told, allowed_actions=allowed(case, command.actor))
    opens = case.is_final and command.action in _OPEN_AGAIN
    if not opens and not allowed_in(case.state, command.action, command.data):
        told = f"'{command.action}' cannot be done while the case is '{case.state}'."
        raise StateRefused(told, allowed_actions=allowed(case, command.actor))
    try:
        decision = _reopened(case, command, now) if opens else _carry_out(case, command, now)
        return decision if _travels(case, decision.case) else _weighed(case, decision)
    except AftercareError as fault:
        refused = fault if isinstance(fault, CommandRefused) else RuleRefused(fault.detail)
        refused.extra.setdefault("allowed_actions", allowed(case, command.actor))
        raise refused from None


def _travels(before: Case, after: Case) -> bool:
    """Whether a case surely is small enough to travel whole from one run to the next.

    Weighing a case takes longer than deciding, so its weight is counted up, and measured only when that comes near.
    """
    return before.weight > 0 and after.weight <= LARGEST and not _much_money(before, after)


def _weighed(before: Case, decision: Decision) -> Decision:
    """The decision with the case's real weight. Raises RuleRefused for words that would make it too large to travel.

    What moves it on, and what adds next to nothing, is not refused: a full case can still be brought to its end.
    """
    after, weight = decision.case, _size(decision.case)
    if weight > LARGEST and after.state is before.state and weight > _size(before) + NEXT_TO_NOTHING:
        raise RuleRefused("The case holds as much as a case can: open another one for what is new, and link it.")
    return decision.model_copy(update={"case": after.model_copy(update={"weight": weight})})


def _much_money(before: Case, after: Case) -> bool:
    """Whether a plan or payouts of a long order have changed, which are as long as the order."""
    units = len(after.order.pots.units) if after.order else 0
    grown = after.plan is not before.plan or after.payouts is not before.payouts or after.stock is not before.stock
    return units > 50 and grown


def _size(case: Case) -> int:
    return len(case.model_dump_json().encode())


def _carry_out(case: Case, command: Command, now: datetime, opened_again: bool = False) -> Decision:
    data = parse_data(command)
    if command.action is Action.RETRY and case.failing_step in _AUTOMATIC:
        return _tried_again(case, command, now)
    draft = Draft(_with_pots(case, command), command.actor, now)
    draft.facts.opened_again = opened_again
    HANDLERS[command.action](draft, data)
    target = next_state(draft.facts, command.action)
    if target is State.AWAITING_APPROVAL and case.state is not target:
        draft = _only_asked_for(draft, command, _with_pots(case, command))
    _go(draft, command, target)
    draft.remember(command)
    draft.set(weight=case.weight + MOST_BESIDES + 4 * len(repr(command.data)))
    return draft.done()


def _tried_again(case: Case, command: Command, now: datetime) -> Decision:
    """T12 `step_failing`: what a rule forbade is tried once more; if it is still forbidden nobody is told anew.

    A case that has moved on meanwhile, or whose deadline was moved, has no use for the step any more.
    """
    draft = Draft(case, command.actor, now)
    draft.record(command.action, note_of(command), {"step": case.failing_step})
    step = Action(str(case.failing_step))
    if allowed_in(case.state, step) and case.due_at is not None and case.due_at <= now:
        _by_itself(draft, step, aloud=False)
    else:
        draft.set(failing_step=None)
    draft.remember(command)
    draft.set(weight=case.weight + MOST_BESIDES)
    return draft.done()


def _only_asked_for(draft: Draft, command: Command, before: Case) -> Draft:
    """What needs approval is not true yet: of all that the command would do, only that it was asked for is kept."""
    plan = draft.case.plan if command.action is Action.CHOOSE_REMEDY else None
    amount = plan.refund + plan.freight_reimbursement if plan else 0
    if command.action is Action.COMPENSATE:
        amount = draft.minor(command.data["amount"], "amount")
    if command.action is Action.SETTLE_DEPOSIT:
        amount = draft.minor(command.data["keep"], "keep")
    kept = command.model_copy(update={"order_pots": None, "case_version": None})
    asked = Draft(before, command.actor, draft.now)
    shown = plan.preview_id if plan else None
    asked.set(pending=Pending(command=kept, came_from=before.state, amount=amount, preview_id=shown))
    asked.tell("manager", "Something above an agent's limit waits for your decision.")
    return asked


def _with_pots(case: Case, command: Command) -> Case:
    """The case with the order's pots as the desk has just read them, where it did."""
    if command.order_pots is None or case.order is None:
        return case
    return case.model_copy(update={"order": case.order.model_copy(update={"pots": command.order_pots})})


def _go(draft: Draft, command: Command, target: State) -> None:
    """Follow the arrow: record it, move, and do what entering the new state brings with it."""
    source = draft.case.state
    moved = target is not source or command.action is Action.INVESTIGATE
    data = {key: value for key, value in command.data.items() if key not in _DESK_ONLY}
    draft.record(command.action, note_of(command), data, source, target if moved else None)
    if moved:
        draft.set(came_from=source)
        if target in FINAL:
            draft.meet(command.action, target)  # the end of the case would only cancel what it has just met
        draft.move(target)
    if moved and target is State.REPAIRING:
        begin_repair(draft)
    if target in _EXECUTING:
        begins = moved if draft.case.plan is None else not draft.case.executed
        execute_plan(draft)
        if draft.case.as_credit:
            pay_as_credit(draft)
        if begins:  # what is done beside the road, such as settling the invoice, does not open it again
            open_invoice(draft, draft.case.remedy or "none")
        recover(draft)
    if target in FINAL and source not in FINAL:
        draft.tell("owner", f"The case is {target}.")
    elsewhere = moved or command.action in (Action.CHANGE_KIND, Action.REBASE_PLAYBOOK)
    draft.happened(command.action, *((target,) if elsewhere else ()))


def note_of(command: Command) -> str | None:
    """The words of a command that people want to read in the timeline."""
    for key in _WORDS:
        if isinstance(words := command.data.get(key), str):
            return words
    return None


_WORDS = ("note", "reason", "text", "words", "what", "report")


#: What opens a case again that is over: goods and money that come although nobody expects them any more.
_OPEN_AGAIN: Final = {
    Action.BOOK_IN: "Goods came after the case was closed.",
    Action.BOUNCE_REFUND: "Money came back after the case was closed.",
    Action.RECORD_DISPUTE: "A bank's dispute moved after the case was closed.",
}


def opens_again(action: Action) -> bool:
    """Whether an action opens a case that is over, instead of being refused."""
    return action in _OPEN_AGAIN


def _reopened(case: Case, command: Command, now: datetime) -> Decision:
    """G12: what comes after the end opens the case again, and is then taken like any other."""
    parse_data(command)
    draft = Draft(case, SYSTEM, now)
    _reopen(draft, _OPEN_AGAIN[command.action])
    first = draft.done()
    second = _carry_out(first.case, command, now, opened_again=True)
    return Decision(case=second.case, effects=first.effects.then(second.effects))


def _reopen(draft: Draft, why: str) -> None:
    follow_up.begin_again(draft)
    draft.record(Action.REOPEN, why, {}, draft.case.state, State.REQUESTED)
    draft.move(State.REQUESTED)
    draft.happened(Action.REOPEN, State.REQUESTED)


# ── opening ───────────────────────────────────────────────────────────────────────────────────────


def opened(case: Case, actor: Actor, now: datetime, note: str | None = None, given_to: str | None = None) -> Decision:
    """A new case begins: its first clocks run, and its timeline has its first line.

    `given_to` is on duty and gets it because nobody was named its owner (T11).

    Raises RuleRefused for an order of so many lines that no case can carry it.
    """
    weight = _size(case)
    if weight > LARGEST_AT_FIRST:
        raise RuleRefused("The order has more lines than a case can carry: import it as several orders.")
    draft = Draft(case.model_copy(update={"weight": weight}), actor, now)
    rules = [case.procedure.clocks[State.REQUESTED]]
    if case.procedure.first_answer:
        rules.append(case.procedure.first_answer)
    terms = (rule.for_case(case.priority, case.severity) for rule in rules)
    draft.set(clocks=tuple(started(rule, 1, now).under(case.procedure.version) for rule in terms))
    data: dict[str, Any] = {"kind": case.kind, "wanted": case.wanted, "channel": case.channel}
    draft.record(Fact.OPENED, note, data, None, State.REQUESTED)
    if given_to is not None:
        draft.set(owner=given_to)
        draft.record(Action.ASSIGN, "On duty, with the fewest due soon (T11).", {"to": given_to}, actor=SYSTEM)
        draft.tell(given_to, "A case was assigned to you.")
    draft.happened(side_clocks.OPENED, State.REQUESTED)
    if case.procedure.hold and case.order and case.order.parcel in ("unprinted", "printed"):
        draft.set(holds=(case.procedure.hold,))  # L14: the warehouse sees it before printing
        draft.tell("warehouse", f"Order {case.order.order_no}: {case.procedure.hold}.")
    return draft.done()


# ── what the commit answers ───────────────────────────────────────────────────────────────────────


def money_refused(case: Case, keys: tuple[str, ...], detail: str, pots: Pots | None, now: datetime) -> Decision:
    """The order had not that money any more: the remedy is taken back, and the agent sees the new numbers (C2, F20)."""
    if not any(payout.key in keys and payout.state not in UNDONE for payout in case.payouts):
        return Decision(case=case, repeated=True)  # whatever it was for has been taken back meanwhile
    draft = Draft(case, SYSTEM, now)
    outside = [one for one in case.payouts if one.key in keys and one.state == "done"]
    forget_payouts(draft, keys)
    if pots is not None and case.order is not None:
        draft.set(order=case.order.model_copy(update={"pots": pots}))
    if outside:
        return _booked_as_loss(draft, outside, keys, detail)
    take_back(draft, ("refund", "freight"))
    ask_no_more(draft)
    back_to = case.came_from if case.came_from in _CHOOSING else State.REQUESTED
    draft.set(executed=False, plan=None, remedy=None, offer=None, pending=None)
    draft.record(Fact.MONEY_REFUSED, detail, {"payouts": list(keys)}, case.state, back_to)
    if case.is_final:
        _reopen(draft, "Its money was refused after the end.")
    else:
        draft.move(back_to)
        draft.happened(back_to)
    draft.tell("owner", "A remedy was taken back: the order has less money left than it took.")
    return draft.done()


def _booked_as_loss(draft: Draft, outside: list[Payout], keys: tuple[str, ...], detail: str) -> Decision:
    """T21: what was paid outside is paid, whatever the order has left: what it has not is a loss."""
    for payout in outside:
        refund_outside(draft, payout.amount, payout.reference or "?")
    draft.record(Fact.MONEY_REFUSED, detail, {"payouts": list(keys)})
    return draft.done()


def short_of_stock(case: Case, missing: Items, now: datetime) -> Decision:
    """The shelf had not what was to be set aside: the case waits for it, and its owner asks the customer (G5).

    One that has not come to sending it yet goes on, and waits when it gets there.
    """
    aside = dict(missing)
    if not any(one.place == "reserved" and one.sku in aside for one in case.stock):
        return Decision(case=case, repeated=True)  # it has no use for it any more
    draft = Draft(case, SYSTEM, now)
    draft.set(stock=without(case.stock, missing), out_of_stock=True, rounds=0, agreed=None)
    draft.set(short_since=case.short_since or now)
    told = f"Not on the shelf: {', '.join(f'{quantity} × {sku}' for sku, quantity in missing)}."
    if allowed_in(case.state, Action.REPORT_SHORTAGE):
        draft.record(Action.REPORT_SHORTAGE, told, {"missing": aside}, case.state, State.AWAITING_STOCK)
        draft.set(came_from=case.state)
        draft.move(State.AWAITING_STOCK)
        draft.happened(Action.REPORT_SHORTAGE, State.AWAITING_STOCK)
    else:
        draft.record(Fact.STOCK_SHORT, told, {"missing": aside})
    draft.tell("owner", told)
    return draft.done()


def linked(case: Case, case_nos: tuple[str, ...], now: datetime) -> Decision:
    """Lines went to linked cases, whose numbers are known now."""
    if set(case_nos) <= set(case.links):
        return Decision(case=case, repeated=True)
    draft = Draft(case, SYSTEM, now)
    draft.set(links=tuple(dict.fromkeys((*case.links, *case_nos))))
    draft.record(Fact.SPLIT_OFF, f"Lines went to {', '.join(case_nos)}.", {"cases": list(case_nos)})
    return draft.done()


_CHOOSING = (State.REQUESTED, State.INVESTIGATING, State.INSPECTED, State.FAULT_CONFIRMED, State.FAULT_REFUTED)


# ── a Signal that could not be carried out ────────────────────────────────────────────────────────


def refused_signal(
    case: Case, action: str, detail: str, now: datetime, command_id: str | None = None, asked_as: str | None = None
) -> Decision:
    """A Signal has nobody to answer to: its refusal is kept in the timeline, once, and nothing else changes.

    `asked_as` is the id that the sender gave it, by which he can find the refusal.
    """
    if command_id and command_id in case.processed:
        return Decision(case=case, repeated=True)
    draft = Draft(case, SYSTEM, now)
    draft.remember_id(command_id)
    told = {"command_id": _plain(asked_as)[:200]} if asked_as else {}
    draft.record(Fact.REFUSED, _plain(detail)[:500], {"action": _plain(action)[:100], **told})
    return draft.done()


def _plain(text: str) -> str:
    """Text that every database keeps: control characters and broken surrogates as question marks."""
    return "".join(c if c.isprintable() else "?" for c in text)


# ── the passing of time ───────────────────────────────────────────────────────────────────────────


def pass_time(case: Case, now: datetime) -> Decision | None:
    """What the clocks bring about at `now`: warnings, levels, ends; None when nothing is due yet."""
    draft = Draft(case, SYSTEM, now)
    for clock, alarm in due_alarms(case, now):
        if draft.case.state is not case.state:
            break  # the end of a clock moved the case; what else was due belonged to where it was
        if _current(draft.case, clock).state == "running":
            _fire(draft, clock, alarm)
    return draft.done() if draft.case is not case else None


def say_what_is_due(case: Case, now: datetime) -> Decision | None:
    """What clocks have to say of deadlines that passed unnoticed, before anything else happens to the case (T10).

    Ends that move a case are not among it: that nobody looked in time must not cost a customer what he did meanwhile.
    """
    draft = Draft(case, SYSTEM, now)
    for clock, alarm in due_alarms(case, now):
        if clock.outcome not in _BY_OUTCOME and _current(draft.case, clock).state == "running":
            _fire(draft, clock, alarm)
    return draft.done() if draft.case is not case else None


def due_alarms(case: Case, now: datetime) -> list[tuple[Clock, Alarm]]:
    """The alarms whose time has come, earliest first."""
    due = [
        (clock, alarm)
        for clock in case.clocks
        for alarm in pending_alarms(clock)
        if fires_at(alarm, case.quiet_until) <= now
    ]
    return sorted(due, key=lambda pair: pair[1].at)


def _fire(draft: Draft, clock: Clock, alarm: Alarm) -> None:
    """One alarm, once per clock, cycle and threshold (T10)."""
    clock = _current(draft.case, clock)
    cause, since = clock.cause_of(alarm)
    late = draft.now - max(since, fires_at(alarm, draft.case.quiet_until)) > LATE
    data = {"clock": clock.clock, "cycle": clock.cycle, "alarm": alarm.name, "due_at": alarm.at.isoformat()}
    data |= {"noticed_late": late, "cause": cause}
    _mark(draft, clock.noted("breached" if alarm.name == DUE else "reached", draft.now, alarm.name, cause, late))
    if alarm.name == DUE:
        draft.record(Fact.BREACHED, f"{clock.clock} ran out.", data)
        _end_of(draft, clock, first=True)
    elif alarm.name.startswith((AGAIN, ROUND)) and _end_of(draft, clock):
        pass  # what a rule forbade when the clock ran out could be done now
    elif alarm.level is None:
        draft.record(Fact.REMINDED, f"{clock.clock} ends soon.", data)
        draft.tell("owner" if clock.apart else draft.case.waiting_for, f"{clock.clock} ends soon.")
    else:
        _climb(draft, clock, alarm, data)
    _come_back(draft, clock)


def _climb(draft: Draft, clock: Clock, alarm: Alarm, data: dict[str, Any]) -> None:
    level = alarm.level or 0
    if level == 0:
        draft.record(Fact.WARNED, f"{clock.clock} is near its end.", data)
    else:
        draft.set(escalation=max(draft.case.escalation, level))
        data = {**data, "level": level, "targets": list(alarm.targets)}
        draft.record(Fact.ESCALATED, f"{clock.clock}: {alarm.name}.", data)
    for target in alarm.targets:
        draft.tell(target, f"{clock.clock}: {alarm.name}.", level, alarm.channels)


def _come_back(draft: Draft, clock: Clock) -> None:
    """After its last alarm a clock comes back, so that no open case is ever without one (T12).

    The chain's next turn, and the hours in which people may be called, are for the commit to compute.
    """
    clock = _current(draft.case, clock)
    if clock.state == "running" and clock.alarms is not None and not pending_alarms(clock):
        chain = draft.case.procedure.escalation
        another = with_another_day(clock, chain, draft.now) if chain.plain else None
        _mark(draft, another or clock.model_copy(update={"alarms": None}))


def skipped(case: Case, unheard: Iterable[Unheard], now: datetime) -> Decision:
    """T8: a level with nobody on duty is skipped at once: the fact is kept, and the next level is told now."""
    draft = Draft(case, SYSTEM, now)
    for alarm in unheard:
        if alarm.clock is None:
            _handed_up(draft, alarm)
        else:
            _skip(draft, alarm)
    return draft.done() if draft.case is not case else Decision(case=case, repeated=True)


def _skip(draft: Draft, alarm: Unheard) -> None:
    clock = next((c for c in draft.case.clocks if (c.clock, c.cycle) == (alarm.clock, alarm.cycle)), None)
    if clock is None or clock.state != "running" or alarm.alarm not in clock.reached:
        return
    data = {"clock": clock.clock, "cycle": clock.cycle, "alarm": alarm.alarm}
    draft.record(Fact.SKIPPED, f"{clock.clock}: nobody is on duty for {alarm.alarm}.", data)
    following = next_level(clock, alarm.alarm)
    if following is not None:
        _fire(draft, clock, following)


def _handed_up(draft: Draft, alarm: Unheard) -> None:
    """What a person handed to somebody who is not there goes to the next one above."""
    next_up = waiting.above(alarm.alarm)
    draft.record(Fact.SKIPPED, f"No {alarm.alarm} is on duty.", {"alarm": alarm.alarm})
    if next_up is not None:
        level = waiting.LADDER.index(next_up) + 1
        draft.set(escalation=max(draft.case.escalation, level))
        draft.tell(next_up, "Handed up; nobody below is on duty.", level)


def _end_of(draft: Draft, clock: Clock, first: bool = False) -> bool:
    """What the end of a clock does (contract, states): it escalates by its levels, or it moves the case.

    Answers whether the case took a step.
    """
    if clock.outcome == "search" and first:
        draft.record(Fact.SEARCH_OPENED, "The parcel did not come in time: ask the courier (G14).")
    for action in _BY_OUTCOME.get(clock.outcome, ()):
        if allowed_in(draft.case.state, action):
            return _by_itself(draft, action)
    return False


_BY_OUTCOME = {
    "close": (Action.CLOSE,),
    "decline": (Action.DECLINE_OFFER, Action.DECLINE_QUOTE),
    "try_again": (Action.MISS_CALLBACK,),
}


_AUTOMATIC = frozenset(action.value for actions in _BY_OUTCOME.values() for action in actions)


def _by_itself(draft: Draft, action: Action, aloud: bool = True) -> bool:
    """A step that the clock takes; one that a rule forbids now is recorded, and somebody is told."""
    data = {"reason": "No answer in time."} if action is Action.CLOSE else {"note": "No answer in time."}
    command = Command(action=action, actor=SYSTEM, data=data)
    step = Draft(draft.case, SYSTEM, draft.now)
    try:
        HANDLERS[action](step, parse_data(command))
        target = next_state(step.facts, action)
    except AftercareError as refused:
        draft.set(failing_step=action.value)
        if aloud:
            draft.record(Fact.REFUSED, refused.detail, {"action": action.value})
            draft.tell("owner", f"'{action}' could not be done by itself: {refused.detail}"[:200])
        return False
    _go(step, command, target)
    draft.take_over(step)
    draft.set(failing_step=None)
    return True


def _current(case: Case, clock: Clock) -> Clock:
    return next(c for c in case.clocks if (c.clock, c.cycle) == (clock.clock, clock.cycle))


def _mark(draft: Draft, changed: Clock) -> None:
    same = (changed.clock, changed.cycle)
    draft.set(clocks=tuple(changed if (c.clock, c.cycle) == same else c for c in draft.case.clocks))


# ── what can be done now ──────────────────────────────────────────────────────────────────────────


def allowed(case: Case, actor: Actor) -> list[str]:
    """The actions that have an arrow from here for this role."""
    return [a.value for a in actions_in(case.state) if may(actor.role, a)]
