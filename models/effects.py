"""What a decision asks of the world, and the contract between the workflow and its activities.

Workflows know activities only by these names and types. All that a commit needs to be done exactly once carries a
key that was allocated in the case's state when the decision was taken.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from models.accounting.ledger import Posting
from models.case import Case, Purpose
from models.clocks import Alarm
from models.events import Entry
from models.oversight.callbacks import CallbackNote
from models.pots import Draw
from models.stock.places import StockMove
from models.value import Value

TASK_QUEUE = "aftercare"
WORKFLOW = "AfterSaleCase"
COMMIT = "commit"
START_LINKED = "start_linked"


def workflow_id(case_no: str) -> str:
    """The workflow id of a case; nobody else spells it."""
    return f"case/{case_no}"


class MoneyMove(Value):
    """Pots drawn (approved money), settled (paid) or released (not paid after all), or raised by what was collected,
    under one key; what was settled can bounce, and is there to be drawn again."""

    key: str
    kind: Literal["draw", "settle", "release", "raise", "bounce"]
    account: Purpose
    amount: int
    draws: tuple[Draw, ...] = ()
    reference: str | None = None


class Message(Value):
    """Something to be told to somebody, once: `key` makes a repeat harmless."""

    key: str
    to: str  # a role, `owner`, `on_duty`, `customer` or a person's id
    subject: str
    at: datetime
    level: int | None = None
    channels: tuple[str, ...] = Field((), exclude_if=lambda named: not named)  # as the chain's level names them


class SplitOff(Value):
    """Lines that leave for a linked case; the commit gives it its number."""

    key: str
    case: Case


class Effects(Value):
    """Everything one or more decisions want written, in order."""

    entries: tuple[Entry, ...] = ()
    money: tuple[MoneyMove, ...] = ()
    postings: tuple[Posting, ...] = ()
    messages: tuple[Message, ...] = ()
    splits: tuple[SplitOff, ...] = ()
    callbacks: tuple[CallbackNote, ...] = ()
    stock: tuple[StockMove, ...] = ()

    def then(self, later: "Effects") -> "Effects":
        """These and then those."""
        return Effects(
            entries=self.entries + later.entries,
            money=self.money + later.money,
            postings=self.postings + later.postings,
            messages=self.messages + later.messages,
            splits=self.splits + later.splits,
            callbacks=self.callbacks + later.callbacks,
            stock=self.stock + later.stock,
        )


class Decision(Value):
    """What `decide()` answers: the case as it is now, and what is to be written."""

    case: Case
    effects: Effects = Effects()
    repeated: bool = False


class CommitInput(Value):
    """One drain of a case: its full state and all that its decisions want written, in one transaction.

    `base` is the version that the decisions build on: the one that the workflow knows to be written.
    """

    case: Case
    base: int
    effects: Effects
    at: datetime

    @property
    def base_seq(self) -> int:
        """The last timeline entry before those of this drain."""
        return self.case.seq - len(self.effects.entries)


class MoneyRefusal(Value):
    """The order has not that money any more; nothing of this key was booked."""

    key: str
    detail: str


class ArmedClock(Value):
    """The instants of one clock, by name and cycle; the rest of it the case knows already."""

    clock: str
    cycle: int
    target: int | None = None  # where only the calendar could tell it
    due_at: datetime | None
    alarms: tuple[Alarm, ...]
    calendar_version: str | None = None
    chain_version: str | None = None

    @property
    def instants(self) -> dict[str, Any]:
        """What a clock takes over of it."""
        return self.model_dump(include={"due_at", "calendar_version", "chain_version"}) | {"alarms": self.alarms}


class Routed(Value):
    """A payout that a payment provider carries out, and not finance's queue."""

    payout_id: str
    gateway: str


class Unheard(Value):
    """An alarm of the chain that reached nobody: those it is for exist, and none of them is on duty (T8).

    Without a clock it is what a person handed up.
    """

    clock: str | None = None
    cycle: int = 0
    alarm: str


class CommitResult(Value):
    """What was written: the clocks with their absolute instants, or the case to go on from where SQL knows more.

    SQL knows more when it holds another decision (nothing was written then), and when it wrote this one and more in
    the same transaction (`written`): it took a remedy back because the order has not its money (`refused`), or has the
    case wait for what is not on the shelf.
    """

    version: int
    clocks: tuple[ArmedClock, ...] = ()
    refused: tuple[MoneyRefusal, ...] = ()
    routed: tuple[Routed, ...] = ()  # approved payouts that a provider is to be given
    linked: tuple[str, ...] = ()  # numbers of the cases that were split off
    acknowledged_until: datetime | None = None  # where only a calendar could tell it
    unheard: tuple[Unheard, ...] = ()  # alarms of this drain that reached nobody
    ahead: Case | None = None
    written: bool = False  # with `ahead`: the drain itself is in it
    entries: tuple[Entry, ...] = ()  # with `ahead`: the timeline since the version that the drain built on


class CaseInput(Value):
    """The one argument of a case's workflow: the same when it is opened, reopened, restored or continued as new."""

    case: Case
    recent: tuple[Entry, ...] = ()
    committed: bool = True  # whether SQL holds this version already
    history_limit: int | None = None  # events after which the run continues as new; None = the server's advice


class CaseEnd(Value):
    """How a case's run ended."""

    case_no: str
    state: str
    version: int


class LinkedInput(Value):
    """A case that another one split off, written in SQL and to be started."""

    case_no: str
