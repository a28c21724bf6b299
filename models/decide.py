"""What a command, or the passing of time, makes of a case: pure, and the same every time it is asked.

`decide` checks in the contract's order (role, state, data, rules), `pass_time` lets the clocks speak, and `actions`
answers what is allowed now and why not. None of them reads a clock or touches the world.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

# The rooms register their handlers when they are imported.
from models.actions import HANDLERS, beside, diagnosis, follow_up, goods, remedy, request  # noqa: F401
from models.actions.payouts import execute_plan, forget_payouts
from models.case import Case, Pending
from models.clocks import DAILY, DUE, Alarm, Clock, fires_at, pending_alarms, started
from models.commands import Actor, Command, parse_data
from models.draft import Draft
from models.effects import Decision
from models.errors import CommandRefused, RoleRefused, StateRefused
from models.events import SYSTEM, Fact
from models.lifecycle import FINAL, Action, Role, State, actions_in, allowed_in, may, next_state
from models.pots import Pots

#: States in which a plan's money is set on its way.
_EXECUTING = frozenset({State.REFUNDING, State.EXCHANGING, State.REPAIRING, State.RETURNING_GOODS, State.VISITING})
#: An alarm that fires this long after its time was noticed late, and is recorded so (T10).
LATE = timedelta(seconds=60)


def decide(case: Case, command: Command, now: datetime) -> Decision:
    """The case after a command, and what is to be written. Raises CommandRefused, having changed nothing.

    A command id that the case knows already changes nothing and answers `repeated` (contract, idempotency).
    """
    if command.command_id and command.command_id in case.processed:
        return Decision(case=case, repeated=True)
    if not may(command.actor.role, command.action):
        told = f"'{command.actor.role}' may not '{command.action}'."
        raise RoleRefused(told, allowed_actions=allowed(case, command.actor))
    if command.action is Action.BOOK_IN and case.is_final:
        return _reopened_by_goods(case, command, now)
    if not allowed_in(case.state, command.action):
        told = f"'{command.action}' cannot be done while the case is '{case.state}'."
        raise StateRefused(told, allowed_actions=allowed(case, command.actor))
    return _carry_out(case, command, now)


def _carry_out(case: Case, command: Command, now: datetime) -> Decision:
    data = parse_data(command)
    draft = Draft(_with_pots(case, command), command.actor, now)
    try:
        HANDLERS[command.action](draft, data)
        target = next_state(draft.facts, command.action)
    except CommandRefused as refused:
        refused.extra.setdefault("allowed_actions", allowed(case, command.actor))
        raise
    _go(draft, command, target)
    draft.remember(command)
    return draft.done()


def _with_pots(case: Case, command: Command) -> Case:
    """The case with the order's pots as the desk has just read them, where it did."""
    if command.order_pots is None or case.order is None:
        return case
    return case.model_copy(update={"order": case.order.model_copy(update={"pots": command.order_pots})})


def _go(draft: Draft, command: Command, target: State) -> None:
    """Follow the arrow: record it, move, and do what entering the new state brings with it."""
    source = draft.case.state
    moved = target is not source or command.action is Action.INVESTIGATE
    if target is State.AWAITING_APPROVAL and moved:
        _ask_for_approval(draft, command, source)
    draft.record(command.action, note_of(command), command.data, source, target if moved else None)
    if not moved:
        return
    draft.set(came_from=source)
    draft.move(target)
    if target in _EXECUTING:
        execute_plan(draft)
    if target in FINAL and source not in FINAL:
        draft.tell("owner", f"The case is {target}.")


def _ask_for_approval(draft: Draft, command: Command, source: State) -> None:
    plan = draft.case.plan
    amount = plan.refund + plan.freight_reimbursement if plan else 0
    kept = command.model_copy(update={"order_pots": None})
    draft.set(pending=Pending(command=kept, came_from=source, amount=amount))
    draft.tell("manager", "Something above an agent's limit waits for your decision.")


def note_of(command: Command) -> str | None:
    """The words of a command that people want to read in the timeline."""
    words = (command.data.get(key) for key in ("note", "reason", "text", "words", "what", "report"))
    return next((w for w in words if isinstance(w, str)), None)


def _reopened_by_goods(case: Case, command: Command, now: datetime) -> Decision:
    """G12: goods that come after the end open the case again, and are then booked in like any others."""
    parse_data(command)
    draft = Draft(case, SYSTEM, now)
    draft.set(reopened=case.reopened + 1, **follow_up.FRESH)
    draft.record(Action.REOPEN, "Goods came after the case was closed.", {}, case.state, State.REQUESTED)
    draft.move(State.REQUESTED)
    first = draft.done()
    second = _carry_out(first.case, command, now)
    return Decision(case=second.case, effects=first.effects.then(second.effects))


# ── opening ───────────────────────────────────────────────────────────────────────────────────────


def opened(case: Case, actor: Actor, now: datetime, note: str | None = None) -> Decision:
    """A new case begins: its first clocks run, and its timeline has its first line."""
    draft = Draft(case, actor, now)
    rules = [case.procedure.clocks[State.REQUESTED]]
    if case.procedure.first_answer:
        rules.append(case.procedure.first_answer)
    draft.set(clocks=tuple(started(rule, 1, now) for rule in rules))
    data: dict[str, Any] = {"kind": case.kind, "wanted": case.wanted, "channel": case.channel}
    draft.record(Fact.OPENED, note, data, None, State.REQUESTED)
    return draft.done()


# ── what the commit answers ───────────────────────────────────────────────────────────────────────


def money_refused(case: Case, keys: tuple[str, ...], detail: str, pots: Pots | None, now: datetime) -> Decision:
    """The order had not that money any more: the remedy is taken back, and the agent sees the new numbers (C2, F20)."""
    draft = Draft(case, SYSTEM, now)
    forget_payouts(draft, keys)
    if pots is not None and case.order is not None:
        draft.set(order=case.order.model_copy(update={"pots": pots}))
    back_to = case.came_from if case.came_from in _CHOOSING else State.REQUESTED
    draft.set(executed=False, plan=None, remedy=None)
    draft.record(Fact.MONEY_REFUSED, detail, {"payouts": list(keys)}, case.state, back_to)
    draft.move(back_to)
    draft.tell("owner", "A remedy was taken back: the order has less money left than it took.")
    return draft.done()


def linked(case: Case, case_nos: tuple[str, ...], now: datetime) -> Decision:
    """Lines went to linked cases, whose numbers are known now."""
    draft = Draft(case, SYSTEM, now)
    draft.set(links=tuple(dict.fromkeys((*case.links, *case_nos))))
    draft.record(Fact.SPLIT_OFF, f"Lines went to {', '.join(case_nos)}.", {"cases": list(case_nos)})
    return draft.done()


_CHOOSING = (State.REQUESTED, State.INVESTIGATING, State.INSPECTED, State.FAULT_CONFIRMED, State.FAULT_REFUTED)


# ── a Signal that could not be carried out ────────────────────────────────────────────────────────


def refused_signal(case: Case, action: str, detail: str, now: datetime) -> Decision:
    """A Signal has nobody to answer to: its refusal is kept in the timeline, and nothing else changes."""
    draft = Draft(case, SYSTEM, now)
    draft.record(Fact.REFUSED, detail[:500], {"action": _plain(action)[:100]})
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
        _fire(draft, clock, alarm)
    return draft.done() if draft.case is not case else None


def due_alarms(case: Case, now: datetime) -> list[tuple[Clock, Alarm]]:
    """The alarms whose time has come, earliest first."""
    due = [
        (clock, alarm)
        for clock in case.clocks
        for alarm in pending_alarms(clock)
        if fires_at(alarm, case.acknowledged_until) <= now
    ]
    return sorted(due, key=lambda pair: pair[1].at)


def _fire(draft: Draft, clock: Clock, alarm: Alarm) -> None:
    """One alarm, once per clock, cycle and threshold (T10)."""
    clock = _current(draft.case, clock)
    late = draft.now - alarm.at > LATE
    data = {"clock": clock.clock, "cycle": clock.cycle, "due_at": alarm.at.isoformat(), "noticed_late": late}
    _mark(draft, clock.noted("breached" if alarm.name == DUE else "reached", draft.now, alarm.name))
    if alarm.name == DUE:
        draft.record(Fact.BREACHED, f"{clock.clock} ran out.", data)
        _end_of(draft, clock)
    elif alarm.level is None:
        draft.record(Fact.REMINDED, f"{clock.clock} ends soon.", data)
        draft.tell(draft.case.waiting_for, f"{clock.clock} ends soon.")
    else:
        _climb(draft, clock, alarm, data)


def _climb(draft: Draft, clock: Clock, alarm: Alarm, data: dict[str, Any]) -> None:
    level = alarm.level or 0
    if level == 0:
        draft.record(Fact.WARNED, f"{clock.clock} is near its end.", data)
    else:
        draft.set(escalation=max(draft.case.escalation, level))
        draft.record(Fact.ESCALATED, f"{clock.clock}: {alarm.name}.", {**data, "level": level})
    for target in alarm.targets:
        draft.tell(target, f"{clock.clock}: {alarm.name}.", level)
    _repeat_daily(draft, clock, alarm)


def _repeat_daily(draft: Draft, clock: Clock, alarm: Alarm) -> None:
    """After the last level the alarm comes back every day, so that no open case is ever without one (T12)."""
    clock = _current(draft.case, clock)
    if clock.state != "running" or pending_alarms(clock) or not alarm.level:
        return
    times = 1 + sum(a.name.startswith("again") for a in clock.alarms or ())
    again = Alarm(name=f"again {times}", at=draft.now + DAILY, level=alarm.level, targets=alarm.targets)
    _mark(draft, clock.model_copy(update={"alarms": (*(clock.alarms or ()), again)}))


def _end_of(draft: Draft, clock: Clock) -> None:
    """What the end of a clock does (contract, states): it escalates by its levels, or it moves the case."""
    if clock.outcome == "search":
        draft.record(Fact.SEARCH_OPENED, "The parcel did not come in time: ask the courier (G14).")
    elif clock.outcome in ("close", "decline", "try_again"):
        for action in _BY_OUTCOME[clock.outcome]:
            if allowed_in(draft.case.state, action):
                _by_itself(draft, action)
                return


_BY_OUTCOME = {
    "close": (Action.CLOSE,),
    "decline": (Action.DECLINE_OFFER, Action.DECLINE_QUOTE),
    "try_again": (Action.MISS_CALLBACK,),
}


def _by_itself(draft: Draft, action: Action) -> None:
    """A step that the clock takes; one that a rule forbids now is recorded, and somebody is told."""
    data = {"reason": "No answer in time."} if action is Action.CLOSE else {"note": "No answer in time."}
    command = Command(action=action, actor=SYSTEM, data=data)
    step = Draft(draft.case, SYSTEM, draft.now)
    try:
        HANDLERS[action](step, parse_data(command))
        target = next_state(step.facts, action)
    except CommandRefused as refused:
        draft.set(failing_step=action.value)
        draft.record(Fact.REFUSED, refused.detail, {"action": action.value})
        draft.tell("owner", f"'{action}' could not be done by itself: {refused.detail}"[:200])
        _ask_again_tomorrow(draft)
        return
    _go(step, command, target)
    draft.take_over(step)


def _ask_again_tomorrow(draft: Draft) -> None:
    clock = draft.case.state_clock
    if clock is not None and not pending_alarms(clock):
        times = 1 + sum(a.name.startswith("again") for a in clock.alarms or ())
        again = Alarm(name=f"again {times}", at=draft.now + DAILY, level=1, targets=("owner",))
        _mark(draft, clock.model_copy(update={"alarms": (*(clock.alarms or ()), again)}))


def _current(case: Case, clock: Clock) -> Clock:
    return next(c for c in case.clocks if (c.clock, c.cycle) == (clock.clock, clock.cycle))


def _mark(draft: Draft, changed: Clock) -> None:
    same = (changed.clock, changed.cycle)
    draft.set(clocks=tuple(changed if (c.clock, c.cycle) == same else c for c in draft.case.clocks))


# ── what can be done now ──────────────────────────────────────────────────────────────────────────


def allowed(case: Case, actor: Actor) -> list[str]:
    """The actions that have an arrow from here for this role."""
    return [a.value for a in actions_in(case.state) if may(actor.role, a)]


def actions(case: Case, role: Role | None = None) -> Iterator[dict[str, Any]]:
    """For every action whether it is allowed now for `role` (or for anybody), and if not, why."""
    for action in Action:
        reasons = []
        if not allowed_in(case.state, action):
            reasons.append(f"not while the case is '{case.state}'")
        if role is not None and not may(role, action):
            reasons.append(f"not by '{role}'")
        yield {"action": action.value, "allowed": not reasons, "reasons": reasons}
