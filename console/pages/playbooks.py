"""Playbooks: what is in force, what is wrong with a changed set, one kind's procedure and its road drawn."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.drawings.road_svg import draw
from api.procedure.roads import road
from console import labels
from console.language import N_
from console.procedure.road_words import road_words
from console.procedure.wording import WORDS
from console.visit import Here, Visit
from models.lifecycle import State
from models.playbook import ClockRule, Playbook
from models.procedure.steps import Step

router = APIRouter()


@router.get("/playbooks", name="playbooks")
async def playbooks(here: Here) -> Response:
    """The kinds in force with their versions, and what keeps a changed set from taking their place."""
    found = here.desk.playbooks()
    rows = sorted(found["items"], key=lambda one: str(one["kind"]))
    return here.page("playbooks/page.html", found=rows, problems=here.desk.playbook_mistakes())


@router.get("/playbooks/{kind}", name="playbook")
async def playbook(here: Here, kind: str) -> Response:
    """One kind's procedure, as new cases get it."""
    book = here.desk.playbook_of(kind)
    say = here.tongue.say
    by_role = (
        (say("Refunds"), book.procedure.refund_limits),
        (say("Compensation"), book.procedure.compensation_limits),
    )
    limits = [(words, {str(role): _sums(here, sums) for role, sums in found.items()}) for words, found in by_role]
    return here.page(
        "playbooks/one.html",
        book=book.model_dump(mode="json"),
        limits=limits,
        labels=labels,
        steps=[(say(words), [_step(here, step) for step in steps]) for words, steps in _chapters(book)],
        clocks=[_clock(here, state, rule) for state, rule in book.procedure.clocks.items()],
        scripts=[(here.tongue.say(WORDS.get(name, name)), here.tongue.of(texts)) for name, texts in _scripts(book)],
    )


def _chapters(book: Playbook) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    """The steps in the order in which they are read; the first that holds is next."""
    return (
        (N_("Ahead of all others"), book.first_steps),
        (N_("Of this kind"), book.steps),
        (N_("Of every kind, after those"), book.general_steps),
    )


def _step(here: Visit, step: Step) -> dict[str, Any]:
    """A step in words; its condition stays as the file has it, for whoever changes it there."""
    say = here.tongue.say
    return {
        "states": here.tongue.listed([say(labels.STATES[state.value]) for state in step.states]),
        "when": [f"{name}: {', '.join(sorted(values))}" for name, values in step.when.items()],
        "words": step.zh if here.tongue.short == "zh" else step.en,
        "why": here.tongue.of(step.why.model_dump()) if step.why else "",
        "action": say(labels.ACTIONS[step.do.value]) if step.do else "",
    }


def _clock(here: Visit, state: State, rule: ClockRule) -> tuple[str, ...]:
    say = here.tongue.say
    name, calendar = labels.CLOCKS.get(rule.clock, rule.clock), WORDS.get(rule.calendar, rule.calendar)
    length = here.tongue.length(rule.target)
    return say(labels.STATES[state.value]), say(name), length, say(calendar), say(WORDS[rule.outcome])


def _scripts(book: Playbook) -> list[tuple[str, dict[str, str]]]:
    return [(name, {str(language): text for language, text in texts.items()}) for name, texts in book.scripts.items()]


def _sums(here: Visit, by_currency: Mapping[str, str]) -> str:
    """One limit in each currency."""
    return " · ".join(here.tongue.money({"amount": amount, "currency": name}) for name, amount in by_currency.items())


@router.get("/playbooks/{kind}/road.svg", name="playbook_road")
async def playbook_road(here: Here, kind: str) -> Response:
    """The road of a kind as a drawing in the reader's words; as an image it may have styles of its own."""
    headings = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "Content-Language": here.tongue.language,
        "Vary": "Accept-Language, Cookie",
    }
    kinds = {str(one["kind"]): one["names"] for one in here.desk.playbooks()["items"]}
    drawn = draw(road(here.desk.playbook_of(kind)), road_words(here.tongue, kinds))
    return Response(drawn, media_type="image/svg+xml", headers=headings)
