"""A case that goes where its playbook proposes: we do what the next step says, and everybody else answers by lot.

Nothing is invented: each step is carried out through `decide()`. What a step leaves open is filled in as people would,
by the tables of `people`; what others do (find, choose, ship, stay silent) is drawn from a seed, so that every walk can
be walked again.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from api.procedure.script_values import script_values
from models.case import Case
from models.commands import Actor, Command
from models.decide import decide, opened, pass_time
from models.effects import Decision
from models.errors import CommandRefused
from models.lifecycle import Action, Role, State, may
from models.next_step import next_step
from models.playbook import Playbook
from models.procedure.situation import Situation
from models.procedure.steps import Step
from models.time.arming import arm
from tests.builders import NOW
from tests.models.story import CAST
from tests.playbooks.beginnings import Setting, begun, book_of
from tests.playbooks.people import FILLED, OTHERS, WAYBILL, Data, nothing
from tests.shipped import shipped

A, S = Action, State

#: Our own people at the desk: what they do is proposed to them, and does not count as somebody else's answer.
DESK = frozenset({Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR})
#: What somebody at the desk enters for somebody else, who has answered.
HEARD = frozenset({A.REPORT_FINDING, A.COMPLETE_CALLBACK, A.SUBMIT_EVIDENCE})
#: What is done again on purpose: a call that reached nobody, on another day (T17).
AGAIN = frozenset({A.MISS_CALLBACK})
#: After so many turns the others come to an end: they accept, find, deliver and are content.
PATIENCE, MOST_TURNS = 30, 70
#: So many steps of ours in a row without anybody's answer are a circle.
MOST_IN_A_ROW = 9


@dataclass
class Walk:
    """A case on its way, everything it met, and what went wrong."""

    setting: Setting
    playbook: Playbook | None = None  # another than the shipped one of the setting
    lot: Random = field(init=False)
    stubborn: bool = field(init=False)  # a customer who always asks for more
    case: Case = field(init=False)
    book: Playbook = field(init=False)
    now: datetime = NOW
    turn: int = 0
    own: int = 0
    last: tuple[str, int] | None = None
    changed_to: str | None = None
    steps: set[tuple[str, int]] = field(default_factory=set)
    remedies: set[tuple[str, str]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    road: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lot = Random(repr(self.setting))
        self.stubborn = self.lot.random() < 0.1
        setting = self.setting
        self.book = self.playbook or book_of(setting.kind, setting.subcategory, setting.country)
        self._take(opened(begun(setting, self.lot, self.book), Actor(id="li", role=Role.AGENT), NOW))

    @property
    def late(self) -> bool:
        return self.turn > PATIENCE

    @property
    def over(self) -> bool:
        return self.case.is_final or self.changed_to is not None

    def to_the_end(self) -> "Walk":
        """Follow the proposals until the case is over, or something went wrong."""
        while not self.over and not self.wrong:
            self.turn += 1
            if self.turn > MOST_TURNS:
                self.wrong.append("no end")
                break
            number, step = self._next()
            self._is_told_in_full(step)
            if step.do is None or self._somebody_else_comes_first(step):
                self._others(step)
            else:
                self._follow(number, step)
        return self

    # ── one step ──

    def _next(self) -> tuple[int, Step]:
        facts = Situation(self.case, self.book, self.now)
        for number, step in enumerate(self.book.all_steps, start=-len(self.book.first_steps)):
            if step.holds(self.case.state, facts):
                self.steps.add((self.case.kind, number))
                return number, step
        raise AssertionError(f"no step in {self.case.state}")

    def _is_told_in_full(self, step: Step) -> None:
        """Text, reason, date, what happens otherwise, and the script that it names, in both languages."""
        values = script_values(self.case, shipped().shop, "王小明")
        told = next_step(self.case, self.book, self.now, values)
        assert told is not None
        for name in ("text", "why", "otherwise"):
            if set(told[name] or ()) != {"zh", "en"} or not all(told[name].values()):
                self.wrong.append(f"no {name}: {step.en}")
        if not told["until"]:
            self.wrong.append(f"no date: {step.en}")
        if told["script_name"] and set(told["script"] or ()) != {"zh", "en"}:
            self.wrong.append(f"script {told['script_name']} has a hole in {self.case.state}: {step.en}")

    def _somebody_else_comes_first(self, step: Step) -> bool:
        if self._role(step) not in DESK or self.late:
            return False
        return self.lot.random() < (0.3 if self._sends_it_anyway else 0.06)

    def _role(self, step: Step) -> Role:
        assert step.do is not None
        who = step.who or self.case.waiting_for
        if who in tuple(Role) and may(Role(who), step.do):
            return Role(who)
        if who in tuple(Role):
            self.wrong.append(f"{who} may not {step.do} in {self.case.state}: {step.en}")
        return Role.AGENT if may(Role.AGENT, step.do) else Role.WAREHOUSE

    def _follow(self, number: int, step: Step) -> None:
        assert step.do is not None
        role = self._role(step)
        action, data = FILLED.get(step.do, nothing)(self, step)
        if role in DESK and action not in HEARD:
            self._one_more_of_ours((self.case.kind, number), action, step)
        else:
            self.own, self.last = 0, None
        self.does(role if may(role, action) else Role.AGENT, action, data, step)

    def _one_more_of_ours(self, here: tuple[str, int], action: Action, step: Step) -> None:
        """What we are proposed leads on: never the same again at once, and never on and on without an answer."""
        if self.last == here and action is step.do and action not in AGAIN:
            self.wrong.append(f"proposed again at once in {self.case.state}: {step.en}")
        self.last, self.own = here, self.own + 1
        if self.own > MOST_IN_A_ROW:
            self.wrong.append(f"{self.own} steps without anybody's answer: {self.road[-6:]}")

    def does(self, role: Role, action: Action, data: Data, step: Step | None = None) -> bool:
        """Somebody does something; a refusal of what was proposed is wrong, others just do something else."""
        command = Command(action=action, actor=Actor(id=CAST[role.value], role=role), data=data)
        try:
            decision = decide(self.case, command, self.now)
        except CommandRefused as refused:
            if step is not None:
                self.wrong.append(f"refused {action} in {self.case.state}: {refused.detail} | {step.en} | {data}")
            return False
        self.road.append(f"{self.case.state.value}: {role.value} {action.value} {_short(data)}")
        before = self.case.kind
        self._take(decision)
        if action is A.CHANGE_KIND:
            self._changed(before)
        return True

    def _changed(self, before: str) -> None:
        if self.case.kind != before:
            self.changed_to = self.case.kind
        else:
            procedure = self.case.procedure
            self.book = shipped().get(self.case.kind).with_changes(procedure.subcategory, procedure.variants)

    def _take(self, decision: Decision) -> None:
        self.case = arm(decision.case, shipped().calendars)
        if self.case.state is S.RESOLVED and self.case.remedy:
            self.remedies.add((self.case.kind, self.case.remedy))

    # ── the others ──

    def _others(self, step: Step) -> None:
        self.own, self.last = 0, None
        state = self.case.state
        if not self.late and self.lot.random() < 0.03:
            self.does(Role.CUSTOMER, A.CUSTOMER_MESSAGE, {"text": "还在吗"})
            return
        if not self.late and self._something_beside():
            return
        choices = list(OTHERS.get(state, ()))
        if not choices:
            self.does(Role.CUSTOMER, A.CUSTOMER_MESSAGE, {"text": "还在吗"})
            return
        if not self.late:
            self.lot.shuffle(choices)
        for act in choices:
            if act(self):
                return
        if step.do is None:
            self.wrong.append(f"nobody could do anything in {state}: {step.en}")

    def _something_beside(self) -> bool:
        """Goods sent unasked (G12), another order in a hurry (G13), or the new one before the old is back (G5)."""
        case, drawn = self.case, self.lot.random()
        if case.order is None:
            return False
        unasked = 0.9 if self._sends_it_anyway else 0.05
        if drawn < unasked and case.goods == "customer" and not self._lives_before_delivery:
            return self.does(Role.CUSTOMER, A.SHIP_RETURN, {**WAYBILL, "freight": "12.00"})
        if drawn > 0.75 and case.state in (S.REQUESTED, S.INVESTIGATING) and case.procedure.advance_exchange:
            return self.does(Role.AGENT, A.CHOOSE_REMEDY, {"remedy": "exchange", "in_advance": True})
        if drawn > 0.93 and case.state is S.AWAITING_RETURN and case.second_order is None:
            return self.does(Role.AGENT, A.LINK, {"order_no": "KETTLE-2", "as": "anew", "postage": "10.00"})
        return False

    @property
    def _sends_it_anyway(self) -> bool:
        """Who is told no sometimes ships all the same (G12)."""
        return not self.case.eligible_now and self.case.goods == "customer"

    @property
    def _lives_before_delivery(self) -> bool:
        return self.book.eligibility.before_delivery and "adjust_price" not in self.case.procedure.remedies

    def time_ends_it(self) -> bool:
        """The clock of the state runs out; True when that moved the case."""
        state = self.case.state
        for _ in range(40):
            at = self.case.alarm_at
            if at is None or self.case.state is not state:
                break
            self.now = max(self.now, at)
            decision = pass_time(self.case, self.now)
            if decision is None:
                break
            self._take(decision)
        if self.case.state is not state:
            self.road.append(f"{state.value}: time")
            return True
        return False


def _short(data: Data) -> str:
    shown = {name: value for name, value in data.items() if name not in ("procedure", "lines", "eligible")}
    return ", ".join(f"{name}={value}" for name, value in shown.items())[:120]
