"""Subcategories and variants: every sort of case is put together and judged when the files are loaded."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from models.lifecycle import State
from models.playbook import Playbook
from playbooks.loading.checks import RULES
from playbooks.loading.forms import FIELDS
from playbooks.loading.load import SHIPPED, load_playbooks
from playbooks.loading.rules import Around, Rule
from tests.playbooks.shops import kettle_with, line_of_mark, problems_of, shop
from tests.shipped import shipped

KINDS = shipped().kinds
HOUR, DAY = 3600, 86_400

LID = """\
subcategories:
  - key: lid
    zh: 壶盖漏
    en: Lid leaks
    changes:
      remedies: [refund]
      clocks:
        received: {target: 1wd}
        offered: {target: 1wd, calendar: uk}
        requested: {calendar: uk}
  - {key: spout, zh: 壶嘴漏, en: Spout leaks}
variants:
  cn: {when: {countries: [CN]}, changes: {reopen_days: 60, clocks: {received: {target: 3wd}}}}
  tmall: {when: {channels: [tmall]}, changes: {reopen_days: ~, first_answer: ~}}
  jd: {when: {channels: jd, countries: [CN]}, changes: {callback_tries: 5}}
"""


def kettle(folder: Path, added: str = LID) -> Playbook:
    return load_playbooks(shop(folder, leaking_kettle=kettle_with(added))).get("leaking_kettle")


def test_a_subcategory_changes_single_fields_of_the_procedure(tmp_path: Path) -> None:
    lid = kettle(tmp_path).for_case("lid").procedure
    assert lid.remedies == ("refund",)
    assert lid.clocks[State.DELIVERING].target == 36 * HOUR  # the kettle's own
    assert lid.subcategory == "lid"


@pytest.mark.parametrize(
    ("state", "seconds", "calendar"),
    [
        ("received", 8 * HOUR + 1800, "shop_cn"),  # 1wd of the calendar below it: 3 h + 5.5 h
        ("offered", 8 * HOUR + 1800, "uk"),  # 1wd of the calendar that the change names
        ("requested", 8 * HOUR + 1800, "uk"),  # the working day of the defaults, counted in the new calendar
    ],
)
def test_working_days_of_a_change_are_those_of_its_calendar(
    tmp_path: Path, state: str, seconds: int, calendar: str
) -> None:
    rule = kettle(tmp_path).for_case("lid").procedure.clocks[State(state)]
    assert (rule.target, rule.calendar) == (seconds, calendar)


@pytest.mark.parametrize(
    ("country", "channel", "variants", "reopen_days", "received"),
    [
        (None, None, (), 30, 2),
        ("CN", None, ("cn",), 60, 3),
        ("CN", "jd", ("cn", "jd"), 60, 3),
        ("DE", "jd", (), 30, 2),
        ("CN", "tmall", ("cn", "tmall"), 30, 3),  # ~ takes away what stands below, so the default holds
    ],
)
def test_variants_hold_by_country_and_channel(
    tmp_path: Path, country: str | None, channel: str | None, variants: tuple[str, ...], reopen_days: int, received: int
) -> None:
    procedure = kettle(tmp_path).for_case(None, country, channel).procedure
    assert procedure.variants == variants
    assert procedure.reopen_days == reopen_days
    assert procedure.clocks[State.RECEIVED].target == received * (8 * HOUR + 1800)


def test_a_kind_adds_to_the_variant_of_the_defaults(tmp_path: Path) -> None:
    """The general law stands once in the defaults; a kind says only what is its own."""
    general = "variants:\n  cn: {when: {countries: [CN]}, changes: {law: {name: cn, repair_days: 30}}}\n"
    every_clock = (SHIPPED / "defaults.yaml").read_text(encoding="utf-8")
    head, tail = every_clock.split("variants:\n", 1)
    rest = tail[tail.index("\n# ──") :]
    own = "variants:\n  cn: {changes: {law: {no_reason_days: 7}}}\n"
    shop(tmp_path, defaults=head + general + rest, leaking_kettle=kettle_with(own))
    law = load_playbooks(tmp_path).get("leaking_kettle").for_case(None, "CN").procedure.law
    assert (law.name, law.repair_days, law.no_reason_days) == ("cn", 30, 7)


def test_a_change_of_the_calendar_alone_counts_every_length_anew(tmp_path: Path) -> None:
    added = (
        "side_clocks:\n"
        "  lid_look: {target: 2wd, calendar: shop_cn, by_severity: {critical: 1wd}, starts_on: opened, met_by: told}\n"
        "subcategories:\n"
        "  - {key: lid, zh: 壶盖, en: Lid, changes: {side_clocks: {lid_look: {calendar: all_hours, remind: 3h}}}}\n"
    )
    book = kettle(tmp_path, added)
    base, lid = (book.for_case(key).procedure.side_clocks["lid_look"] for key in (None, "lid"))
    assert (base.target, base.by_severity["critical"], base.remind) == (17 * HOUR, 8 * HOUR + 1800, None)
    assert (lid.target, lid.by_severity["critical"], lid.remind) == (2 * DAY, DAY, 3 * HOUR)


# ── mistakes in changes ───────────────────────────────────────────────────────────────────────────

_SUB = "subcategories:\n  - key: lid\n    zh: 壶盖漏\n    en: Lid leaks\n    changes:\n"
_CN = "variants:\n  cn:\n    changes:\n"

MISTAKES = [
    (_SUB + "      clocks:\n        received: {target: soon}  #!\n", "clocks.received.target", "no length of time"),
    (_SUB + "      clocks:\n        received: {taget: 1h}  #!\n", "clocks.received.taget", "did you mean target?"),
    (_SUB + "      clocks:\n        received: {remind: 9d}  #!\n", "clocks.received.remind", "shorter than target"),
    (_SUB + "      clocks:\n        received: {calendar: shop_ch}  #!\n", "clocks.received.calendar", "shop_cn?"),
    (_SUB + "      clocks:  #!\n        received: ~\n", "clocks", "no clock for received"),
    (_SUB + "      clcks: {}  #!\n", "clcks", "did you mean clocks?"),
    (_SUB + "      version: 8  #!\n", "version", "nothing that can be changed here"),
    (_SUB + "      remedies: [repair, fly]  #!\n", "remedies.1", "is not known here"),
    (_SUB + "      remedies: [repair, visit]  #!\n", "remedies.1", "no road leads to visit"),
    (_SUB + "      remedies: ~  #!\n", "remedies", "is missing"),
    (
        _SUB + "      names: {zh: 盖}\n      evidence:\n        - {key: x, zh: 照片}  #!\n",
        "evidence.0.en",
        "is missing",
    ),
    (_SUB + '      scripts:\n        requested: {en: "Hi {custmer}"}  #!\n', "scripts.requested.en", "customer?"),
    (_SUB + "      scripts:\n        requestd: {zh: 您好, en: Hello}  #!\n", "scripts.requestd", "requested?"),
    (_SUB + "      keep_it: {start_percent: 60}  #!\n", "keep_it.agent_percent", "at least start_percent"),
    (_SUB + "      refund_limits: {agent: {CNY: -1}}  #!\n", "refund_limits.agent.CNY", "less than nothing"),
]
_PLACES = [("subcategories.0.changes", _SUB), ("variants.cn.changes", _CN)]


@pytest.mark.parametrize(("place", "head"), _PLACES, ids=["subcategory", "variant"])
@pytest.mark.parametrize(("added", "field", "words"), MISTAKES)
def test_a_mistake_in_changes_is_named_where_it_is_written(
    tmp_path: Path, place: str, head: str, added: str, field: str, words: str
) -> None:
    text = kettle_with(added.replace(_SUB, head))
    problems = problems_of(tmp_path, text)
    named = [problem for problem in problems if words in problem.message]
    assert named, problems
    if field != "keep_it.agent_percent":  # that one stands in the defaults: the change made it too small
        assert (named[0].line, named[0].field) == (line_of_mark(text), f"{place}.{field}")
    else:
        assert named[0].field == field
        assert named[0].message.endswith(f"(in cases of {'the subcategory lid' if head is _SUB else 'the variant cn'})")


def test_what_is_wrong_only_together_names_both(tmp_path: Path) -> None:
    """The lid's law gives what China's remedies do not have; each by itself would be right."""
    added = (
        "subcategories:\n  - {key: lid, zh: 壶盖, en: Lid, changes: {law: {ladder: [{choices: [repair]}]}}}  #!\n"
        "variants:\n  cn: {when: {countries: [CN]}, changes: {remedies: [refund]}}\n"
    )
    text = kettle_with(added)
    told = problems_of(tmp_path, text)
    assert [(p.line, p.field) for p in told] == [(line_of_mark(text), "subcategories.0.changes.law.ladder.0.choices.0")]
    assert told[0].message.endswith("(in cases of the variant cn)")


def test_variants_that_never_hold_together_are_not_judged_together(tmp_path: Path) -> None:
    added = (
        "variants:\n"
        "  cn: {when: {countries: [CN]}, changes: {remedies: [refund]}}\n"
        "  de: {when: {countries: [DE]}, changes: {law: {ladder: [{choices: [repair]}]}}}\n"
    )
    assert problems_of(tmp_path, kettle_with(added)) == []
    both = added.replace("[DE]", "[DE, CN]")
    assert len(problems_of(tmp_path, kettle_with(both))) == 1


def test_what_is_wrong_in_the_file_is_not_told_again_of_every_sort_of_case(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path, kettle_with(LID + "checks: [department]\n"))) == 1


@pytest.mark.parametrize(
    ("added", "field", "words"),
    [
        (
            "subcategories:\n  - {key: lid, zh: 壶盖, en: Lid}\n  - {key: lid, zh: 壶嘴, en: Spout}  #!\n",
            "subcategories.1.key",
            "the same as that of subcategory 0",
        ),
        (
            "subcategories:\n  - {key: lid, zh: 壶盖, en: Lid}\n  - {key: cap, zh: 壶嘴, en: LID}  #!\n",
            "subcategories.1.en",
            "the same as that of subcategory 0",
        ),
        (
            "subcategories:\n  - {key: lid, zh: 壶盖, en: Lid}\n  - {key: cap, zh: 壶盖, en: Cap}  #!\n",
            "subcategories.1.zh",
            "the same as that of subcategory 0",
        ),
        ("variants:\n  cn: {when: {countries: [China]}}  #!\n", "variants.cn.when.countries.0", "ISO 3166"),
        ("variants:\n  cn: {when: {country: CN}}  #!\n", "variants.cn.when.country", "did you mean countries?"),
        (
            "law:\n  ladder:\n    - {until_day: 15, choices: [refund]}\n    - {until_day: 7, choices: [repair]}  #!\n",
            "law.ladder.1.until_day",
            "must be later than day 15",
        ),
        (
            "law:\n  ladder:\n    - {choices: [refund]}  #!\n    - {until_day: 7, choices: [repair]}\n",
            "law.ladder.0",
            "so the steps below it never come",
        ),
        ("law: {ladder: [{until_day: 7, choices: [exchange]}]}  #!\n", "law.ladder.0.choices.0", "remedies has none"),
    ],
)
def test_subcategories_variants_and_law_agree_with_themselves(
    tmp_path: Path, added: str, field: str, words: str
) -> None:
    text = kettle_with(added)
    assert [(p.line, p.field) for p in problems_of(tmp_path, text)] == [(line_of_mark(text), field)]
    assert words in problems_of(tmp_path, text)[0].message


# ── all of them, as shipped ───────────────────────────────────────────────────────────────────────


def sorts_of(playbook: Playbook) -> list[tuple[str | None, str | None, str | None]]:
    """Every subcategory, country and channel that the playbook makes a difference for, and one that is not named."""
    wheres = [variant.when for variant in playbook.variants.values()]
    countries = {None, *(country for where in wheres for country in where.countries)}
    channels = {None, *(channel for where in wheres for channel in where.channels)}
    return list(product((None, *(sub.key for sub in playbook.subcategories)), countries, channels))


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_every_sort_of_case_can_be_had(playbook: Playbook) -> None:
    for subcategory, country, channel in sorts_of(playbook):
        book = playbook.for_case(subcategory, country, channel)
        assert book.procedure.subcategory == subcategory
        assert book.procedure.version == playbook.version


class _Recorder:
    """A playbook that writes down which fields of its file are read."""

    def __init__(self, playbook: Playbook, read: set[str]) -> None:
        self._playbook, self._read = playbook, read

    def __getattr__(self, name: str) -> Any:
        if name == "procedure":
            return _Recorder(self._playbook.procedure, self._read)  # type: ignore[arg-type]
        self._read.add(name)
        return getattr(self._playbook, name)


@pytest.mark.parametrize("rule", RULES, ids=[rule.look.__name__ for rule in RULES])
def test_a_rule_reads_no_field_but_those_it_names(rule: Rule) -> None:
    """Equal fields are judged once, so a rule that read others would be asked too seldom."""
    assert rule.reads <= FIELDS.keys()
    around, read = Around(frozenset({"shop_cn"}), frozenset({"local"}), frozenset(KINDS)), set[str]()
    for playbook in KINDS.values():
        for subcategory, country, channel in sorts_of(playbook):
            list(rule.look(_Recorder(playbook.for_case(subcategory, country, channel), read), around))  # type: ignore[arg-type]
    assert read <= rule.reads
