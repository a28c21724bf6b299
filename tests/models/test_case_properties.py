"""Whatever anybody does to a case, in whatever order: what must always hold."""

from collections import Counter
from datetime import timedelta
from typing import Any, get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from models.case import UNDONE, Case
from models.clocks import PROMISE
from models.commands import Finding
from models.decide import money_refused, opens_again, pass_time
from models.errors import CommandRefused
from models.lifecycle import FINAL, Action, Role, State, actions_in, allowed_in, may
from models.next_step import next_step
from models.pots import Pot, release
from models.procedure.situation import Situation
from models.procedure.steps import FACTS
from tests.builders import an_order
from tests.models.examples import EXAMPLES
from tests.models.story import Story, found
from tests.shipped import shipped

AMOUNTS = st.sampled_from(["0.00", "0.01", "5.00", "8.00", "10.00", "12.00", "50.00", "129.00", "400.00", "9999.00"])
#: Actions whose procedure is put in by the desk.
DESK_PUTS_IN = (Action.CHANGE_KIND, Action.REBASE_PLAYBOOK)
#: The kinds in which most money moves; half of all cases are of them.
MONEY_KINDS = ["quality_fault", "change_of_mind", "warranty_repair", "wrong_item"]
REMEDIES = ["refund", "exchange", "repair", "keep_it", "goods_back", "reship", "substitute", "visit", "adjust_price"]
CAUSES = st.sampled_from(["manufacturing", "transit", "seller", "customer", "none_found"])
PARTIES = st.sampled_from(["seller", "customer", "courier", "supplier", "platform"])
ENDS_OF_DISPUTE = ["won", "lost", "accepted"]
LINES = st.lists(
    st.builds(lambda n, q: {"line_no": n, "quantity": q}, st.integers(1, 3), st.integers(1, 3)), max_size=2
)
REPLACEMENT = st.none() | AMOUNTS.map(lambda a: {"sku": "K2", "quantity": 1, "unit_price": a})


def without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def inspection(case: Case) -> st.SearchStrategy[dict[str, Any]]:
    """Findings for some of the case's units, or for units that it does not hold."""
    line = st.sampled_from(case.lines) if case.lines else st.nothing()
    one = line.flatmap(
        lambda held: st.builds(
            lambda cause, party, quantity, share: found(
                cause, party, held.line_no, quantity, **without_none({"share": share})
            ),
            CAUSES,
            PARTIES,
            st.integers(1, held.quantity),
            st.none() | st.integers(0, 100),
        )
    )
    report = st.none() | st.just("SP-1")
    return st.fixed_dictionaries({"lines": st.lists(one, min_size=1, max_size=2), "report": report}).map(without_none)


def data_for(action: Action, case: Case) -> st.SearchStrategy[dict[str, Any]]:
    """Data for an action: what it usually is, bent in every way that matters to money and goods."""
    keys = [p.key for p in case.payouts] or ["AC-26-000001:refund:1"]
    option = st.fixed_dictionaries(
        {
            "type": st.sampled_from(["keep_it", "refund", "exchange", "repair", "reship", "wait", "answer"]),
            "amount": st.none() | AMOUNTS,
            "replacement": REPLACEMENT,
        }
    ).map(without_none)
    made: dict[Action, st.SearchStrategy[dict[str, Any]]] = {
        Action.CHOOSE_REMEDY: st.fixed_dictionaries(
            {
                "remedy": st.sampled_from([*REMEDIES, "refund", "exchange", "none"]),
                "lines": LINES,
                "amount": st.none() | AMOUNTS,
                "replacement": REPLACEMENT,
            }
        ).map(without_none),
        Action.MAKE_OFFER: st.fixed_dictionaries({"options": st.lists(option, min_size=1, max_size=2)}),
        Action.ACCEPT_OFFER: st.fixed_dictionaries({"option": st.integers(1, 2)}),
        Action.SHIP_RETURN: AMOUNTS.map(lambda a: {"carrier": "sf", "waybill": "S1", "freight": a}),
        Action.RECORD_DELIVERY: st.sampled_from(["delivered", "refused", "lost", "signed_by_other"]).map(
            lambda o: {"outcome": o}
        ),
        Action.REPORT_FINDING: st.sampled_from(get_args(Finding)).map(lambda finding: {"finding": finding}),
        Action.SET_SEVERITY: st.sampled_from(["minor", "important", "critical"]).map(lambda s: {"severity": s}),
        Action.FINISH_VISIT: st.sampled_from(["fixed", "not_fixed", "no_access", "taken_away"]).map(
            lambda outcome: {"outcome": outcome, "signature": "s-1"}
        ),
        Action.REPORT_INTERCEPTION: st.sampled_from(["pulled", "gone"]).map(lambda r: {"result": r}),
        Action.RECORD_PAYMENT: AMOUNTS.map(lambda a: {"amount": a, "reference": "b"}),
        Action.RECORD_REFUND: st.sampled_from(keys).map(lambda k: {"payout_id": k, "reference": "r"}),
        Action.FAIL_REFUND: st.sampled_from(keys).map(lambda k: {"payout_id": k, "code": "account_closed"}),
        Action.BOUNCE_REFUND: st.sampled_from(keys).map(lambda k: {"payout_id": k, "code": "account_closed"}),
        Action.RECORD_DISPUTE: st.fixed_dictionaries(
            {
                "reference": st.sampled_from(["dp_1", "dp_2"]),
                "result": st.sampled_from(["opened", "opened", "answered", *ENDS_OF_DISPUTE]),
                "amount": AMOUNTS,
                "inquiry": st.booleans(),
            }
        ),
        Action.ASK_PAYOUT: st.sampled_from(keys).map(lambda k: {"payout_id": k}),
        Action.WAIVE_FREIGHT: AMOUNTS.map(lambda a: {"amount": a, "reason": "kind"}),
        Action.WAIVE_RECEIVABLE: st.booleans().map(lambda yes: {"reason": "kind", "granted": yes}),
        Action.SPLIT: LINES.map(lambda lines: {"lines": lines}),
        Action.COMPLETE_CALLBACK: st.booleans().map(lambda yes: {"satisfied": yes}),
        Action.ANSWER: st.booleans().map(lambda final: {"text": "so it is", "final": final}),
        Action.DECLINE_OFFER: st.sampled_from([{}, {"counter": "9.00"}]),
        Action.CORRECT: st.sampled_from(list(State)).map(lambda s: {"to_state": s.value, "reason": "oops"}),
        Action.PLATFORM_RULING: st.fixed_dictionaries(
            {
                "ruling": st.sampled_from(["refund", "refunded", "return", "rejected"]),
                "amount": st.none() | AMOUNTS,
                "reference": st.just("t"),
            }
        ).map(without_none),
        **dict.fromkeys((Action.CONFIRM_FAULT, Action.REFUTE_FAULT, Action.PASS_INSPECTION), inspection(case)),
    }
    return made.get(action, st.just(EXAMPLES[action]))


def order_of(draw: Any) -> Any:
    """Three lines, some free, one to three payments, sometimes less than the order came to."""
    lines = [
        {"line_no": 1, "sku": "KETTLE", "unit_price": 12900, "quantity": 2, "discount": draw(st.integers(0, 500))},
        {"line_no": 2, "sku": "CUP", "unit_price": 1990, "quantity": 3, "tax": draw(st.integers(0, 300))},
        {"line_no": 3, "sku": "GIFT", "unit_price": 0, "quantity": 1},
    ]
    postage = draw(st.sampled_from([0, 1000]))
    total = an_order(lines=lines, postage=postage, payments=[]).total - draw(st.sampled_from([0, 0, 700]))
    cuts = sorted(draw(st.lists(st.integers(1, total - 1), max_size=2, unique=True)))
    amounts = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
    payments = [{"payment_no": f"P{i}", "method": "alipay", "amount": a} for i, a in enumerate(amounts)]
    return an_order(lines=lines, postage=postage, payments=payments)


class CaseMachine(RuleBasedStateMachine):
    """A case in the hands of people who do anything."""

    story: Story

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(MONEY_KINDS) | st.sampled_from(sorted(shipped().kinds)))
        parcel = data.draw(st.sampled_from(["delivered", "delivered", "delivered", "printed", "unprinted", "gone"]))
        lines = data.draw(st.sampled_from([{1: 2, 2: 3, 3: 1}, {1: 1}, {1: 2, 2: 1}]))
        goods = "customer" if parcel == "delivered" else "nowhere"
        self.story = Story(kind, order=order_of(data.draw), lines=lines, facts={"parcel": parcel}, goods=goods)
        if data.draw(st.booleans()) and parcel == "delivered":
            self.send_back(data)
        self.paid = sum(p.amount for p in self.story.case.order.pots.payments) if self.story.case.order else 0
        self.held = Counter({line.line_no: line.quantity for line in self.story.case.lines})
        self.granted = 0  # freight above its cap that a manager decided
        self.commands = 0

    def send_back(self, data: st.DataObject) -> None:
        """Most of what matters to money happens once the goods are here: many cases begin there."""
        freight = data.draw(st.sampled_from(["8.00", "12.00", "60.00"]))
        self.story.do("agent", "authorise_return")
        self.story.do("customer", "ship_return", carrier="sf", waybill="S1", freight=freight)
        self.story.do("warehouse", "book_in")
        verdict = data.draw(st.sampled_from(["confirm_fault", "refute_fault", "pass_inspection"]))
        cause, party = data.draw(CAUSES), data.draw(PARTIES)
        lines = [found(cause, party, line.line_no, line.quantity) for line in self.story.case.lines]
        self.story.do("warehouse", verdict, lines=lines)

    @precondition(lambda self: allowed_in(self.story.case.state, Action.CHOOSE_REMEDY))
    @rule(data=st.data(), role=st.sampled_from([Role.AGENT, Role.MANAGER]))
    def choose(self, data: st.DataObject, role: Role) -> None:
        self.attempt(data, Action.CHOOSE_REMEDY, role)

    @precondition(lambda self: self.story.case.state is State.AWAITING_APPROVAL)
    @rule(data=st.data(), role=st.sampled_from([Role.MANAGER, Role.DIRECTOR]))
    def approve(self, data: st.DataObject, role: Role) -> None:
        self.attempt(data, Action.APPROVE, role)

    @rule(data=st.data())
    def act_sensibly(self, data: st.DataObject) -> None:
        """Somebody who may does something that the state allows."""
        action = data.draw(st.sampled_from([a for a in actions_in(self.story.case.state) if a not in DESK_PUTS_IN]))
        roles = [role for role in Role if may(role, action)]
        self.attempt(data, action, data.draw(st.sampled_from(roles)))

    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        """Something that leads the case on, so that the roads are walked to their ends."""
        beside = list(Action).index(Action.TAKE)
        moving = [a for a in actions_in(self.story.case.state) if list(Action).index(a) < beside]
        often = [a for a in moving if a not in (Action.CORRECT, Action.PLATFORM_RULING, Action.CLOSE, Action.WITHDRAW)]
        action = data.draw(st.sampled_from(often or moving))
        roles = [role for role in Role if may(role, action)]
        self.attempt(data, action, data.draw(st.sampled_from(roles)))

    @rule(data=st.data(), action=st.sampled_from(list(Action)), role=st.sampled_from(list(Role)))
    def act_at_random(self, data: st.DataObject, action: Action, role: Role) -> None:
        self.attempt(data, action, role)

    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        """Finance pays one of the open payouts."""
        if self.story.open_payouts and not self.story.case.is_final:
            payout = data.draw(st.sampled_from(self.story.open_payouts))
            if payout.disputed:  # the bank has that money: it alone says what becomes of it (T21)
                result = data.draw(st.sampled_from(ENDS_OF_DISPUTE))
                self.story.do("finance", "record_dispute", reference=payout.disputed, result=result)
                return
            self.story.do("finance", "record_refund", payout_id=payout.key, reference="r")

    @rule(hours=st.sampled_from([1, 9, 30, 24 * 8]))
    def time_passes(self, hours: int) -> None:
        self.story.wait(timedelta(hours=hours))

    @rule(hours=st.sampled_from([2, 24 * 3, 24 * 30]))
    def nobody_looks_for_a_while(self, hours: int) -> None:
        """Everything was down: what fell due meanwhile is noticed late, and once."""
        self.story.now += timedelta(hours=hours)
        self.story.look()
        again = pass_time(self.story.case, self.story.now)
        assert (
            again is None
            or again.case.state is not self.story.case.state
            or self.story.case.version < again.case.version
        )

    @precondition(lambda self: any(p.purpose == "refund" for p in self.story.open_payouts))
    @rule()
    def another_case_was_first(self) -> None:
        """The order's pots in SQL refuse what was drawn."""
        case = self.story.case
        key = next(p.key for p in case.open_payouts if p.purpose == "refund")
        payout = next(p for p in case.payouts if p.key == key)
        assert case.order is not None
        truth = release(case.order.pots, payout.draws)
        self.story._take(money_refused(case, (key,), "no longer there", truth, self.story.now))

    def attempt(self, data: st.DataObject, action: Action, role: Role) -> None:
        self.commands += 1
        before, command_id = self.story.case, f"c-{self.commands}"
        sent = data.draw(data_for(action, before))
        by = data.draw(st.sampled_from([None, "somebody else"]))
        try:
            decision = self.story.decision(role.value, action.value, command_id=command_id, by=by, **sent)
        except CommandRefused:
            return
        assert may(role, action)
        opens = opens_again(action) and before.is_final
        assert opens or allowed_in(before.state, action)
        assert decision.case.version == before.version + (2 if opens else 1)
        if before.state in FINAL and decision.case.state not in FINAL:
            assert Action.REOPEN in [entry.action for entry in decision.effects.entries]
        self.story._take(decision)
        again = self.story.decision(role.value, action.value, command_id=command_id, by=by, **sent)
        assert again.repeated
        assert again.case is self.story.case
        assert again.effects.entries == ()
        self._note_grants(before)

    def _note_grants(self, before: Case) -> None:
        """Freight above the cap is planned only in a step that a manager took, and goes out only as planned."""
        plan, cap = self.story.case.plan, self._cap(self.story.case)
        if plan is not None and plan != before.plan and plan.freight_reimbursement > cap:
            mover = self.story.effects.entries[-1].actor.role
            assert mover in (Role.MANAGER, Role.DIRECTOR), mover
            self.granted = max(self.granted, before.money.freight + plan.freight_reimbursement)

    @staticmethod
    def _cap(case: Case) -> int:
        return (case.order.return_rate if case.order else 0) * case.procedure.return_freight_factor

    # ── what must always hold ──

    @invariant()
    def refunds_never_exceed_what_was_paid_C2(self) -> None:
        case = self.story.case
        out = sum(p.amount for p in case.payouts if p.purpose == "refund" and p.state not in UNDONE)
        assert out == case.money.refund
        collected = sum(one.amount for one in case.raised)  # for dearer goods of exchanges (G6)
        assert out <= self.paid + collected
        assert case.money.paid == sum(p.amount for p in case.payouts if p.state == "done")

    @invariant()
    def no_unit_is_refunded_twice_F18(self) -> None:
        out: Counter[int] = Counter()
        for payout in self.story.case.payouts:
            for one in payout.draws if payout.state not in UNDONE else ():
                out[one.line_no or 0] += one.units
        assert out <= self.held, "the order may have more of them, but they are not in this case"

    @invariant()
    def a_case_never_gives_more_for_its_units_than_they_cost_F18(self) -> None:
        case = self.story.case
        if case.order is None or case.ruling is not None:
            return  # what was decided outside binds us, whatever the units cost (T21)
        given: Counter[int] = Counter()
        for payout in case.payouts:
            for one in payout.draws if payout.state not in UNDONE else ():
                given[one.line_no or 0] += one.amount + one.withheld
        for line_no, units in self.held.items():
            each = (pot.goods + pot.tax for pot in case.order.pots.of_line(line_no) for _ in range(pot.units))
            collected = sum(one.amount for one in case.raised if one.line_no == line_no)
            assert given[line_no] <= sum(sorted(each, reverse=True)[:units]) + collected

    @invariant()
    def no_pot_gives_more_than_it_holds_and_all_agree_with_the_payouts(self) -> None:
        order = self.story.case.order
        assert order is not None
        flying: Counter[Any] = Counter()
        done: Counter[Any] = Counter()
        for payout in self.story.case.payouts:
            into = done if payout.state == "done" else flying
            for one in payout.draws if payout.state not in UNDONE else ():
                into[one.key] += one.amount
        pots: list[Pot] = [*order.pots.units, *order.pots.postage, *order.pots.payments]
        for pot in pots:
            assert pot.left >= 0
            assert (pot.in_flight, pot.refunded) == (flying[pot.key], done[pot.key]), pot

    @invariant()
    def freight_and_goodwill_stay_within_what_was_advanced_F11_F26(self) -> None:
        case = self.story.case
        assert min(case.money.freight, case.money.goodwill) >= 0
        assert case.money.freight + case.money.goodwill - case.money.compensation <= case.advanced_freight
        given = [p.amount for p in case.payouts if p.compensates and p.state not in UNDONE]
        assert case.money.compensation == sum(given)
        assert case.money.freight <= max(self._cap(case), self.granted)

    @invariant()
    def an_open_case_has_one_running_clock_of_its_state_and_an_alarm(self) -> None:
        case = self.story.case
        running = [c for c in case.clocks if c.state == "running"]
        if case.is_final:
            assert running == []
            assert case.alarm_at is None
            return
        name = case.procedure.clocks[case.state].clock
        assert [c.clock for c in running if c.clock == name] == [name]
        assert case.due_at is not None
        assert case.alarm_at is not None
        assert case.waiting_for != "nobody"
        beside = [c.clock for c in running if c.apart and c.clock != PROMISE]
        assert len(beside) == len(set(beside)), "one cycle of each clock at a time"
        assert all(c.alarms for c in running), "no clock runs without an instant at which it rings"

    @invariant()
    def an_open_case_has_a_next_step_and_known_facts(self) -> None:
        case, playbook = self.story.case, shipped().get(self.story.case.kind)
        step = next_step(case, playbook, self.story.now)
        assert (step is None) == case.is_final
        assert step is None or (step["who"] and step["text"]["zh"] and step["until"])
        situation = Situation(case, playbook, self.story.now)
        for name, known in FACTS.items():
            assert known is None or situation[name] <= set(known), name

    @invariant()
    def nothing_is_forgotten_behind_the_end(self) -> None:
        case = self.story.case
        if case.is_final:
            assert case.open_payouts == ()
            assert case.pending is None
            assert case.offer is None

    @invariant()
    def what_waits_has_what_it_waits_with(self) -> None:
        case = self.story.case
        assert (case.pending is not None) == (case.state is State.AWAITING_APPROVAL)
        assert (case.offer is not None) == (case.state is State.OFFERED)
        if case.state is State.REFUNDING:
            assert case.open_payouts
        if case.state is State.RETURNING_GOODS:
            assert case.goods == "here"

    @invariant()
    def the_timeline_has_no_gap(self) -> None:
        assert [e.seq for e in self.story.effects.entries] == list(range(1, self.story.case.seq + 1))
        keys = [m.key for m in self.story.effects.money if m.kind == "draw"]
        assert len(keys) == len(set(keys))

    @invariant()
    def an_alarm_is_one_fact_of_its_clock_and_cycle_T10(self) -> None:
        facts = (e.data for e in self.story.effects.entries if "noticed_late" in e.data)
        named = [(data["clock"], data["cycle"], data["alarm"]) for data in facts]
        assert len(named) == len(set(named))

    @invariant()
    def it_survives_being_written_down(self) -> None:
        case = self.story.case
        assert Case.model_validate_json(case.model_dump_json()) == case


CaseMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=35,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestCase = CaseMachine.TestCase
