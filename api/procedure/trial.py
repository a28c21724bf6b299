"""What a changed playbook would have decided on past cases, and where that differs from the version they had.

Every case is opened once more in thought, on the order as it was known then and as it was bought: under the version
of record, and under the changed one. So what differs, differs by the playbook alone. Nothing is written.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api import opening
from api.documents.requests import OpenCase
from models.actions.planning import round_trip_freight, settle
from models.business_time import Calendar, between, due_at
from models.case import Case
from models.clocks import FIRST_ANSWER, Clock
from models.commands import Actor
from models.draft import Draft
from models.errors import AftercareError, NotFound
from models.lifecycle import Role
from models.money import to_text
from models.next_step import step_of
from models.orders import Order
from models.playbook import ALL_HOURS, Playbook, Procedure
from models.pots import pots_of
from models.procedure.eligibility import Eligible
from models.procedure.steps import Step
from models.remedies import REMEDIES
from models.time.working_day import closing_after
from playbooks.loading.load import Playbooks
from store.procedure import past
from store.procedure import playbooks as kept
from store.procedure.past import PastCase

#: In whose name a case is opened in thought.
NOBODY = Actor(id="trial", role=Role.AGENT)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the first proposed remedy comes to, in minor units."""

    currency: str
    refund: int
    freight: int
    customer_owes: int

    @property
    def to_customer(self) -> int:
        return self.refund + self.freight

    def as_document(self) -> dict[str, str]:
        fields = {"refund": self.refund, "freight": self.freight, "customer_owes": self.customer_owes}
        return {"currency": self.currency, **{name: to_text(value, self.currency) for name, value in fields.items()}}


@dataclass(frozen=True, slots=True)
class Decided:
    """What one version says to a case when it is opened: eligible or not, what to do first, which remedy comes first
    and what it comes to."""

    eligible: Eligible
    step: Step
    remedy: str
    money: Amounts | None
    unsettled: str | None = None  # why there is no amount

    def as_document(self) -> dict[str, Any]:
        against = [reason.model_dump(mode="json") for reason in self.eligible.against]
        money = self.money.as_document() if self.money else None
        step = {"action": self.step.do.value if self.step.do else None, "zh": self.step.zh, "en": self.step.en}
        told = {"eligible": self.eligible.answer, "against": against, "step": step, "remedy": self.remedy}
        return {**told, "money": money, "unsettled": self.unsettled}


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock that ran: when it was due, when it would have been (None = it would not run), and when it was met."""

    clock: str
    cycle: int
    then: datetime
    now: datetime | None
    ended_at: datetime | None

    def late(self, due: datetime | None, at: datetime) -> bool:
        """Whether it was missed by that due time, or is by now."""
        return due is not None and (self.ended_at or at) > due

    def as_document(self, at: datetime) -> dict[str, Any]:
        return {
            "clock": self.clock,
            "cycle": self.cycle,
            "due_then": self.then.isoformat(),
            "due_now": self.now.isoformat() if self.now else None,
            "late_then": self.late(self.then, at),
            "late_now": self.late(self.now, at),
        }


@dataclass(frozen=True, slots=True)
class Tried:
    """One past case under both versions; `chosen` is the remedy that somebody chose in the end."""

    case_no: str
    opened_at: datetime
    version: str
    chosen: str | None
    then: Decided
    now: Decided
    deadlines: tuple[Deadline, ...]

    @property
    def differs(self) -> tuple[str, ...]:
        """By what the changed version differs from the version of record."""
        found = {
            "eligibility": self.then.eligible.answer != self.now.eligible.answer,
            "step": (self.then.step.do, self.then.step.data) != (self.now.step.do, self.now.step.data),
            "remedy": self.then.remedy != self.now.remedy,
            "money": self.then.money != self.now.money,
            "deadlines": any(one.then != one.now for one in self.deadlines),
        }
        return tuple(name for name, holds in found.items() if holds)

    def as_document(self, at: datetime) -> dict[str, Any]:
        return {
            "case_no": self.case_no,
            "opened_at": self.opened_at.isoformat(),
            "version": self.version,
            "chosen": self.chosen,
            "then": self.then.as_document(),
            "now": self.now.as_document(),
            "deadlines": [one.as_document(at) for one in self.deadlines],
            "differs": list(self.differs),
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """A changed playbook on past cases; `left_out` names cases that cannot be compared, and why."""

    kind: str
    version: str
    at: datetime
    tried: tuple[Tried, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def differing(self) -> tuple[Tried, ...]:
        return tuple(one for one in self.tried if one.differs)

    def money(self) -> dict[str, dict[str, int]]:
        """Per currency what the changed version would give customers more, and have them owe more, in minor units."""
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.differing:
            for sign, decided in ((-1, one.then), (1, one.now)):
                if decided.money and one.then.money and one.now.money:
                    sums[decided.money.currency]["to_customer"] += sign * decided.money.to_customer
                    sums[decided.money.currency]["customer_owes"] += sign * decided.money.customer_owes
        return {currency: dict(found) for currency, found in sums.items() if any(found.values())}

    def as_document(self) -> dict[str, Any]:
        """The whole of it, amounts as text."""
        money = {
            currency: {name: to_text(value, currency) for name, value in found.items()}
            for currency, found in self.money().items()
        }
        late = [(one.late(one.then, self.at), one.late(one.now, self.at)) for t in self.tried for one in t.deadlines]
        return {
            "kind": self.kind,
            "version": self.version,
            "cases": len(self.tried),
            "differ": len(self.differing),
            "by": dict(Counter(name for one in self.differing for name in one.differs)),
            "money": money,
            "late": {"then": sum(then for then, _ in late), "now": sum(now for _, now in late)},
            "left_out": [{"case_no": case_no, "reason": reason} for case_no, reason in self.left_out],
            "items": [one.as_document(self.at) for one in self.differing],
        }


def trial(
    session: Session,
    kind: str,
    playbooks: Playbooks,
    since: datetime,
    at: datetime,
    told: Callable[[int], None] = lambda done: None,
) -> Trial:
    """Try the `kind` of these playbooks on its cases since then; `told` hears how many are done. Only reads."""
    return trial_of(session, kind, playbooks, past.opened_since(session, kind, since), at, told)


def trial_of(
    session: Session,
    kind: str,
    playbooks: Playbooks,
    cases: Iterable[PastCase],
    at: datetime,
    told: Callable[[int], None] = lambda done: None,
) -> Trial:
    """The same on these cases, such as the next ones of a long trial."""
    changed, records = playbooks.get(kind), _Records(session)
    tried: list[Tried] = []
    left_out: list[tuple[str, str]] = []
    for done, one in enumerate(cases, 1):
        try:
            tried.append(_tried(one, records.of(one.case), changed, playbooks))
        except AftercareError as refused:
            left_out.append((one.case.case_no, refused.detail))
        told(done)
    return Trial(kind, changed.version, at, tuple(tried), tuple(left_out))


class _Records:
    """The versions that cases were opened with, each read once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.known: dict[str, Playbook | None] = {}

    def of(self, case: Case) -> Playbook:
        version = case.procedure.version
        if version not in self.known:
            self.known[version] = self._read(case.kind, version)
        found = self.known[version]
        if found is None:
            raise NotFound(f"Version {version} of {case.kind} is not kept, or cannot be read by this program.")
        return found

    def _read(self, kind: str, version: str) -> Playbook | None:
        document = kept.get(self.session, kind, version)
        try:
            return Playbook.model_validate(document) if document else None
        except ValidationError:
            return None


def _tried(one: PastCase, record: Playbook, changed: Playbook, playbooks: Playbooks) -> Tried:
    order = as_known(one.order, one.case.opened_at) if one.order else None
    then, now = (_book(book, one.case, order) for book in (record, changed))
    return Tried(
        case_no=one.case.case_no,
        opened_at=one.case.opened_at,
        version=one.case.procedure.version,
        chosen=one.case.remedy,
        then=decided(one.case, order, then, playbooks),
        now=decided(one.case, order, now, playbooks),
        deadlines=tuple(deadlines(one.case, now.procedure, playbooks.calendars)),
    )


def _book(book: Playbook, case: Case, order: Order | None) -> Playbook:
    sub = book.subcategory_of(case.procedure.subcategory)
    return opening.book_for(book, sub.key if sub else None, order, case.channel)


def as_known(order: Order, at: datetime) -> Order:
    """The order without what happened to its parcels after that."""

    def known(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment <= at else None

    names = ("label_printed_at", "shipped_at", "delivered_at")
    shipments = tuple(
        parcel.model_copy(update={name: known(getattr(parcel, name)) for name in names}) for parcel in order.shipments
    )
    changes = {"shipped_at": known(order.shipped_at), "delivered_at": known(order.delivered_at)}
    return order.model_copy(update={**changes, "shipments": shipments})


# ── opening it once more ──────────────────────────────────────────────────────────────────────────


def decided(case: Case, order: Order | None, book: Playbook, playbooks: Playbooks) -> Decided:
    """What a version says when the case is opened."""
    opened = _opened(case, order, book, playbooks)
    step, eligible = step_of(opened, book, opened.opened_at), opened.eligible or Eligible(answer="yes")
    remedy = _named_in(step) or book.procedure.remedies[0]
    try:
        return Decided(eligible, step, remedy, _amounts(opened, remedy, step.data.get("amount")))
    except AftercareError as refused:
        return Decided(eligible, step, remedy, None, refused.detail)


def _named_in(step: Step) -> str | None:
    """The remedy that a step proposes, by itself or first among its options; None where it proposes none yet."""
    options = step.data.get("options") or [{}]
    named = step.data.get("remedy") or options[0].get("type")
    return str(named) if named in REMEDIES else None


def _opened(case: Case, order: Order | None, book: Playbook, playbooks: Playbooks) -> Case:
    """The case as it would begin under this version, on untouched pots; freight that was advanced is known."""
    ask = _ask(case, book)
    claimed = opening.claimed_lines(ask, order) if order else {}
    known = opening.Known(
        playbook=book,
        order=order,
        facts=opening.facts_of(order, pots_of(order), claimed, book, playbooks) if order else None,
        eligible=opening.judged(ask, order, book, playbooks, case.earlier, case.opened_at),
        earlier=case.earlier,
    )
    begun = opening.new_case(ask, known, NOBODY, case.opened_at, case.case_no).case
    return begun.model_copy(update={"advanced_freight": case.advanced_freight})


def _ask(case: Case, book: Playbook) -> OpenCase:
    lines = [{"line_no": line.line_no, "quantity": line.quantity, "serials": line.serials} for line in case.lines]
    return OpenCase.model_validate(
        {
            "order_no": case.order.order_no if case.order else None,
            "kind": book.kind,
            "subcategory": book.procedure.subcategory,
            "lines": lines,
            "wanted": case.wanted,
            "channel": case.channel,
            "severity": case.severity,
        }
    )


def _amounts(opened: Case, remedy: str, amount: str | None) -> Amounts | None:
    """What the remedy comes to; a keep-it at what the playbook begins with (K2). Raises what cannot be settled."""
    if opened.order is None or remedy == "none":
        return None
    draft = Draft(opened, NOBODY, opened.opened_at)
    if remedy == "keep_it" and amount is None:
        offered = round_trip_freight(opened) * opened.procedure.keep_it.start_percent // 100
        amount = to_text(offered, opened.order.currency)
    settled = settle(draft, remedy, amount, None, [])
    return Amounts(settled.currency, settled.refund, settled.freight_reimbursement, settled.customer_owes)


# ── deadlines ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Length:
    """How long a clock runs, and on which calendar."""

    target: int
    calendar: str
    to_closing: bool = False


def deadlines(case: Case, changed: Procedure, calendars: Mapping[str, Calendar]) -> Iterator[Deadline]:
    """Every clock of a playbook that ran, with its due time then and under the changed procedure."""
    for clock in case.clocks:
        known, length = _length(clock, case, changed)
        if not known:
            continue
        spans = tuple(_spans(clock))
        yield Deadline(
            clock=clock.clock,
            cycle=clock.cycle,
            then=_due(spans, _Length(clock.target, clock.calendar), calendars),
            now=_due(spans, length, calendars) if length else None,
            ended_at=next((entry.at for entry in clock.log if entry.what in ("met", "cancelled")), None),
        )


def _length(clock: Clock, case: Case, changed: Procedure) -> tuple[bool, _Length | None]:
    """Whether a playbook knows the clock at all, and what the changed one makes of it (None = it does not run)."""
    record = case.procedure
    if clock.clock in record.side_clocks:
        side = changed.side_clocks.get(clock.clock)
        if side is None:
            return True, None
        severe = next((seconds for severity, seconds in side.by_severity.items() if severity == case.severity), None)
        target = severe if side.by_severity else side.target
        return True, _Length(target, side.calendar, side.to_closing) if target is not None else None
    rules = [(record.first_answer, changed.first_answer)] if clock.clock == FIRST_ANSWER else []
    rules += [(record.clocks[state], changed.clocks[state]) for state in record.clocks]
    now = next((new for old, new in rules if old and old.clock == clock.clock), None)
    known = any(old and old.clock == clock.clock for old, _ in rules)
    return known, _Length(now.target, now.calendar) if now else None


def _spans(clock: Clock) -> Iterator[tuple[datetime, datetime | None]]:
    """When it ran, from until; the last span may be open."""
    since: datetime | None = None
    for entry in clock.log:
        if entry.what in ("started", "resumed"):
            since = entry.at
        elif entry.what in ("paused", "met", "cancelled") and since is not None:
            yield since, entry.at
            since = None
    if since is not None:
        yield since, None


def _due(
    spans: Iterable[tuple[datetime, datetime | None]], length: _Length, calendars: Mapping[str, Calendar]
) -> datetime:
    """When a clock of that length was or will be due, its pauses left out (T1)."""
    calendar = calendars.get(length.calendar) or calendars[ALL_HOURS]
    left, ran = length.target, list(spans)
    if length.to_closing:
        left = max(1, between(calendar, ran[0][0], closing_after(calendar, ran[0][0])))
    for since, until in ran[:-1]:
        used = between(calendar, since, until or since)
        if used >= left:
            return due_at(calendar, since, left)
        left -= used
    return due_at(calendar, ran[-1][0], left)
