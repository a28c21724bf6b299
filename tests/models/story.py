"""A case lived step by step: people act, time passes, and after each step its clocks are armed as a commit does."""

from datetime import datetime, timedelta
from typing import Any

from models.case import Case, Line, Offer, Payout, Pending
from models.commands import OfferOption, parse_command
from models.decide import decide, opened, pass_time
from models.effects import Decision, Effects
from models.lifecycle import FINAL, STAGE, Action, Stage, State
from models.orders import Order
from models.playbook import Procedure
from models.time.arming import arm
from tests.builders import NOW, a_case, an_order, order_facts
from tests.models.examples import EXAMPLES
from tests.shipped import shipped

LI = {"id": "li", "role": "agent"}
CAST = {
    "customer": "c-88",
    "agent": "li",
    "supervisor": "chen",
    "manager": "wang",
    "director": "zhao",
    "warehouse": "liu",
    "workshop": "sun",
    "technician": "qian",
    "expert": "lab",
    "finance": "zhou",
    "courier": "sf",
    "platform": "tmall",
    "system": "aftercare",
}
FREIGHT = {"return_rate": 1200, "replacement_rate": 1000}


def procedure(kind: str = "quality_fault", **over: Any) -> Procedure:
    """A shipped procedure, with what a test changes in it."""
    return Procedure.model_validate({**shipped().get(kind).procedure.model_dump(), **over})


def found(cause: str = "manufacturing", party: str = "seller", line_no: int = 1, quantity: int = 1, **more: Any) -> Any:
    """One line of an inspection."""
    kept = "customer" if cause in ("none_found", "customer") else "supplier"
    line = {"line_no": line_no, "quantity": quantity, "grade": "used", "cause": cause, "party_liable": party}
    return {**line, "disposition": kept, **more}


class Story:
    """A case and everything that was written about it."""

    def __init__(
        self,
        kind: str = "quality_fault",
        order: Order | None = None,
        lines: dict[int, int] | None = None,
        rules: dict[str, Any] | None = None,
        facts: dict[str, Any] | None = None,
        bare: bool = False,
        **over: Any,
    ) -> None:
        order = order or an_order()
        held = tuple(
            Line(line_no=no, quantity=quantity, sku=f"SKU-{no}", name=f"thing {no}")
            for no, quantity in (lines or {1: 1}).items()
        )
        case = Case(
            case_no="AC-26-000001",
            kind=kind,
            order=None if bare else order_facts(order, **{**FREIGHT, **(facts or {})}),
            **{
                "procedure": procedure(kind, **(rules or {})),
                "lines": () if bare else held,
                "wanted": "refund",
                **over,
            },
            opened_at=NOW,
            opened_by="li",
            last_moved_at=NOW,
            last_acted_at=NOW,
        )
        self.now = NOW
        self.effects = Effects()
        self.case = case
        self._take(opened(case, parse_command({"action": "note", "actor": LI}).actor, NOW))

    def do(
        self, role: str, action: str, /, command_id: str | None = None, by: str | None = None, **data: Any
    ) -> "Story":
        """Somebody acts. Raises CommandRefused, having changed nothing."""
        self._take(self.decision(role, action, command_id=command_id, by=by, **data))
        return self

    def decision(
        self, role: str, action: str, /, command_id: str | None = None, by: str | None = None, **data: Any
    ) -> Decision:
        """What would come of it."""
        actor = {"id": by or CAST[role], "role": role}
        envelope = {"action": action, "actor": actor, "command_id": command_id, "data": data}
        return decide(self.case, parse_command(envelope), self.now)

    def wait(self, until: timedelta | datetime) -> "Story":
        """Time passes; every alarm on the way rings at its time."""
        end = until if isinstance(until, datetime) else self.now + until
        while (at := self.case.alarm_at) is not None and at <= end:
            self.now = max(self.now, at)
            decision = pass_time(self.case, self.now)
            assert decision is not None, "an alarm rang and nothing came of it"
            self._take(decision)
        self.now = end
        return self

    def look(self) -> "Story":
        """The clock is looked at once, now: what fell due meanwhile is noticed late."""
        decision = pass_time(self.case, self.now)
        if decision is not None:
            self._take(decision)
        return self

    def pay_all(self) -> "Story":
        """Finance pays every open payout."""
        for payout in self.open_payouts:
            self.do("finance", "record_refund", payout_id=payout.key, reference=f"ref {payout.key}")
        return self

    @property
    def state(self) -> str:
        return self.case.state.value

    @property
    def open_payouts(self) -> tuple[Payout, ...]:
        return self.case.open_payouts

    @property
    def owed_out(self) -> dict[str, int]:
        """The open payouts by purpose."""
        sums: dict[str, int] = {}
        for payout in self.open_payouts:
            sums[payout.purpose] = sums.get(payout.purpose, 0) + payout.amount
        return sums

    @property
    def road(self) -> list[str]:
        """The states the case went through."""
        return [str(entry.target) for entry in self.effects.entries if entry.target]

    @property
    def happened(self) -> list[str]:
        """The actions and facts of the timeline, in order."""
        return [entry.action for entry in self.effects.entries]

    def told(self, to: str) -> list[str]:
        """What somebody was told."""
        return [message.subject for message in self.effects.messages if message.to == to]

    def _take(self, decision: Decision) -> None:
        self.effects = self.effects.then(decision.effects)
        self.case = arm(decision.case, shipped().calendars)


def returned(kind: str = "quality_fault", freight: str | None = "12.00", **over: Any) -> Story:
    """A case whose goods were sent back, the customer advancing the freight, and booked in."""
    story = Story(kind, **over)
    story.do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF77", **({"freight": freight} if freight else {}))
    return story.do("warehouse", "book_in", waybill="SF77")


def confirmed(**over: Any) -> Story:
    """A case whose goods are here, their fault confirmed as the seller's."""
    story = returned(**over)
    lines = [found(line_no=line.line_no, quantity=line.quantity) for line in story.case.lines]
    return story.do("warehouse", "confirm_fault", lines=lines)


def in_state(state: State, **over: Any) -> Case:
    """A case as it could stand there: with its offer, its pending question, its payout, its goods."""
    here = STAGE[state] in (Stage.DIAGNOSIS, Stage.REMEDY)
    payout = Payout(key="AC-26-000001:refund:1", purpose="goodwill", amount=100)
    options = tuple(OfferOption.model_validate(o) for o in EXAMPLES[Action.MAKE_OFFER]["options"])
    asked = {"action": "choose_remedy", "actor": {"id": "li", "role": "agent"}, "data": {"remedy": "refund"}}
    facts: dict[str, Any] = {
        "state": state,
        "lines": {1: 2},
        "goods": "here" if here else "customer",
        "inspected": here and state is not State.RECEIVED,
        "came_from": State.REQUESTED,
        "remedy": "exchange" if STAGE[state] is Stage.REMEDY else None,
        "offer": Offer(options=options, came_from=State.REQUESTED, round=1) if state is State.OFFERED else None,
        "pending": Pending(command=parse_command(asked), came_from=State.REQUESTED, amount=12900)
        if state is State.AWAITING_APPROVAL
        else None,
        "payouts": (payout,) if state is State.REFUNDING else (),
        "closed_at": NOW if state in FINAL else None,
        "closed_by": "system" if state in FINAL else None,
    }
    return a_case(**{**facts, **over})
