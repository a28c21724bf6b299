"""Word to other programs: which events there are, what they say, and when a delivery is tried again.

Events are thin: numbers, states and a version, nothing of a person. Who wants to know more asks the API, with a token
of its own; so a body that falls into wrong hands tells nobody's name.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from models.case import Case
from models.events import Entry, Fact
from models.lifecycle import FINAL, Action, State
from models.value import Value


class EventType(StrEnum):
    """What other programs can be told."""

    CASE_OPENED = "case.opened"
    CASE_MOVED = "case.moved"
    CASE_ESCALATED = "case.escalated"
    CASE_CLOSED = "case.closed"
    CASE_REOPENED = "case.reopened"
    PAYOUT_PAID = "payout.paid"
    PAYOUT_FAILED = "payout.failed"
    PARCEL_CHANGED = "parcel.changed"
    PING = "webhook.ping"


#: What each of them means, for the reference.
MEANING: Mapping[EventType, str] = {
    EventType.CASE_OPENED: "a case was opened, by somebody or split off from another one",
    EventType.CASE_MOVED: "it came from one open state into another: `from`, `to`",
    EventType.CASE_ESCALATED: "a level of its chain was reached: `level`",
    EventType.CASE_CLOSED: "it was closed, rejected or withdrawn: `to`",
    EventType.CASE_REOPENED: "it is open again",
    EventType.PAYOUT_PAID: "money of a payout has left: `payout_id`",
    EventType.PAYOUT_FAILED: "a payout could not be made, and somebody has to look: `payout_id`",
    EventType.PARCEL_CHANGED: "a parcel stands somewhere else by what couriers say: `waybill`, `what`, `back`",
    EventType.PING: "somebody asked for a test",
}
#: What can be asked for; a test comes to every endpoint that is asked for one.
SUBSCRIBED = tuple(one for one in EventType if one is not EventType.PING)

_PAYOUTS: Mapping[str, EventType] = {
    Action.RECORD_REFUND: EventType.PAYOUT_PAID,
    Action.FAIL_REFUND: EventType.PAYOUT_FAILED,
    Action.BOUNCE_REFUND: EventType.PAYOUT_FAILED,
}


class Event(Value):
    """One thing that happened, told to every endpoint that wants to know under one id."""

    key: str
    type: EventType
    at: datetime
    data: dict[str, Any] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        """The `webhook-id`: the same for the same event, however often and to whomever it is told."""
        return f"msg_{sha256(self.key.encode()).hexdigest()[:26]}"

    @property
    def body(self) -> dict[str, Any]:
        """What is sent, as Standard Webhooks lays it out."""
        return {"type": self.type.value, "timestamp": self.at.isoformat(), "data": self.data}


def of_case(case: Case, entries: Iterable[Entry]) -> tuple[Event, ...]:
    """What of a decision's entries other programs are told."""
    return tuple(_of_entry(case, entry, kind) for entry in entries for kind in _types_of(entry))


def _types_of(entry: Entry) -> Iterator[EventType]:
    if entry.action == Fact.OPENED:
        yield EventType.CASE_OPENED
        return
    if entry.action == Fact.ESCALATED:
        yield EventType.CASE_ESCALATED
    if entry.action in _PAYOUTS:
        yield _PAYOUTS[entry.action]
    if entry.target is None or entry.target == entry.source:
        return
    if State(entry.target) in FINAL:
        yield EventType.CASE_CLOSED
    else:
        was_over = entry.source is not None and State(entry.source) in FINAL
        yield EventType.CASE_REOPENED if was_over else EventType.CASE_MOVED


def _of_entry(case: Case, entry: Entry, kind: EventType) -> Event:
    data: dict[str, Any] = {
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "kind": case.kind,
        "from": _word(entry.source),
        "to": _word(entry.target) or case.state.value,
        "seq": entry.seq,
        "version": case.version,
    }
    more = {name: entry.data[name] for name in ("payout_id", "level") if name in entry.data}
    return Event(key=f"{case.case_no}:{entry.seq}:{kind}", type=kind, at=entry.at, data={**data, **more})


def _word(state: str | None) -> str | None:
    return None if state is None else str(getattr(state, "value", state))


def wants(chosen: Collection[str], kind: str) -> bool:
    """Whether an endpoint that chose these is told of that; who chose nothing is told everything."""
    return not chosen or kind in chosen


# ── when it is tried again ────────────────────────────────────────────────────────────────────────

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
#: The waits before each further try; together a day.
WAITS = (
    *(5 * timedelta(seconds=1), 1 * _MINUTE, 5 * _MINUTE, 30 * _MINUTE),
    *(1 * _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 8 * _HOUR),
)
#: An endpoint that took nothing for so long is switched off, and managers are told.
FAILING_FOR = timedelta(days=5)
#: How long the old secret signs beside the new one when nobody says otherwise, and at the longest.
BOTH_SECRETS = timedelta(hours=24)
MOST_BOTH = timedelta(days=7)
#: What was delivered, or given up, is kept so long.
KEPT = timedelta(days=30)

Verdict = Literal["delivered", "again", "given_up", "gone"]


class Answer(Value):
    """What an endpoint said to one try. `status` is None where it said nothing; `words` are for people."""

    status: int | None = None
    words: str = ""
    retry_after: timedelta | None = None
    refused_here: bool = False  # our own guard did not let it go out


def verdict(answer: Answer, tries: int) -> Verdict:
    """What becomes of a delivery after so many tries, this one included. 410 means: never again."""
    if answer.status is not None and 200 <= answer.status < 300:
        return "delivered"
    if answer.status == 410:
        return "gone"
    return "again" if tries <= len(WAITS) else "given_up"


def next_wait(answer: Answer, tries: int) -> timedelta:
    """How long until the next try; an endpoint that is too busy may ask for more, up to the next step of the ladder."""
    wait = WAITS[min(tries, len(WAITS)) - 1]
    asked = answer.retry_after if answer.status in (429, 503) and answer.retry_after else wait
    return max(wait, min(asked, WAITS[-1]))
