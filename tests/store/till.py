"""A shop whose cases are decided and written as they would be, without a workflow in between: for tests of money."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from api import desk
from models.case import Case
from models.commands import parse_command
from models.decide import decide, opened
from models.effects import CommitInput, Decision, Effects
from models.errors import CommandRefused
from models.lifecycle import Role
from models.orders import Order
from models.playbook import Procedure
from models.pots import Pots
from store import cases, orders
from store.cases import NewCase
from store.engine import reading, writing
from tests.builders import NOW, a_case, an_order, order_facts
from tests.models.story import CAST, FREIGHT, procedure
from tests.shipped import shipped

CALENDARS = shipped().calendars
ABOUT_MONEY = frozenset(str(action) for action in desk.ABOUT_MONEY)


class Till:
    """One order and its cases; `act` is one command decided and committed, as often as somebody has the time."""

    def __init__(self, engine: Engine, order: Order | None = None) -> None:
        self.engine = engine
        self.order = order or an_order()
        self.now = NOW
        with writing(engine) as session:
            orders.put(session, self.order, NOW)

    def opened(
        self,
        kind: str = "quality_fault",
        lines: dict[int, int] | None = None,
        rules: Procedure | None = None,
        **over: Any,
    ) -> str:
        """A new case, by default about one kettle; answers its number."""
        wanted = {1: 1} if lines is None else lines
        facts = order_facts(self.order, self.pots(), **FREIGHT)

        def build(case_no: str) -> Decision:
            case = a_case(case_no, self.order, wanted, procedure=rules or procedure(kind), clocks=(), **over)
            fresh = case.model_copy(update={"order": facts, "version": 0})
            return opened(fresh, parse_command({"action": "note", "actor": {"id": "li", "role": "agent"}}).actor, NOW)

        new = NewCase(build=build, order_no=self.order.order_no, now=NOW, calendars=CALENDARS)
        with writing(self.engine) as session:
            return cases.open_case(session, new).case_no

    def act(self, case_no: str, role: str, action: str, *, by: str | None = None, **data: Any) -> bool:
        """Decide and commit one command; whether it was carried out."""
        self.now += timedelta(minutes=1)
        envelope: dict[str, Any] = {"action": action, "data": data}
        envelope["actor"] = {"id": by or CAST[role], "role": Role(role)}
        if action in ABOUT_MONEY:
            envelope["order_pots"] = self.pots(case_no)
        case = self.case(case_no)
        try:
            decision = decide(case, parse_command(envelope), self.now)
        except CommandRefused:
            return False
        drain = CommitInput(case=decision.case, base=case.version, effects=decision.effects, at=self.now)
        with writing(self.engine) as session:
            return not cases.write_commit(session, drain, CALENDARS).refused

    def decided(self, case_no: str, role: str, action: str, **data: Any) -> Decision:
        """What would come of a command, before it is committed."""
        actor = {"id": CAST[role], "role": Role(role)}
        envelope = {"action": action, "actor": actor, "data": data, "order_pots": self.pots()}
        return decide(self.case(case_no), parse_command(envelope), self.now)

    def drive(self, case_no: str, *steps: tuple[Any, ...]) -> None:
        """Commands in a row, each of which has to be carried out."""
        for role, action, *data in steps:
            assert self.act(case_no, role, action, **(data[0] if data else {})), f"{action} was refused"

    def name_serials(self, case_no: str, serials: tuple[str, ...]) -> None:
        """The customer named the serial numbers of what the case is about."""
        case = self.case(case_no)
        lines = tuple(line.model_copy(update={"serials": serials}) for line in case.lines)
        named = case.model_copy(update={"lines": lines, "version": case.version + 1})
        drain = CommitInput(case=named, base=case.version, effects=Effects(), at=self.later())
        with writing(self.engine) as session:
            cases.write_commit(session, drain, CALENDARS)

    def later(self) -> datetime:
        """The next minute."""
        self.now += timedelta(minutes=1)
        return self.now

    def held(self, case_no: str, sku: str, place: str) -> int:
        """How many units of an article a case has in a place of the stock ledger."""
        return sum(one.quantity for one in self.case(case_no).stock if (one.sku, one.place) == (sku, place))

    def pay_all(self, case_no: str) -> None:
        """Finance pays every open payout of a case."""
        for payout in self.case(case_no).open_payouts:
            self.act(case_no, "finance", "record_refund", payout_id=payout.key, reference=f"ALI {payout.key}")

    def case(self, case_no: str) -> Case:
        with reading(self.engine) as session:
            case = cases.load(session, case_no)
        assert case is not None
        return case

    def pots(self, but: str | None = None) -> Pots:
        with reading(self.engine) as session:
            pots = orders.pots(session, self.order.order_no, but)
        assert pots is not None
        return pots
