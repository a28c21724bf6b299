"""A shop in which everything that can be lost is lost: its workers, their answers, and those of the bank.

Cases of one order are decided by the rules and written by the real commit. What a worker remembers may be older than
what is written; what it sends may be written twice, late, or not at all. The bank pays as often as it is told to: that
it is told once is not its business.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Engine, select

from models.accounting.payments import NO_SUCH_PAYOUT, Answer, PayoutResult, Words
from models.accounting.sending import answered, due_payouts, sent
from models.case import Case, Payout
from models.commands import parse_command
from models.decide import decide
from models.effects import CommitInput, Decision, Routed
from models.errors import CommandRefused
from models.lifecycle import Role
from models.tables import payouts
from store import cases
from store.engine import reading, writing
from tests.models.story import CAST
from tests.store.till import ABOUT_MONEY, CALENDARS, Till

#: What becomes of a commit: written; written twice; rolled back with its worker; its answer lost with its worker; or
#: its answer lost and the worker going on from what it remembers.
Fate = Literal["well", "twice", "before", "after", "stale"]
FATES: tuple[Fate, ...] = ("well", "twice", "before", "after", "stale")
#: What becomes of an order to pay: paid; refused; put off; lost on the way there; paid and its answer lost.
Outcome = Literal["done", "refused", "processing", "never_came", "answer_lost"]
OUTCOMES: tuple[Outcome, ...] = ("done", "refused", "processing", "never_came", "answer_lost")


class Died(Exception):
    """A worker ends in the middle of a transaction."""


class Bank:
    """Pays whenever it is told to, and knows by its keys what it was told."""

    def __init__(self) -> None:
        self.paid: Counter[str] = Counter()
        self.known: dict[str, str] = {}

    def pay(self, key: str, outcome: Outcome) -> Answer:
        if outcome == "never_came":
            return Answer(state="unknown", code="timeout")
        if outcome in ("done", "answer_lost"):
            self.paid[key] += 1
        self.known[key] = "done" if outcome == "answer_lost" else outcome
        return Answer(state="unknown", code="timeout") if outcome == "answer_lost" else self.ask(key)

    def ask(self, key: str) -> Answer:
        state = self.known.get(key)
        if state == "done":
            return Answer(state="done", reference=f"bank {key}")
        if state == "refused":
            plain = Words(zh="账户已注销", en="The account is closed.")
            return Answer(state="refused", code="closed", refused_for="account", words=plain)
        if state == "processing":
            return Answer(state="processing")
        return Answer(state="unknown", code=NO_SUCH_PAYOUT)

    def decides(self, key: str, outcome: Literal["done", "refused"]) -> None:
        """What was put off is over."""
        self.known[key] = outcome
        self.paid[key] += outcome == "done"


class Shop(Till):
    """One order, its cases, and what each of their workers remembers."""

    def __init__(self, engine: Engine, order: Any) -> None:
        super().__init__(engine, order)
        self.bank = Bank()
        self.memory: dict[str, Case] = {}
        self.drains: list[CommitInput] = []
        self.answers: list[tuple[str, PayoutResult]] = []
        self.counts: Counter[str] = Counter()

    def begins(self, **over: Any) -> str:
        """A new case, and a worker that has it."""
        case_no = self.opened(**over)
        self.memory[case_no] = self.case(case_no)
        return case_no

    # ── deciding and writing ────────────────────────────────────────────────

    def does(self, case_no: str, role: str, action: str, data: dict[str, Any], fate: Fate) -> None:
        """A command, decided from what the worker remembers."""
        self.now += timedelta(minutes=1)
        envelope: dict[str, Any] = {"action": action, "data": data, "actor": {"id": CAST[role], "role": Role(role)}}
        if action in ABOUT_MONEY:
            envelope["order_pots"] = self.pots(case_no)
        try:
            decision = decide(self.memory[case_no], parse_command(envelope), self.now)
        except CommandRefused:
            self.counts["turned down"] += 1
            return
        self.counts[action] += 1
        self.commits(case_no, decision, fate)

    def commits(self, case_no: str, decision: Decision, fate: Fate) -> None:
        """What becomes of a decision."""
        if decision.repeated:
            return
        base = self.memory[case_no].version
        drain = CommitInput(case=decision.case, base=base, effects=decision.effects, at=self.now)
        self.drains.append(drain)
        self.counts[fate] += 1
        if fate == "before":
            self._dies_writing(drain)
        else:
            result = self.writes(drain)
            if result.ahead is not None:
                self.counts["ahead"] += 1
            if fate == "twice":
                assert self.writes(drain).version == result.version, "the same drain again is the same answer"
        if fate != "stale":
            self.recreated(case_no)

    def writes(self, drain: CommitInput) -> Any:
        with writing(self.engine) as session:
            return cases.write_commit(session, drain, CALENDARS)

    def _dies_writing(self, drain: CommitInput) -> None:
        try:
            with writing(self.engine) as session:
                cases.write_commit(session, drain, CALENDARS)
                raise Died
        except Died:
            pass

    def recreated(self, case_no: str) -> None:
        """A worker begins with the case as it is written, as one does that has read the answer of its commit."""
        self.memory[case_no] = self.case(case_no)

    def strays(self, number: int) -> None:
        """An old commit comes once more, out of order: it changes nothing."""
        drain = self.drains[number % len(self.drains)]
        before = self.case(drain.case.case_no)
        if drain.base < before.version:
            self.writes(drain)
            assert self.case(drain.case.case_no) == before
            self.counts["stray"] += 1

    # ── the bank ────────────────────────────────────────────────────────────

    def hands_over(self, case_no: str, fate: Fate) -> bool:
        """Approved payouts go to the bank, and are marked so before; whether there were any."""
        going = [p for p in self.memory[case_no].payouts if p.state == "approved" and _at_bank(p)]
        ways = [Routed(payout_id=payout.key, gateway="bank") for payout in going]
        self.commits(case_no, sent(self.memory[case_no], ways, self.now), fate)
        return bool(going)

    def pays(self, case_no: str, outcome: Outcome, fate: Fate) -> None:
        """As the activity does: what is written as paid is not sent, the bank is asked first, and paid only what
        never arrived there."""
        self.now += timedelta(hours=7)
        for payout in due_payouts(self.memory[case_no], self.now)[:1]:
            result = PayoutResult(payout_id=payout.key, gateway="bank", sent=True, answer=self._sent(payout, outcome))
            self.answers.append((case_no, result))
            self.hears(case_no, result, fate)

    def _sent(self, payout: Payout, outcome: Outcome) -> Answer:
        row = self.rows()[payout.key]
        if row.state == "done":
            return Answer(state="done", reference=row.reference)
        asked = self.bank.ask(payout.key)
        if not asked.never_arrived:
            return asked
        self.counts[outcome] += 1
        return self.bank.pay(payout.key, outcome)

    def hears(self, case_no: str, result: PayoutResult, fate: Fate) -> None:
        """An answer, also a late one or one that was heard before."""
        if not self.memory[case_no].is_final:
            self.commits(case_no, answered(self.memory[case_no], result, self.now), fate)

    def finance_pays(self, case_no: str, fate: Fate) -> None:
        """What is in finance's queue is paid by hand and said so, as one."""
        queue = [row for row in self.rows().values() if row.case_no == case_no and row.state == "approved"]
        for row in [row for row in queue if not _at_bank(row)][:1]:
            self.does(case_no, "finance", "record_refund", {"payout_id": row.id, "reference": f"hand {row.id}"}, fate)
            self.bank.paid[row.id] += self.rows()[row.id].state == "done"

    def rows(self) -> dict[str, Any]:
        """The register of payouts as it is written."""
        with reading(self.engine) as session:
            return {row.id: row for row in session.execute(select(payouts))}

    # ── the end ─────────────────────────────────────────────────────────────

    def settles(self) -> None:
        """Everybody comes back, and everything that is on its way arrives."""
        for key in [key for key, state in self.bank.known.items() if state == "processing"]:
            self.bank.decides(key, "done")
        for case_no in self.memory:
            self.recreated(case_no)
            for _ in range(60):
                if not self.memory[case_no].open_payouts:
                    break
                self._one_step(case_no)

    def _one_step(self, case_no: str) -> None:
        self.hands_over(case_no, "well")
        self.pays(case_no, "done", "well")
        self.finance_pays(case_no, "well")
        if any(payout.state == "failed" for payout in self.memory[case_no].payouts):
            self.does(case_no, *OTHER_ACCOUNT, "well")

    def paid_for(self, purposes: Iterable[str]) -> int:
        """What really left the house for these."""
        rows = (row for row in self.rows().values() if row.purpose in tuple(purposes))
        return sum(row.amount * self.bank.paid[row.id] for row in rows)


OTHER_ACCOUNT: tuple[str, str, dict[str, Any]] = (
    "customer",
    "provide_account",
    {"kind": "bank", "account": "••••4567", "real_name": "••明"},
)


def _at_bank(payout: Any) -> bool:
    """Two of three payouts are the bank's, as long as they go to where it came from; the rest is finance's."""
    key = payout.key if isinstance(payout, Payout) else payout.id
    return int(key.rpartition(":")[2]) % 3 > 0 and payout.account is None
