"""Which alarms of the chain reach nobody, as a commit answers it (T8, T11)."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from models.case import Case
from models.commands import parse_command
from models.decide import decide, pass_time, skipped
from models.effects import CommitInput, CommitResult, Decision, Unheard
from store import cases
from store.engine import writing
from tests.builders import an_order
from tests.models.story import procedure
from tests.models.test_decide_time import TEN_HOURS
from tests.people import a_roster, absence, somebody, wall
from tests.staffed import write_down
from tests.store.till import CALENDARS, Till

AWAY = (wall("00:00", "2026-03-01"), wall("00:00", "2026-03-10"))
LI_IS_AWAY, WU_IS_AWAY = absence("li", *AWAY), absence("wu", *AWAY)
FIRST = Unheard(clock="triage", cycle=1, alarm="level 1")


def opened(engine: Engine, owner: str | None = None) -> tuple[Till, Case]:
    """A case whose first clock is due at 20:00 of that Wednesday, when only the night shift is there."""
    till = Till(engine, an_order())
    shipped = procedure().model_dump()
    clocks = {**shipped["clocks"], "requested": TEN_HOURS}
    rules = procedure(clocks=clocks, first_answer=None)
    return till, till.case(till.opened(rules=rules, owner=owner))


def written(engine: Engine, case: Case, decision: Decision, at: datetime) -> CommitResult:
    drain = CommitInput(case=decision.case, base=case.version, effects=decision.effects, at=at)
    with writing(engine) as session:
        return cases.write_commit(session, drain, CALENDARS)


def rings(engine: Engine, case: Case, at: datetime) -> CommitResult:
    decision = pass_time(case, at)
    assert decision is not None
    return written(engine, case, decision, at)


def test_a_shop_without_a_staff_list_has_nobody_who_is_away(engine: Engine) -> None:
    _, case = opened(engine)
    assert rings(engine, case, wall("20:00")).unheard == ()


@pytest.mark.parametrize(
    ("owner", "facts", "unheard"),
    [
        (None, (), ()),  # Sun has the night shift
        (None, (absence("sun", *AWAY),), (FIRST,)),
        ("li", (absence("sun", *AWAY),), (FIRST,)),  # whose shift ended at 16:30
        ("li", (absence("sun", *AWAY), absence("li", *AWAY, stand_in="zhou")), ()),
    ],
)
def test_a_level_is_unheard_when_all_it_is_for_are_off_duty_T8(
    engine: Engine, owner: str | None, facts: tuple[Any, ...], unheard: tuple[Unheard, ...]
) -> None:
    write_down(engine, a_roster(*facts))
    _, case = opened(engine, owner)
    assert rings(engine, case, wall("20:00")).unheard == unheard


def test_the_same_drain_again_names_the_same_and_another_one_is_told_of_it_too(engine: Engine) -> None:
    """A worker died between its commit and its history: the skip must not be lost with it."""
    write_down(engine, a_roster(absence("sun", *AWAY)))
    _, case = opened(engine)
    ring = pass_time(case, wall("20:00"))
    assert ring is not None
    for _ in range(2):
        assert written(engine, case, ring, wall("20:00")).unheard == (FIRST,)
    note = {"action": "note", "actor": {"id": "li", "role": "agent"}, "data": {"note": "he called"}}
    ahead = written(engine, case, decide(case, parse_command(note), wall("20:01")), wall("20:01"))
    assert ahead.ahead is not None
    assert ahead.unheard == (FIRST,)


def test_what_a_person_hands_up_while_the_supervisor_is_away_is_unheard_too(engine: Engine) -> None:
    write_down(engine, a_roster(absence("zhou", *AWAY)))
    _, case = opened(engine)
    upset = {"action": "escalate", "actor": {"id": "li", "role": "agent"}, "data": {"reason": "he shouts"}}
    assert written(engine, case, decide(case, parse_command(upset), wall("11:00")), wall("11:00")).unheard == (
        Unheard(alarm="supervisor"),
    )


def test_what_is_handed_up_goes_on_until_somebody_is_there_T8(engine: Engine) -> None:
    """Zhou and Chen are away and there is no director in the list: the letter goes to the director's box."""
    write_down(engine, a_roster(absence("zhou", *AWAY), absence("chen", *AWAY)))
    till, case = opened(engine)
    upset = {"action": "escalate", "actor": {"id": "li", "role": "agent"}, "data": {"reason": "he shouts"}}
    answer = written(engine, case, decide(case, parse_command(upset), wall("11:00")), wall("11:00"))
    skips = []
    while answer.unheard:
        skips.append([alarm.alarm for alarm in answer.unheard])
        case = till.case(case.case_no)
        answer = written(engine, case, skipped(case, answer.unheard, wall("11:00")), wall("11:00"))
    assert skips == [["supervisor"], ["manager"]]
    assert till.case(case.case_no).escalation == 3


def test_a_role_that_nobody_has_is_not_skipped_but_goes_to_its_own_box(engine: Engine) -> None:
    write_down(engine, a_roster(somebody("li"), bare=True))
    _, case = opened(engine)
    upset = {"action": "escalate", "actor": {"id": "li", "role": "agent"}, "data": {"reason": "he shouts"}}
    assert written(engine, case, decide(case, parse_command(upset), wall("11:00")), wall("11:00")).unheard == ()
