"""Clocks that run under another calendar: what a change of calendars would do to them, before it is done (T10).

Everything here is counted from the few columns that SQL keeps of a clock, so that fifty thousand are looked at in
seconds. A clock that was not counted on the present calendar keeps its instants until somebody has it rebased.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal, NamedTuple

from pydantic import Field

from models.business_time import Calendar, between, due_at
from models.time.working_day import closing_after
from models.value import Value

Move = Literal["earlier", "later", "same"]
#: Of the cases that would be overdue at once, so many are named.
NAMED = 20


class RunningClock(NamedTuple):
    """A running clock as its row has it. `log`: `[epoch seconds, what, note]`, oldest first; None = never paused."""

    case_no: str
    clock: str
    cycle: int
    calendar: str
    target: int
    due_at: datetime | None
    running_since: datetime
    log: Sequence[Sequence[Any]] | None
    due_by: str | None = None
    breached: bool = False


class Moved(NamedTuple):
    """A clock with the due time that it has, and the one that it would have."""

    case_no: str
    clock: str
    cycle: int
    calendar: str
    due_at: datetime | None
    becomes: datetime
    overdue_at_once: bool

    @property
    def move(self) -> Move:
        """Which way it would go."""
        if self.due_at is None or self.due_at == self.becomes:
            return "same"
        return "earlier" if self.becomes < self.due_at else "later"


class Counts(Value):
    """How many would be due earlier, later, at the same time, and overdue at the moment of the change."""

    open: int = 0
    earlier: int = 0
    later: int = 0
    same: int = 0
    overdue_at_once: int = 0


class Preview(Value):
    """What a rebase would do. `id` stands for all of it: another case, instant or calendar makes another id."""

    id: str
    at: datetime
    cases: Counts
    by_clock: dict[str, Counts]
    by_calendar: dict[str, Counts]
    overdue: tuple[Moved, ...]
    versions: dict[str, str]

    @property
    def sentence(self) -> str:
        """The preview as one sentence: `142 open cases: 31 earlier, 4 overdue at once`."""
        found = self.cases
        parts = [f"{found.earlier} earlier", f"{found.later} later", f"{found.same} as before"]
        told = ", ".join(part for part in parts if not part.startswith("0 ")) or "none moves"
        return f"{found.open} open cases: {told}, {found.overdue_at_once} overdue at once"


def due_under(clock: RunningClock, calendar: Calendar) -> datetime:
    """When a running clock would be due on a calendar, exactly as the commit would compute it."""
    since = clock.running_since
    if clock.due_by == "until" and clock.due_at is not None:
        return clock.due_at  # somebody named the instant; no calendar changes it
    target = clock.target
    if clock.due_by == "closing":
        target = max(1, between(calendar, since, closing_after(calendar, since)))
    return due_at(calendar, since, max(0, target - _used_before(clock, calendar)))


def _used_before(clock: RunningClock, calendar: Calendar) -> int:
    """The open time of the spans that ended before it was last started."""
    total, since = 0, None
    for epoch, what, *_ in clock.log or ():
        if what in ("started", "resumed"):
            since = epoch
        elif what in ("paused", "met", "cancelled") and since is not None:
            total, since = total + between(calendar, _moment(since), _moment(max(since, epoch))), None
    return total


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def moved(clock: RunningClock, calendar: Calendar, now: datetime) -> Moved:
    """A running clock with what the calendar would make of it."""
    becomes = due_under(clock, calendar)
    was_late = clock.breached or (clock.due_at is not None and clock.due_at <= now)
    return Moved(
        case_no=clock.case_no,
        clock=clock.clock,
        cycle=clock.cycle,
        calendar=clock.calendar,
        due_at=clock.due_at,
        becomes=becomes,
        overdue_at_once=becomes <= now and not was_late,
    )


def preview_of(moves: Iterable[Moved], versions: Mapping[str, str], now: datetime) -> Preview:
    """The sums over all clocks, and per case; the clocks come in the order of their cases.

    `versions`: what would be in force for them, by the name of the calendar or kind.
    """
    tally = _Tally()
    for _, of_case in groupby(moves, key=lambda one: one.case_no):
        tally.take(list(of_case))
    for name, version in sorted(versions.items()):
        tally.digest.update(f"{name}={version}\n".encode())
    return Preview(
        id=tally.digest.hexdigest()[:20],
        at=now,
        cases=_counts(tally.cases),
        by_clock=tally.by(0),
        by_calendar=tally.by(1),
        overdue=tuple(tally.overdue),
        versions=dict(versions),
    )


class _Tally:
    """Counts clocks and cases as they come."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.cases: Counter[_Mark] = Counter()
        self.clocks: Counter[tuple[str, str, _Mark]] = Counter()
        self.overdue: list[Moved] = []

    def take(self, clocks: list[Moved]) -> None:
        """All clocks of one case. It counts as earlier if any of them is, else as later, else as it was."""
        marks = []
        for one in clocks:
            mark = (one.move, one.overdue_at_once)
            marks.append(mark)
            self.clocks[one.clock, one.calendar, mark] += 1
            told = f"{one.case_no} {one.clock} {one.cycle} {one.due_at} {one.becomes} {one.overdue_at_once}\n"
            self.digest.update(told.encode())
        moves = {move for move, _ in marks}
        move: Move = "earlier" if "earlier" in moves else "later" if "later" in moves else "same"
        late = next((one for one in clocks if one.overdue_at_once), None)
        self.cases[move, late is not None] += 1
        if late is not None and len(self.overdue) < NAMED:
            self.overdue.append(late)

    def by(self, part: Literal[0, 1]) -> dict[str, Counts]:
        """The clocks counted by their names (0) or calendars (1)."""
        sums: dict[str, Counter[_Mark]] = {}
        for key, count in self.clocks.items():
            sums.setdefault(key[part], Counter())[key[2]] += count
        return {name: _counts(found) for name, found in sorted(sums.items())}


#: Which way a clock or case goes, and whether it is overdue at once.
_Mark = tuple[Move, bool]


def _counts(found: Counter[_Mark]) -> Counts:
    moves: Counter[str] = Counter()
    for (move, late), count in found.items():
        moves.update({"open": count, move: count, "overdue_at_once": count if late else 0})
    return Counts(**moves)


# ── carrying it out ───────────────────────────────────────────────────────────────────────────────

REBASE = "Rebase"
REBASE_BATCH = "rebase_batch"
#: Cases that are told at once, and waited for, before the next ones are.
BATCH = 100


def rebase_workflow_id(rebase_id: str) -> str:
    """The workflow id of a rebase; nobody else spells it."""
    return f"rebase/{rebase_id}"


class Scope(Value):
    """What a rebase is about: clocks on calendars (none named = all of them), or the cases of one kind."""

    calendars: tuple[str, ...] = ()
    playbook: str | None = None

    @property
    def action(self) -> str:
        """What each case is told."""
        return "rebase_calendar" if self.playbook is None else "rebase_playbook"


class Progress(Value):
    """How far a rebase is. `silent`: cases that were told and had not written it when the next ones were told."""

    total: int
    told: int = 0
    rebased: int = 0
    refused: int = 0
    gone: int = 0
    silent: int = 0
    refusals: dict[str, str] = Field(default_factory=dict)
    after: str = ""
    state: Literal["running", "stopped", "done", "superseded"] = "running"


class RebaseInput(Value):
    """A confirmed rebase: who, why, what was shown, and how far it is."""

    rebase_id: str
    scope: Scope
    by: str
    role: str
    reason: str
    shown: str
    versions: dict[str, str]
    started_at: datetime
    progress: Progress

    @property
    def version(self) -> str:
        """The mark under which cases log it: another one each time, also when a calendar goes back to what it was."""
        return f"{self.rebase_id} of {self.started_at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def command_id(self) -> str:
        """The id under which each case is told, once; its answer is found by it."""
        return f"rebase {self.version}"


class BatchInput(Value):
    """The next cases of a rebase are those after this number."""

    rebase: RebaseInput
    after: str


class BatchResult(Value):
    """What became of one batch; `after` is None when there are no more cases.

    `superseded`: the calendars or the playbook are not those any more that were shown, so nobody was told.
    """

    after: str | None
    superseded: bool = False
    told: int = 0
    rebased: int = 0
    refused: int = 0
    gone: int = 0
    silent: int = 0
    refusals: dict[str, str] = Field(default_factory=dict)


#: So many refusals are kept with their words; all are counted.
REFUSALS_KEPT = 50


def further(progress: Progress, batch: BatchResult) -> Progress:
    """The progress after another batch."""
    counted = {name: getattr(progress, name) + getattr(batch, name) for name in _COUNTED}
    kept = dict(list({**progress.refusals, **batch.refusals}.items())[:REFUSALS_KEPT])
    end = "superseded" if batch.superseded else "done"
    ended: dict[str, Any] = {"state": end} if batch.after is None else {"after": batch.after}
    return progress.model_copy(update={**counted, "refusals": kept, **ended})


_COUNTED = ("told", "rebased", "refused", "gone", "silent")
