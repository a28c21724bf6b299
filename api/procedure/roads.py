"""The road of a kind of case, read from its playbook.

A road is what the steps propose and where that leads, and what those answer who are awaited meanwhile. What is possible
beside it in every case (withdrawing, a platform's ruling, goods that come unasked …) is in the drawing of all life.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from api.drawings.lifecycle import BACK, CROSSING, said
from models.lifecycle import (
    ARROWS,
    BEFORE_GOODS,
    FINAL,
    GATES,
    REMEDY_STATES,
    Action,
    Arrow,
    State,
)
from models.playbook import Playbook
from models.procedure.steps import Step
from models.remedies import REMEDIES
from playbooks.loading.graph import live_steps, remedies_of

__all__ = ["ANSWERS", "STAYS", "By", "Road", "Way", "road"]

#: Instead of a state: the case stays where it is.
STAYS = "stays"

#: Whose a way is: a step of the kind's own, a general step, the answer of whoever is awaited, the end of the clock, or
#: the crossing of all remedies.
By = Literal["own", "general", "answer", "clock", "crossing"]

S, A = State, Action
#: What whoever is awaited answers. For the agent the steps speak.
ANSWERS: dict[State, tuple[Action, ...]] = {
    S.AWAITING_EVIDENCE: (A.SUBMIT_EVIDENCE,),
    S.INVESTIGATING: (A.REPORT_FINDING,),
    S.OFFERED: (A.ACCEPT_OFFER, A.DECLINE_OFFER),
    S.AWAITING_APPROVAL: (A.APPROVE, A.DENY),
    S.INTERCEPTING: (A.REPORT_INTERCEPTION,),
    S.RECALLING: (A.RECORD_DELIVERY,),
    S.AWAITING_RETURN: (A.SHIP_RETURN,),
    S.RETURN_IN_TRANSIT: (A.BOOK_IN,),
    S.RECEIVED: (A.CONFIRM_FAULT, A.REFUTE_FAULT, A.PASS_INSPECTION),
    S.EXTERNAL_DIAGNOSIS: (A.CONFIRM_FAULT, A.REFUTE_FAULT, A.PASS_INSPECTION),
    S.QUOTED: (A.ACCEPT_QUOTE, A.DECLINE_QUOTE),
    S.AWAITING_PAYMENT: (A.RECORD_PAYMENT,),
    S.AWAITING_STOCK: (A.STOCK_ARRIVED,),
    S.REFUNDING: (A.RECORD_REFUND,),
    S.EXCHANGING: (A.SHIP_REPLACEMENT, A.REPORT_SHORTAGE),
    S.REPAIRING: (A.FINISH_REPAIR, A.FAIL_REPAIR, A.REPORT_SHORTAGE),
    S.VISITING: (A.FINISH_VISIT,),
    S.RETURNING_GOODS: (A.SHIP_BACK,),
    S.DELIVERING: (A.RECORD_DELIVERY,),
    S.RESOLVED: (A.COMPLETE_CALLBACK, A.MISS_CALLBACK),
}
#: Of the three results of an inspection those that a kind asks for.
_OF_FAULTS = (A.CONFIRM_FAULT, A.REFUTE_FAULT)
_GOODS_NOT_HERE = (*BEFORE_GOODS, S.INTERCEPTING, S.RECALLING, S.AWAITING_RETURN, S.RETURN_IN_TRANSIT)
#: Remedies for which the customer may have to pay something first (F8, F10, G6).
_MAY_COST = frozenset({"exchange", "substitute", "repair", "visit"})
_SILENCE = {
    "decline": "silence counts as declined",
    "search": "silence starts a search",
    "try_again": "silence counts as missed",
}
_FORKS = frozenset(guard for _, guard in (*GATES, *REMEDY_STATES))
#: What names a remedy, or leaves it to whoever acts.
_CHOICES = (A.CHOOSE_REMEDY, A.MAKE_OFFER)
_OF_REMEDIES = frozenset(guard for _, guard in REMEDY_STATES)
#: Where an arrow has no guard of its own: what is true when that of the one before it does not hold.
_ELSE = {"satisfied": "not satisfied", "tries_left": "no tries left", "goods_elsewhere": "goods here", "gone": "pulled"}
#: Guards that are no news on the usual road.
_PLAIN = frozenset({"not_inspected", "official_report"})


@dataclass(frozen=True, slots=True)
class Way:
    """One way from a place: `words` lead to a state, to the CROSSING, BACK, to another kind, or it STAYS."""

    source: str
    words: str
    target: str
    by: By
    when: str = ""

    @property
    def line(self) -> str:
        """The way as words in a row: `book_in → received`."""
        how = f"{self.words} ({self.when})" if self.when else self.words
        end = {STAYS: "", CROSSING: " → the remedy"}.get(self.target, f" → {self.target}")
        return f"{how}{end}"


@dataclass(frozen=True, slots=True)
class Road:
    """The places that a kind of case comes through, in the order of a case's life, and the ways between them."""

    kind: str
    zh: str
    en: str
    places: tuple[str, ...]
    ways: tuple[Way, ...]

    def leaving(self, place: str) -> tuple[Way, ...]:
        """The ways from a place, in the order in which they are proposed."""
        return tuple(way for way in self.ways if way.source == place)


def road(book: Playbook) -> Road:
    """The road of a playbook, with what its subcategories and variants change."""
    scout = _Scout(book)
    found: dict[str, list[Way]] = {}
    while True:
        before = len(found), len(scout.remedies)
        found = scout.walked()
        if before == (len(found), len(scout.remedies)):
            break
    places = tuple(place for place in _ORDER if place in found)
    ways = tuple(way for place in places for way in found[place])
    return Road(book.kind, book.names.zh, book.names.en, places, ways)


#: Places from the beginning to the end; the crossing lies before the remedies.
_BEFORE = list(State).index(S.QUOTED)
_ORDER = (*list(State)[:_BEFORE], CROSSING, *list(State)[_BEFORE:])


class _Scout:
    """Looks for the ways of a playbook; `remedies` are those that were met so far, True where an own step has them."""

    def __init__(self, book: Playbook) -> None:
        self.sorts = _sorts(book)
        self.live = [(sort, live_steps(sort)) for sort in self.sorts]
        self.known = {remedy for sort in self.sorts for remedy in sort.procedure.remedies}
        self.goods_come = any(sort.procedure.goods_come_back for sort in self.sorts)
        self.asks_fault = any(sort.procedure.asks_fault for sort in self.sorts)
        self.remedies: dict[str, bool] = {}
        self.answer_offered = False

    def walked(self) -> dict[str, list[Way]]:
        """The ways of every place that can be come to with the remedies known so far."""
        found: dict[str, list[Way]] = {}
        waiting: list[str] = [S.REQUESTED]
        while waiting:
            place = waiting.pop()
            if place in found:
                continue
            found[place] = self.ways_from(place)
            waiting += [way.target for way in found[place] if way.target in _ORDER]
        return found

    def ways_from(self, place: str) -> list[Way]:
        if place == CROSSING:
            return list(self.crossing())
        state = State(place)
        if state in FINAL:
            return []
        steps = list(self.of_steps(state))
        told = {way.words.split()[0] for way in steps if way.target != STAYS}
        answers = [way for action in self.answers(state, told) for way in self.ways_of(state, action, "answer")]
        return _together((*steps, *answers, *self.of_clock(state)))

    # ── steps ──

    def of_steps(self, state: State) -> Iterator[Way]:
        for sort, live in self.live:
            for step in live[state]:
                own = any(step is one for one in sort.steps)
                if step.do is not None and (own or self.fits(step)):
                    yield from self.of_step(state, step, own)

    def fits(self, step: Step) -> bool:
        """Whether a general step is about remedies that this kind has."""
        free = {"none", "goods_back"} if self.goods_come else {"none"}
        return set(remedies_of(step)) <= self.known | free | {"wait"}

    def of_step(self, state: State, step: Step, own: bool) -> Iterator[Way]:
        assert step.do is not None
        by: By = "own" if own else "general"
        remedies = remedies_of(step) or (tuple(sorted(self.known)) if step.do in _CHOICES else ())
        self.answer_offered |= step.do is A.MAKE_OFFER and "none" in remedies
        for remedy in remedies:
            self.remedies[remedy] = self.remedies.get(remedy, False) or own
        if step.do is A.CHANGE_KIND:
            kind = str(step.data.get("kind", "another kind"))
            yield Way(state, f"{A.CHANGE_KIND} {kind}", STAYS, by)
        elif step.do is A.ANSWER:
            final = step.data.get("final") is True
            yield Way(state, A.ANSWER, S.RESOLVED if final else STAYS, by, "final" if final else "")
        elif step.do is A.CHOOSE_REMEDY:
            yield self.of_choice(state, remedies_of(step), by)
        else:
            detail = str(step.data.get("check") or " / ".join(_options(step)))
            yield from self.ways_of(state, step.do, by, detail)

    def of_choice(self, state: State, remedies: tuple[str, ...], by: By) -> Way:
        words = " ".join((A.CHOOSE_REMEDY, *remedies))
        return Way(state, words, S.RESOLVED if remedies == ("none",) else CROSSING, by)

    # ── the others ──

    def answers(self, state: State, told: set[str]) -> Iterator[Action]:
        """What the awaited answer, but for results of an inspection that the kind does not ask for."""
        for action in ANSWERS.get(state, ()):
            by_rule = action not in (*_OF_FAULTS, A.PASS_INSPECTION) or (action in _OF_FAULTS) == self.asks_fault
            if action not in told and by_rule:
                yield action

    def of_clock(self, state: State) -> Iterator[Way]:
        outcomes = dict.fromkeys(sort.procedure.clocks[state].outcome for sort in self.sorts)
        for outcome in outcomes:
            if outcome == "close":
                yield Way(state, "silence", S.CLOSED, "clock")
            elif outcome in _SILENCE:
                yield Way(state, _SILENCE[outcome], STAYS, "clock")

    def ways_of(self, state: State, action: Action, by: By, detail: str = "") -> Iterator[Way]:
        """Where an action leads from a state, by the table of arrows."""
        words = f"{action} {detail}" if detail else action.value
        found = [(self.target(arrow), when) for arrow, when in _arrows(state, action) if self.open_to(arrow, state)]
        moving = [(target, when) for target, when in found if target not in (STAYS, state)]
        for target, when in dict.fromkeys(moving or [(STAYS, "")]):
            yield Way(state, words, target, by, when)

    def target(self, arrow: Arrow) -> str:
        if _at_crossing(arrow):
            return CROSSING
        if arrow.guard is not None and "came from" in arrow.guard.__name__:
            return BACK
        return arrow.target or STAYS

    def open_to(self, arrow: Arrow, state: State) -> bool:
        """Whether an arrow can be meant on the usual road of this kind."""
        name = arrow.guard.__name__ if arrow.guard else ""
        if name.startswith("beside the road"):
            return False
        if arrow.guard in _OF_REMEDIES and not _leads_to_every_remedy(arrow.action):
            return not self.remedies.keys().isdisjoint(name.split(" or "))
        known = {
            "goods_must_come": self.goods_come,
            "goods_here": state not in _GOODS_NOT_HERE,
            "paid_and_goods_owed": False,
            "offer_above_limit": False,
        }
        return known.get(name, True)

    # ── the crossing ──

    def crossing(self) -> Iterator[Way]:
        """The gates that the remedies of this road can meet, and then the remedies' own states."""
        for state, guard in GATES:
            if self.gate(state):
                yield Way(CROSSING, said(guard.__name__), state, "crossing")
        for state, guard in REMEDY_STATES:
            mine = [name for name in guard.__name__.split(" or ") if name in self.remedies and name != "none"]
            if mine:
                own = any(self.remedies[name] or name in self.known for name in mine)
                yield Way(CROSSING, " / ".join(mine), state, "own" if own else "general")
        if self.answer_offered:
            yield Way(CROSSING, "an answer", S.RESOLVED, "own" if "none" in self.known else "general")

    def gate(self, state: State) -> bool:
        chosen = [REMEDIES[name] for name in self.remedies if name in REMEDIES and name != "none"]
        if state is S.AWAITING_STOCK:
            return "wait" in self.remedies or any(remedy.needs_stock for remedy in chosen)
        if state is S.AWAITING_PAYMENT:
            collects = any(sort.procedure.collects for sort in self.sorts)
            return collects or any(remedy.name in _MAY_COST for remedy in chosen)
        if state in (S.INTERCEPTING, S.RECALLING):
            early = any(sort.eligibility.before_delivery for sort in self.sorts)
            return any(remedy.withdraws_parcel for remedy in chosen) and (early or self.names(state))
        return bool(chosen)

    def names(self, state: State) -> bool:
        """Whether a step of the kind's own is for this state."""
        return any(state in step.states for sort in self.sorts for step in sort.steps)


def _sorts(book: Playbook) -> list[Playbook]:
    """The playbook as its file has it, as each subcategory has it, and as each variant."""
    return [
        book,
        *(book.with_changes(sub.key, ()) for sub in book.subcategories),
        *(book.with_changes(None, (name,)) for name in book.variants),
    ]


def _options(step: Step) -> list[str]:
    options = step.data.get("options")
    named = [one.get("type") for one in options if isinstance(one, dict)] if isinstance(options, list) else []
    return [str(name) for name in named if name]


@lru_cache(maxsize=1_000)
def _arrows(state: State, action: Action) -> tuple[tuple[Arrow, str], ...]:
    """The arrows of an action from a state, each with when it holds."""
    found = [arrow for arrow in ARROWS if arrow.action is action and state in arrow.sources]
    return tuple((arrow, _when(arrow) or _otherwise(arrow, found)) for arrow in found)


@lru_cache(maxsize=200)
def _leads_to_every_remedy(action: Action) -> bool:
    return {state for state, _ in REMEDY_STATES} <= {arrow.target for arrow in ARROWS if arrow.action is action}


def _at_crossing(arrow: Arrow) -> bool:
    """Whether an arrow is one of those that ask the gates and the remedy, for all of which the crossing stands."""
    return arrow.guard in _FORKS and _leads_to_every_remedy(arrow.action)


def _when(arrow: Arrow) -> str:
    guard = arrow.guard
    if guard is None or guard in _OF_REMEDIES or _at_crossing(arrow):
        return ""
    if guard.__name__ in _PLAIN or "came from" in guard.__name__:
        return ""
    return arrow.label or said(guard.__name__)


def _otherwise(arrow: Arrow, found: Iterable[Arrow]) -> str:
    names = [other.guard.__name__ for other in found if other.guard is not None]
    is_rest = arrow.guard is None or _at_crossing(arrow)
    return next((_ELSE[name] for name in names if name in _ELSE), "") if is_rest else ""


_FIRST: tuple[By, ...] = ("own", "general", "answer", "clock", "crossing")


def _together(ways: Iterable[Way]) -> list[Way]:
    """Ways of the same words and end once, an own one before a general one; several checks or remedies in one row."""
    rows: dict[tuple[str, str, str], Way] = {}
    for way in ways:
        key = (way.words, way.target, way.when)
        if key not in rows or _FIRST.index(way.by) < _FIRST.index(rows[key].by):
            rows[key] = way
    grouped: dict[tuple[str, str, str, By], list[Way]] = {}
    for way in rows.values():
        grouped.setdefault((way.words.split()[0], way.target, way.when, way.by), []).append(way)
    return [_one_row(same) for same in grouped.values()]


def _one_row(same: list[Way]) -> Way:
    details = list(dict.fromkeys(word for way in same for word in way.words.split()[1:] if word != "/"))
    action = same[0].words.split()[0]
    if same[0].by == "clock" or not details:
        return same[0]
    return replace(same[0], words=f"{action} {' / '.join(details)}")
