"""Where the steps of a playbook lead, by the table of arrows: which states they reach, and which of those have an end.

Guards are asked as far as a step settles what they read (its remedy, whether its answer is final); whatever else they
read can be either way, so every arrow that could hold is followed.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from models.lifecycle import ARROWS, FINAL, OPEN, WAITS_FOR, Action, Arrow, Facts, Guard, Role, State, allowed_in, may
from models.playbook import Playbook
from models.procedure.playbook_parts import Outcome
from models.procedure.steps import Step

#: In each open state the steps that can come, in their order.
Live = Mapping[State, list[Step]]

A = Action
#: What anybody may do at any time is no road of the playbook: it would be a way out of every trap.
_AT_WILL = frozenset({A.WITHDRAW, A.CLOSE, A.REOPEN, A.CORRECT, A.PLATFORM_RULING, A.REJECT})
#: An option that is called otherwise than the remedy it comes to.
_AS_REMEDY = {"answer": "none"}
_BY_CLOCK: Mapping[Outcome, tuple[Action, ...]] = {
    "close": (A.CLOSE,),
    "decline": (A.DECLINE_OFFER, A.DECLINE_QUOTE),
    "try_again": (A.MISS_CALLBACK,),
}
#: Roles that a state can wait for besides the one that the table names.
_IN_TURN: Mapping[State, tuple[Role, ...]] = {
    State.RETURN_IN_TRANSIT: (Role.WAREHOUSE,),
    State.AWAITING_PAYMENT: (Role.FINANCE,),
    State.REFUNDING: (Role.CUSTOMER,),
}


# ── which step comes when ─────────────────────────────────────────────────────────────────────────


def covers(earlier: Step, later: Step) -> bool:
    """Whether `earlier` holds in every situation of `later`: it asks the same or less."""
    for name, asked in earlier.when.items():
        told = later.when.get(name)
        if told is None or not set(told) <= set(asked):
            return False
    return True


def unreachable(steps: Iterable[Step]) -> Iterator[tuple[int, int]]:
    """The steps that never come because earlier ones always hold first, each with the last of those."""
    before: dict[State, list[tuple[int, Step]]] = {}
    for number, step in enumerate(steps):
        hiding = [_first_covering(before.get(state, ()), step) for state in step.states]
        if hiding and None not in hiding:
            yield number, max(hider for hider in hiding if hider is not None)
        for state in step.states:
            before.setdefault(state, []).append((number, step))


def _first_covering(earlier: Iterable[tuple[int, Step]], step: Step) -> int | None:
    return next((number for number, other in earlier if covers(other, step)), None)


def live_steps(playbook: Playbook) -> Live:
    """The steps that can come in each open state, in the order of reading, as far as no earlier one hides them."""
    live: dict[State, list[Step]] = {state: [] for state in OPEN}
    legal = legal_of(playbook)
    for step in (*playbook.first_steps, *playbook.steps, *playbook.general_steps):
        if legal.isdisjoint(step.when.get("legal", legal)):
            continue
        for state in step.states:
            earlier = live.get(state)
            if earlier is not None and not any(covers(other, step) for other in earlier):
                earlier.append(step)
    return live


def legal_of(playbook: Playbook) -> frozenset[str]:
    """What a customer can ever insist on under the playbook's law."""
    ladder = playbook.procedure.law.ladder
    if not ladder:
        return frozenset({"none"})
    return frozenset({"none", "exchange", "refund"}).union(*(step.choices for step in ladder))


# ── where an action leads ─────────────────────────────────────────────────────────────────────────


class _Asked:
    """Facts that write down what a guard reads."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> bool:
        self.names.add(name)
        return True


@cache
def _read_by(guard: Guard) -> frozenset[str]:
    asked = _Asked()
    guard(asked)  # type: ignore[arg-type]
    return frozenset(asked.names)


@cache
def leads_to(state: State, action: Action, settled: tuple[tuple[str, Any], ...] = ()) -> frozenset[State]:
    """Where `action` can lead from `state` when these facts are settled."""
    facts, known = Facts(state, **dict(settled)), {name for name, _ in settled}
    found: set[State] = set()
    for arrow in ARROWS:
        if arrow.action is action and state in arrow.sources and _possible(arrow, facts, known):
            found.add(arrow.target or state)
    return frozenset(found)


def _possible(arrow: Arrow, facts: Facts, known: set[str]) -> bool:
    return arrow.guard is None or not _read_by(arrow.guard) <= known or arrow.guard(facts)


def remedies_of(step: Step) -> tuple[str, ...]:
    """The remedies that a step proposes: as the remedy to choose, as options of an offer, or as an answer for good."""
    if step.do is A.CHOOSE_REMEDY and isinstance(step.data.get("remedy"), str):
        return (step.data["remedy"],)
    if step.do is A.ANSWER and step.data.get("final") is True:
        return ("none",)
    if step.do is not A.MAKE_OFFER:
        return ()
    options = step.data.get("options")
    told = [option.get("type") for option in options if isinstance(option, dict)] if isinstance(options, list) else []
    alone = ["keep_it"] if "amount" in step.data else []
    return tuple(_AS_REMEDY.get(kind, kind) for kind in (*told, *alone) if isinstance(kind, str))


def _ways_of(step: Step, state: State, playbook: Playbook) -> frozenset[State]:
    if step.do is None or not allowed_in(state, step.do):
        return frozenset()
    if step.do is A.CHOOSE_REMEDY:
        chosen = remedies_of(step) or playbook.procedure.remedies
        return frozenset().union(*(leads_to(state, step.do, (("remedy", remedy),)) for remedy in chosen))
    if step.do is A.ANSWER:
        return leads_to(state, step.do, (("final_answer", step.data.get("final") is True),))
    return leads_to(state, step.do)


@cache
def _others_do(state: State) -> frozenset[State]:
    """Where those for whom a state waits can take it, us at the desk excepted: for us the steps speak.

    Whoever is asked in an investigation can be counted on for an answer, and not for goods that come by chance.
    """
    if state is State.INVESTIGATING:
        return leads_to(state, A.REPORT_FINDING)
    roles = [Role(WAITS_FOR[state]), *_IN_TURN.get(state, ())]
    roles = [role for role in roles if role is not Role.AGENT]
    actions = [a for a in Action if a not in _AT_WILL and allowed_in(state, a) and any(may(r, a) for r in roles)]
    return frozenset().union(*(leads_to(state, action) for action in actions))


@cache
def _clock_does(state: State, outcome: Outcome) -> frozenset[State]:
    return frozenset().union(*(leads_to(state, action) for action in _BY_CLOCK.get(outcome, ())))


def ordinary(playbook: Playbook, live: Live) -> Live:
    """The live steps without the first ones: those come in odd situations only, and are a way out of no trap."""
    return {state: [step for step in steps if step not in playbook.first_steps] for state, steps in live.items()}


def roads(playbook: Playbook, live: Live) -> dict[State, frozenset[State]]:
    """From each open state, where the steps that can come, the others and the clocks can take a case."""
    clocks = playbook.procedure.clocks
    found: dict[State, frozenset[State]] = {}
    for state in OPEN:
        ways = _others_do(state).union(*(_ways_of(step, state, playbook) for step in live[state]))
        rule = clocks.get(state)
        found[state] = (ways | _clock_does(state, rule.outcome) if rule else ways) - {state}
    return found


def reached(ways: Mapping[State, frozenset[State]], start: State = State.REQUESTED) -> frozenset[State]:
    """The states that can be come to from the start."""
    found, waiting = {start}, [start]
    while waiting:
        for state in ways.get(waiting.pop(), frozenset()) - found:
            found.add(state)
            waiting.append(state)
    return frozenset(found)


def trapped(
    ways: Mapping[State, frozenset[State]], leading_out: Mapping[State, frozenset[State]] | None = None
) -> frozenset[State]:
    """The open states that are reached, and from which no end can be; of the ways, those `leading_out` count for it."""
    out = ways if leading_out is None else leading_out
    good = set(FINAL)
    while more := {state for state, targets in out.items() if state not in good and targets & good}:
        good |= more
    return reached(ways) - good
