"""Everything that waits: clocks of states and beside them, reminders, zones, dispatch."""

from pathlib import Path

import pytest

from tests.playbooks.shops import kettle_with, line_of_mark, problems_of

_BESIDE = "side_clocks:\n  daily_word:\n    target: 1d\n    calendar: all_hours\n"

MISTAKES = [
    (
        "clocks:\n  received:  #!\n    {calendar: ~}\n",
        "clocks.received.calendar",
        "is missing, and so nobody knows when",
    ),
    ("clocks:\n  received: {by_zone: {lcal: 2h}}  #!\n", "clocks.received.by_zone.lcal", "did you mean local?"),
    ("clocks:\n  received: {by_zone: {local: 2x}}  #!\n", "clocks.received.by_zone.local", "no length of time"),
    ("clocks:\n  closed: {clock: x, target: 1h, calendar: uk}  #!\n", "clocks.closed", "waits for nobody"),
    ("first_answer: {outcome: close}  #!\n", "first_answer.outcome", "can only escalate"),
    ("first_answer: {by_zone: {local: 5m}}  #!\n", "first_answer.by_zone", "as long to every zone"),
    ("dispatch:\n  cutoffs: ['12:00', '9:00']  #!\n  calendar: shop_cn\n", "dispatch.cutoffs.1", "is no time of day"),
    ("dispatch:\n  cutoffs: ['17:00', '12:00']  #!\n  calendar: shop_cn\n", "dispatch.cutoffs.1", "must be later than"),
    ("dispatch:\n  cutoffs: ['24:00']  #!\n  calendar: shop_cn\n", "dispatch.cutoffs.0", "is no time of day"),
    ("dispatch:\n  cutoffs: ['12:00']\n  calendar: shop_ch  #!\n", "dispatch.calendar", "did you mean shop_cn?"),
    (_BESIDE + "    starts_on: [openned]  #!\n    met_by: [told]\n", "side_clocks.daily_word.starts_on.0", "opened?"),
    (
        _BESIDE + "    starts_on: ship_retrun  #!\n    met_by: [told]\n",
        "side_clocks.daily_word.starts_on",
        "ship_return?",
    ),
    (
        _BESIDE + "    starts_on: 3-o-clock  #!\n    met_by: [told]\n",
        "side_clocks.daily_word.starts_on",
        "an action or a state",
    ),
    (_BESIDE + "    starts_on: opened\n    met_by: [tld]  #!\n", "side_clocks.daily_word.met_by.0", "told?"),
    (
        _BESIDE + "    starts_on: opened\n    met_by: [opened]  #!\n",
        "side_clocks.daily_word.met_by.0",
        "not known here",
    ),
    (_BESIDE + "    during: [sleeping]  #!\n    met_by: [told]\n", "side_clocks.daily_word.during.0", "not known here"),
    (_BESIDE + "    during: [closed]  #!\n    met_by: [told]\n", "side_clocks.daily_word.during", "take closed out"),
    (
        _BESIDE + "    starts_on: opened\n    met_by: told\n    tells: [boss]  #!\n",
        "side_clocks.daily_word.tells.0",
        "known are",
    ),
    (
        _BESIDE + "    starts_on: opened\n    met_by: told\n    again: true  #!\n",
        "side_clocks.daily_word.again",
        "in which states",
    ),
    (
        _BESIDE + "    starts_on: opened\n    met_by: told\n    findings: [lost]  #!\n",
        "side_clocks.daily_word.findings",
        "report_finding",
    ),
    (
        _BESIDE + "    starts_on: opened\n    met_by: told\n    remind: 2d  #!\n",
        "side_clocks.daily_word.remind",
        "shorter than target",
    ),
    (
        _BESIDE + "    starts_on: opened\n    met_by: told\n    by_severity: {critical: 2y}  #!\n",
        "side_clocks.daily_word.by_severity.critical",
        "no length of time",
    ),
    (
        "side_clocks:\n  hush:  #!\n    {target: 1d, calendar: uk, met_by: [told]}\n",
        "side_clocks.hush",
        "nothing starts it",
    ),
    (
        "side_clocks:\n  hush:  #!\n    {target: 1d, calendar: uk, starts_on: [opened]}\n",
        "side_clocks.hush",
        "nothing meets it",
    ),
    (
        "side_clocks:\n  hush:  #!\n    {target: 1d, starts_on: [opened], met_by: [told]}\n",
        "side_clocks.hush.calendar",
        "is missing",
    ),
    (
        "side_clocks:\n  inspection:  #!\n    {target: 1d, calendar: uk, starts_on: [opened], met_by: [told]}\n",
        "side_clocks.inspection",
        "called inspection already",
    ),
]


@pytest.mark.parametrize(("added", "field", "words"), MISTAKES)
def test_a_wait_that_cannot_be_is_named_with_its_line(tmp_path: Path, added: str, field: str, words: str) -> None:
    text = kettle_with(added)
    problems = problems_of(tmp_path, text)
    assert [(p.line, p.field) for p in problems] == [(line_of_mark(text), field)]
    assert words in problems[0].message


RIGHT = [
    "clocks:\n  received: {by_zone: {local: 2h, remote: 1wd}}\n",
    "dispatch:\n  cutoffs: ['12:00', '15:00', '17:00']\n  calendar: shop_cn\n",
    _BESIDE + "    during: [investigating, recalling]\n    met_by: told\n    again: true\n",
    _BESIDE + "    during: [repairing]\n",
    _BESIDE + "    starts_on: report_finding\n    findings: [misdelivered]\n    met_by: [record_delivery, resolved]\n",
    _BESIDE
    + "    starts_on: [opened, received]\n    met_by: told\n    to_closing: true\n    tells: [department_head]\n",
]


@pytest.mark.parametrize("added", RIGHT)
def test_a_wait_that_can_be_is_not_complained_of(tmp_path: Path, added: str) -> None:
    assert problems_of(tmp_path, kettle_with(added)) == []
