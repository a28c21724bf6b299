"""Whoever follows a playbook's next steps comes to an end: each can be done, leads on, and says why and until when.

Every kind is walked with every subcategory, in China and elsewhere, with its parcel everywhere it can be; what the
customer wants, whether he is eligible and what everybody answers is drawn. Steps that no such walk has come to are then
aimed at.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import product
from random import Random
from typing import NamedTuple, get_args

import pytest

from models.case import Parcel
from models.commands import Remedy
from models.lifecycle import Action
from models.playbook import Playbook
from models.procedure.steps import Step
from tests.playbooks.beginnings import Setting, book_of
from tests.playbooks.following import Walk
from tests.shipped import shipped

KINDS = shipped().kinds
WANTED = (None, *get_args(Remedy))
ELIGIBLE = ("yes", "yes", "human", "no")
#: So many walks are aimed at a step that no other has come to.
AIMS = 800

#: Facts that only a country's law makes true.
OF_A_COUNTRY = frozenset({"legal", "country", "seller_proves"})

#: Steps that hardly any walk comes to, and what it takes.
_TWICE = (
    "It was refunded in full already and cannot be refunded twice - the supervisor phones, hears him out and answers "
    "honestly; goodwill is the manager's to grant, and who still wants the goods gets a linked case"
)
_NOT_CONTENT = (
    "The customer is not content and no longer has the goods - the supervisor phones, hears him out and makes good "
    "what is missing, with a linked case where something is to be paid or sent; the answer says what was agreed"
)
_LOST_FIRST = "an exchange that is lost, a refund instead, and then a customer who is not content"
NEVER: dict[tuple[str, str], str] = {
    ("change_of_mind", _TWICE): _LOST_FIRST,
    ("warranty_repair", _TWICE): _LOST_FIRST,
    ("field_service", _TWICE): _LOST_FIRST,
    ("warranty_repair", _NOT_CONTENT): "a refund or an exchange by law, and then a customer who is not content",
}


class Walked(NamedTuple):
    """What all walks together have met."""

    walks: int
    wrong: Counter[str]
    steps: frozenset[tuple[str, int]]
    remedies: frozenset[tuple[str, str]]


def parcels_of(playbook: Playbook) -> tuple[str | None, ...]:
    """Where the parcel of such a case can be when it is opened; None is a case without an order."""
    early = playbook.eligibility.before_delivery or any("parcel" in step.when for step in playbook.steps)
    ordered: tuple[str | None, ...] = ("unprinted", "printed", "gone", "delivered") if early else ("delivered",)
    if playbook.procedure.collects:
        ordered = ("unprinted",)
    return ordered if playbook.needs_order else (*ordered, None)


def settings(playbook: Playbook, each: int, first: int = 0) -> Iterator[Setting]:
    """Every subcategory x country x parcel, `each` times, with all the rest drawn."""
    lot = Random(f"{playbook.kind} {first}")
    subcategories = (None, *(sub.key for sub in playbook.subcategories))
    places = product(subcategories, ("CN", None), parcels_of(playbook), range(each))
    for seed, (subcategory, country, parcel, _) in enumerate(places, start=first):
        wanted, eligible = lot.choice(WANTED), lot.choice(ELIGIBLE) if parcel else "yes"
        yield Setting(playbook.kind, subcategory, country, parcel, wanted, eligible, seed)


def aimed(playbook: Playbook, step: Step, tries: int) -> Iterator[Setting]:
    """Settings that have what a step asks for, as far as a beginning can have it."""
    lot, places = Random(f"{playbook.kind} {step.en}"), parcels_of(playbook)
    keys = [None, *(sub.key for sub in playbook.subcategories)]
    parcels = [place for place in places if place in step.when.get("parcel", get_args(Parcel))] or list(places)
    if "parcel" not in step.when and "delivered" in places and not playbook.eligibility.before_delivery:
        parcels = [place for place in places if place in ("delivered", None)]
    if step.when.get("order") == ("no",):
        parcels = [None]
    elif "order" in step.when or "refundable" in step.when:
        parcels = [place for place in parcels if place]
    subcategories = [None if key == "none" else key for key in step.when.get("subcategory", ())] or keys
    asked = step.when.get("wanted", step.when.get("agreed", ()))
    wanted = [None if want in ("nothing", "none") else want for want in asked] or list(WANTED)
    for seed in range(1_000_000, 1_000_000 + tries):
        yield Setting(
            playbook.kind,
            lot.choice(subcategories),
            "CN" if not OF_A_COUNTRY.isdisjoint(step.when) else None,
            lot.choice(parcels),
            lot.choice(wanted),
            lot.choice(step.when.get("eligible", ("yes",))),
            seed,
        )


def unmet(met: set[tuple[str, int]]) -> list[tuple[str, int, Step]]:
    """The kinds' own steps that nothing has come to yet."""
    steps = ((kind, number, step) for kind, book in KINDS.items() for number, step in enumerate(book.steps))
    return [(kind, number, step) for kind, number, step in steps if (kind, number) not in met]


def wanting(playbook: Playbook, remedy: str, tries: int) -> Iterator[Setting]:
    """Settings of customers who want this remedy."""
    lot, keys = Random(f"{playbook.kind} {remedy}"), [None, *(sub.key for sub in playbook.subcategories)]
    places = parcels_of(playbook)
    places = ("gone", "delivered") if "gone" in places else tuple(place for place in places if place)
    for seed in range(2_000_000, 2_000_000 + tries):
        yield Setting(playbook.kind, lot.choice(keys), None, lot.choice(places), remedy, "yes", seed)


def uncarried(carried: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The remedies of each kind that no walk has carried out yet."""
    return [
        (kind, remedy)
        for kind, book in KINDS.items()
        for remedy in book.procedure.remedies
        if (kind, remedy) not in carried
    ]


def to_the_end(ways: Iterator[Setting], met: set[tuple[str, int]], carried: set[tuple[str, str]]) -> Iterator[Walk]:
    for setting in ways:
        walk = Walk(setting).to_the_end()
        met |= walk.steps
        carried |= walk.remedies
        yield walk


def walked(each: int, first: int = 0) -> Walked:
    """All kinds, and then what none of those walks has come to."""
    met: set[tuple[str, int]] = set()
    carried: set[tuple[str, str]] = set()
    wrong, walks = Counter[str](), 0
    for playbook in KINDS.values():
        for walk in to_the_end(settings(playbook, each, first), met, carried):
            wrong.update(told(walk))
            walks += 1
    seldom = [(kind, number, step) for kind, number, step in unmet(met) if (kind, step.en) not in NEVER]
    aims: list[tuple[str, object, Iterator[Setting]]] = []
    aims += [(kind, number, aimed(KINDS[kind], step, AIMS)) for kind, number, step in seldom]
    aims += [(kind, remedy, wanting(KINDS[kind], remedy, AIMS)) for kind, remedy in uncarried(carried)]
    for kind, what, ways in aims:
        for walk in to_the_end(ways, met, carried):
            wrong.update(told(walk))
            walks += 1
            if (kind, what) in met or (kind, what) in carried:
                break
    return Walked(walks, wrong, frozenset(met), frozenset(carried))


def told(walk: Walk) -> list[str]:
    return [f"{walk.setting}: {what} after {' > '.join(walk.road[-5:])}" for what in walk.wrong]


@cache
def usual() -> Walked:
    return walked(each=1)


def test_what_is_proposed_can_be_done_leads_on_and_is_told_in_full() -> None:
    assert list(usual().wrong)[:20] == []


def test_every_step_of_every_playbook_comes_in_some_walk() -> None:
    missing = {(kind, step.en) for kind, _, step in unmet(set(usual().steps))}
    assert missing - set(NEVER) == set()


def test_what_is_said_to_come_hardly_ever_is_there() -> None:
    assert set(NEVER) <= {(kind, step.en) for kind, book in KINDS.items() for step in book.steps}


@pytest.mark.parametrize("kind", KINDS)
def test_every_remedy_of_a_playbook_is_carried_out_in_some_walk(kind: str) -> None:
    carried = {remedy for of, remedy in usual().remedies if of == kind}
    assert set(KINDS[kind].procedure.remedies) <= carried


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_says_why(kind: str) -> None:
    assert [step.en for step in KINDS[kind].all_steps if step.why is None] == []


@pytest.mark.slow
@pytest.mark.parametrize("first", [100_000, 200_000, 300_000])
def test_nothing_is_wrong_in_many_more_walks(first: int) -> None:
    assert list(walked(each=12, first=first).wrong)[:20] == []


# ── the walker sees what is wrong ──


def with_first_step(**step: object) -> Playbook:
    """Help with use, beginning with a step that nobody should follow."""
    book = book_of("usage_help", None, None)
    words = {"zh": "试", "en": "try it", "why": {"zh": "因为", "en": "because"}}
    first = Step.model_validate({"in": "requested", **words, **step})
    return book.model_copy(update={"steps": (first, *book.steps)})


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"do": "answer"}, "proposed again at once in requested"),
        ({"do": "choose_remedy", "with": {"remedy": "refund"}}, "refused choose_remedy"),
        ({"do": "answer", "with": {"final": True}, "who": "courier"}, "courier may not answer"),
        ({"do": "answer", "with": {"final": True}, "why": None}, "no why: try it"),
        ({"do": "answer", "with": {"final": True}, "script": "refunding"}, "script refunding has a hole"),
    ],
)
def test_a_step_that_is_wrong_is_found(step: dict[str, object], told: str) -> None:
    walk = Walk(Setting("usage_help", parcel=None), playbook=with_first_step(**step)).to_the_end()
    assert any(told in what for what in walk.wrong), walk.wrong


def test_a_walk_can_be_walked_again() -> None:
    setting = Setting("quality_fault", "safety", "CN", wanted="refund", seed=7)
    first, second = Walk(setting).to_the_end(), Walk(setting).to_the_end()
    assert first.road == second.road
    assert first.case == second.case
    assert any(Action.CONTAIN in line for line in first.road)
