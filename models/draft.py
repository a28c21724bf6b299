"""A decision in the making: the case as it changes, what is to be recorded, and the facts that guards will read."""

from datetime import datetime
from typing import Any, Literal

from models.accounting.ledger import Posting, Transfers
from models.case import REMEMBERED, Case, Payout, Purpose
from models.clocks import answered, begun_earlier, on_move
from models.commands import Actor, Command
from models.effects import Decision, Effects, Message, MoneyMove, SplitOff
from models.errors import DataRefused, MoneyRefused, RuleRefused
from models.events import Entry
from models.lifecycle import FINAL, Facts, Role, State
from models.money import to_minor, to_text
from models.oversight.callbacks import CallbackNote, callback_key
from models.playbook import Procedure
from models.pots import Draw
from models.stock.following import followed
from models.stock.places import Step, StockMove
from models.time import side_clocks

#: Between a repair's beginning and the goods' leaving.
IN_REPAIR = (State.REPAIRING, State.AWAITING_STOCK, State.QUOTED, State.AWAITING_PAYMENT, State.RETURNING_GOODS)
#: Roles whose acts count as ours: they keep a case from being silent.
_OURS = frozenset(Role) - {Role.CUSTOMER, Role.COURIER, Role.PLATFORM, Role.SYSTEM}


def came_from(case: Case) -> State | None:
    """Where an approval, an offer or anything else would send the case back to."""
    if case.pending:
        return case.pending.came_from
    return case.offer.came_from if case.offer else case.came_from


def _on_the_way(procedure: Procedure, target: State) -> Procedure:
    """The procedure while goods are on their way to the expert, whose own clock starts when they are there (G11)."""
    way = procedure.clocks[State.RETURN_IN_TRANSIT]
    clock = procedure.clocks[target].model_copy(update={"target": way.target, "calendar": way.calendar})
    return procedure.model_copy(update={"clocks": {**procedure.clocks, target: clock}})


class Draft:
    """Collects the changes of one decision. Nothing of it is true before `done()` has answered."""

    def __init__(self, case: Case, actor: Actor, now: datetime) -> None:
        self._case = case
        self._changes: dict[str, Any] = {}
        self.actor = actor
        self.now = now
        self.facts = Facts(
            state=case.state,
            came_from=came_from(case),
            remedy=case.remedy,
            goods_here=case.goods == "here",
            inspected=case.inspected,
            out_of_stock=case.out_of_stock,
            old_goods=case.goods if case.advance is not None and case.advance.waits else None,
        )
        self._entries: list[Entry] = []
        self._money: list[MoneyMove] = []
        self._postings: list[Posting] = []
        self._messages: list[Message] = []
        self._splits: list[SplitOff] = []
        self._callbacks: list[CallbackNote] = []
        self._stock: list[StockMove] = []
        self._told = False
        self.asked_by = actor.id  # who wants it, where somebody else approves it
        self._since: datetime | None = None

    # ── changing ────────────────────────────────────────────────────────────

    @property
    def case(self) -> Case:
        """The case as changed so far."""
        if self._changes:  # a copy of a case costs more than what it changes, so changes are put in together
            self._case, self._changes = self._case.model_copy(update=self._changes), {}
        return self._case

    def set(self, **changes: Any) -> None:
        """Change fields of the case."""
        self._changes.update(changes)

    def _now_is(self, field: str) -> Any:
        """A field as changed so far, without a copy of the case being made for it."""
        return self._changes[field] if field in self._changes else getattr(self._case, field)

    def set_money(self, **changes: int) -> None:
        """Change sums of the case's money."""
        self.set(money=self.case.money.model_copy(update=changes))

    def record(
        self,
        action: str,
        note: str | None = None,
        data: dict[str, Any] | None = None,
        source: State | None = None,
        target: State | None = None,
        actor: Actor | None = None,
    ) -> None:
        """Write one line of the timeline (C3)."""
        entry = Entry(
            seq=self._now_is("seq") + 1,
            at=self.now,
            actor=actor or self.actor,
            action=action,
            source=source,
            target=target,
            note=note,
            data=data or {},
        )
        self.set(seq=entry.seq)
        self._entries.append(entry)

    def move(self, target: State) -> None:
        """Go to `target`: the clocks follow, and a final state is dated and signed."""
        source = self._now_is("state")
        if target is State.AWAITING_RETURN:
            # What comes now is to be inspected, and counted, whatever was before.
            self.set(inspected=False, boxes=(), boxes_of=None)
        grade = (self._now_is("priority"), self._now_is("severity"))
        clocks = on_move(self._now_is("clocks"), self._procedure(target), source, target, self.now, *grade)
        self.set(state=target, clocks=clocks, last_moved_at=self.now)
        self._time_in_repair(source, target)
        self._callback_of(source, target)
        if self._now_is("holds") and (target in FINAL or target is State.RESOLVED):
            self.set(holds=())  # only the case lifts them, and it has no more use for them (L14)
        if target in FINAL:
            self.set(closed_at=self.now, closed_by=self.actor.role.value, pending=None, offer=None, snoozed_until=None)

    def _procedure(self, target: State) -> Procedure:
        """The procedure, with the playbook's own time for the old goods of an exchange in advance (G5)."""
        procedure: Procedure = self._now_is("procedure")
        if target is State.EXTERNAL_DIAGNOSIS and self._now_is("at_expert_since") is None:
            return _on_the_way(procedure, target)
        advance, rule = self._now_is("advance"), procedure.advance_exchange
        if target is not State.AWAITING_RETURN or rule is None or advance is None or not advance.waits:
            return procedure
        days = {"target": rule.return_days * 86_400, "remind": rule.remind_days * 86_400}
        clock = procedure.clocks[target].model_copy(update={**days, "outcome": "close"})
        return procedure.model_copy(update={"clocks": {**procedure.clocks, target: clock}})

    def tell(
        self, to: str, subject: str, level: int | None = None, channels: tuple[str, ...] = (), key: str | None = None
    ) -> None:
        """Have somebody told, once."""
        key = key or self.next_key("message")
        self._messages.append(Message(key=key, to=to, subject=subject, at=self.now, level=level, channels=channels))

    def _callback_of(self, source: State, target: State) -> None:
        """T5: a resolved case has a callback, which is over when the case goes on."""
        if source is target:
            return
        if target is State.RESOLVED:
            self.set(callbacks=self._now_is("callbacks") + 1, handled_by=self._now_is("owner"))
            self.note_callback("due")
        elif source is State.RESOLVED:
            self.note_callback("dropped")  # unless it was answered or given up a moment before

    def note_callback(self, what: Literal["due", "tried", "answered", "unreachable", "dropped"], **more: Any) -> None:
        """Have what became of the case's callback written beside it (T5, T7)."""
        key = callback_key(self._now_is("case_no"), self._now_is("callbacks"))
        named = {"person": self._now_is("handled_by"), **more}
        self._callbacks.append(CallbackNote(key=key, what=what, at=self.now, by=self.actor.id, **named))

    def _time_in_repair(self, source: State, target: State) -> None:
        """Days in repair, from its beginning until the goods leave us (section 13)."""
        since = self._now_is("repair_since")
        if target is State.REPAIRING and since is None:
            self.set(repair_since=self.now)
        elif since and source is not target and target not in IN_REPAIR:
            spent = round((self.now - since).total_seconds())
            self.set(repair_seconds=self.case.repair_seconds + spent, repair_since=None)

    def clocks_begin(self, since: datetime) -> None:
        """Let the clocks that this decision begins have begun then: what it is about happened earlier (G2)."""
        self._since = min(since, self.now)

    def told_customer(self) -> None:
        """Something of ours reached the customer: the first answer is given (T2)."""
        self._told = True
        self.set(clocks=answered(self.case.clocks, self.now))

    def happened(self, *things: str) -> None:
        """Let the clocks beside the state follow what happened: actions, states entered."""
        if not self._now_is("procedure").side_clocks:
            return
        clocks, began = side_clocks.after(self.case, self._done(things), self.now)
        self.set(clocks=clocks)
        for name in began:
            for target in self.case.procedure.side_clocks[name].tells:
                self.tell(target, f"{name} has begun.")

    def meet(self, *things: str) -> None:
        """Let what happened meet the clocks that it meets, and begin none."""
        self.set(clocks=side_clocks.met_by(self.case, self._done(things), self.now))

    def _done(self, things: tuple[str, ...]) -> tuple[str, ...]:
        return (*things, side_clocks.TOLD) if self._told else things

    def next_key(self, kind: str) -> str:
        """A key for an effect, allocated before the effect: the same through retries, restarts and new runs."""
        number = self._now_is("effect_seq") + 1
        self.set(effect_seq=number)
        return f"{self._now_is('case_no')}:{kind}:{number}"

    # ── money ───────────────────────────────────────────────────────────────

    @property
    def currency(self) -> str:
        """The currency of the case's order. Raises RuleRefused when the case has no order."""
        if self.case.currency is None:
            raise RuleRefused("This case has no order yet: link one before money is decided.")
        return self.case.currency

    def minor(self, amount: str | None, field: str) -> int:
        """An amount in minor units of the order's currency. Raises DataRefused naming the field."""
        if amount is None:
            return 0
        try:
            return to_minor(amount, self.currency)
        except MoneyRefused as refused:
            raise DataRefused(refused.detail, [{"field": field, "message": refused.detail}]) from None

    def said(self, amount: int) -> str:
        """An amount as people read it."""
        return f"{to_text(amount, self.currency)} {self.currency}"

    def book(
        self,
        kind: Literal["draw", "settle", "release", "raise", "bounce"],
        key: str,
        account: Purpose,
        amount: int,
        draws: tuple[Draw, ...] = (),
        reference: str | None = None,
    ) -> None:
        """Ask for one movement of money; the order's pots in SQL have the last word."""
        move = MoneyMove(key=key, kind=kind, account=account, amount=amount, draws=draws, reference=reference)
        self._money.append(move)

    def post(self, transfers: Transfers, payout_id: str | None = None, reference: str | None = None) -> None:
        """Write what an event moved between the accounts of the case's ledger, under keys of their own."""
        for one in transfers:
            number = self._now_is("posting_seq") + 1
            self.set(posting_seq=number)
            key = f"{self._now_is('case_no')}:ledger:{number}"
            named = {"key": key, "payout_id": payout_id, "reference": reference}
            self._postings.append(Posting(**one.model_dump(), **named))

    def carry(self, *steps: Step) -> None:
        """Have units moved from place to place in the stock ledger, under keys of their own."""
        for step in steps:
            number = self._now_is("stock_seq") + 1
            self.set(stock_seq=number)
            self._stock.append(StockMove(**step.model_dump(), key=f"{self._now_is('case_no')}:stock:{number}"))

    def _stock_follows(self) -> None:
        """The units that the case has to do with are where its decision leaves them (G3, L14)."""
        stock, steps = followed(self.case)
        if stock != self.case.stock:
            self.set(stock=stock)
        self.carry(*steps)

    def replace_payout(self, changed: Payout) -> None:
        """Put a changed payout in the place of the one with its key."""
        self.set(payouts=tuple(changed if p.key == changed.key else p for p in self.case.payouts))

    # ── ending ──────────────────────────────────────────────────────────────

    def split_off(self, child: Case) -> None:
        """Send lines to a linked case, which the commit numbers and starts."""
        self._splits.append(SplitOff(key=self.next_key("split"), case=child))

    def take_over(self, step: "Draft") -> None:
        """Make another draft's changes, which began where this one stands, part of this one."""
        self._case, self._changes = step.case, {}
        self._entries += step._entries
        self._money += step._money
        self._postings += step._postings
        self._messages += step._messages
        self._splits += step._splits
        self._callbacks += step._callbacks
        self._stock += step._stock

    def remember(self, command: Command) -> None:
        """Keep the command's id, so that its repeat has no second effect, and who acted when."""
        self.remember_id(command.command_id)
        if command.actor.role in _OURS:
            self.set(last_acted_at=self.now)

    def remember_id(self, command_id: str | None) -> None:
        """Keep an id among those that have had their effect."""
        if command_id:
            self.set(processed=(*self._now_is("processed"), command_id)[-REMEMBERED:])

    def done(self) -> Decision:
        """The decision: one version later."""
        self._stock_follows()
        if self._since is not None:
            self.set(clocks=begun_earlier(self._now_is("clocks"), self.now, self._since))
        self.set(version=self._now_is("version") + 1)
        effects = Effects(
            entries=tuple(self._entries),
            money=tuple(self._money),
            postings=tuple(self._postings),
            messages=tuple(self._messages),
            splits=tuple(self._splits),
            callbacks=tuple(self._callbacks),
            stock=tuple(self._stock),
        )
        return Decision(case=self.case, effects=effects)
