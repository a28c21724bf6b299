"""Reading a folder of playbooks: layers, lengths of time, versions, and a named place for every mistake."""

import stat
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.business_time import Calendar
from models.errors import Invalid, PlaybookInvalid
from models.lifecycle import State
from playbooks.loading.load import SHIPPED, Problem, check_folder, load_playbooks
from tests.playbooks.shops import KETTLE, shop

HALF_DAYS = """\
timezone: Asia/Shanghai
weekly:
  mon: &morning [["09:00", "13:00"]]
  tue: *morning
"""
MINUTE, HOUR, DAY = 60, 3600, 86_400


def test_a_playbook_is_laid_over_the_defaults_field_by_field(tmp_path: Path) -> None:
    kettle = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE)).get("leaking_kettle")
    delivering = kettle.procedure.clocks[State.DELIVERING]
    assert (delivering.target, delivering.clock, delivering.outcome) == (36 * HOUR, "delivery", "search")
    assert kettle.procedure.clocks[State.OFFERED].target == 48 * HOUR  # K3, from the defaults
    assert kettle.procedure.remedies == ("repair", "refund")
    assert kettle.scripts["requested"]["en"] == "Hello {customer}"
    assert "refunding" in kettle.scripts


@pytest.mark.parametrize(
    ("written", "calendar", "seconds"),
    [
        ("90s", "all_hours", 90),
        ("15m", "shop_cn", 15 * MINUTE),
        ("48h", "all_hours", 48 * HOUR),
        ("7d", "shop_cn", 7 * DAY),  # calendar days, whatever the calendar
        ("1wd", "shop_cn", 8 * HOUR + 30 * MINUTE),  # 3 h before lunch + 5.5 h after it
        ("2wd", "uk", 17 * HOUR),  # 2 × 8.5 h
        ("3wd", "all_hours", 3 * DAY),
        ("600", "all_hours", 600),  # a bare number is seconds
    ],
)
def test_a_length_of_time_becomes_seconds_of_its_calendar(
    tmp_path: Path, written: str, calendar: str, seconds: int
) -> None:
    text = KETTLE.replace("{target: 2wd}", f"{{target: {written}, calendar: {calendar}}}")
    kettle = load_playbooks(shop(tmp_path, leaking_kettle=text)).get("leaking_kettle")
    assert kettle.procedure.clocks[State.RECEIVED].target == seconds


def test_a_shops_own_calendars_replace_the_shipped_ones(tmp_path: Path) -> None:
    every_clock = (SHIPPED / "defaults.yaml").read_text(encoding="utf-8").replace("shop_cn", "half")
    shop(tmp_path, leaking_kettle=KETTLE, defaults=every_clock, calendars__half=HALF_DAYS)
    loaded = load_playbooks(tmp_path)
    assert sorted(loaded.calendars) == ["all_hours", "half"]
    assert loaded.get("leaking_kettle").procedure.clocks[State.RECEIVED].target == 8 * HOUR  # 2 × 4 h


def test_given_calendars_are_used_instead_of_files(tmp_path: Path) -> None:
    given = {"shop_cn": Calendar.always("Asia/Shanghai")}
    loaded = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE), given)
    assert sorted(loaded.calendars) == ["all_hours", "shop_cn"]
    assert loaded.get("leaking_kettle").procedure.clocks[State.RECEIVED].target == 2 * DAY


def test_a_shops_own_freight_rates_replace_the_shipped_ones(tmp_path: Path) -> None:
    rates = 'rates: {CNY: {default: "6.50"}}\n'
    loaded = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE, freight=rates))
    assert loaded.freight.normal("remote", "CNY") == 650
    assert loaded.freight.normal(None, "USD") is None


def test_a_tilde_takes_a_default_away(tmp_path: Path) -> None:
    text = KETTLE.replace("  received:", "  awaiting_return: {remind: ~}\n  received:")
    kettle = load_playbooks(shop(tmp_path, leaking_kettle=text)).get("leaking_kettle")
    assert kettle.procedure.clocks[State.AWAITING_RETURN].remind is None


def test_a_playbook_can_be_like_another_of_the_shop(tmp_path: Path) -> None:
    teapot = "kind: dripping_teapot\nlike: leaking_kettle\nremedies: [refund]\n"
    loaded = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE, dripping_teapot=teapot))
    assert loaded.get("dripping_teapot").procedure.remedies == ("refund",)
    assert loaded.get("dripping_teapot").names.en == "Leaking kettle"
    assert loaded.get("leaking_kettle").procedure.remedies == ("repair", "refund")


def test_a_playbook_like_its_own_name_changes_the_shipped_one(tmp_path: Path) -> None:
    own = "kind: change_of_mind\nlike: change_of_mind\neligibility: {days_since_delivery: 30}\n"
    kind = load_playbooks(shop(tmp_path, change_of_mind=own)).get("change_of_mind")
    assert kind.eligibility.days_since_delivery == 30
    assert kind.eligibility.final_sale is False
    assert kind.names.en == "Change of mind"


def test_two_playbooks_that_are_like_each_other_are_refused(tmp_path: Path) -> None:
    hen, egg = "kind: hen\nlike: egg\n", "kind: egg\nlike: hen\n"
    problems = check_folder(shop(tmp_path, hen=hen, egg=egg))
    assert {(p.file, p.line, p.field) for p in problems} == {("egg.yaml", 2, "like"), ("hen.yaml", 2, "like")}


def test_the_version_changes_with_what_is_said_and_not_with_how_it_is_written(tmp_path: Path) -> None:
    def version(text: str) -> str:
        return load_playbooks(shop(tmp_path, leaking_kettle=text)).get("leaking_kettle").version

    first = version(KETTLE)
    assert first.startswith("7-")
    assert version("# a remark\n" + KETTLE.replace("2wd", '"2wd"')) == first
    assert version(KETTLE.replace("2wd", "3wd")) != first
    assert version(KETTLE.replace("您好", "你好")) != first
    shop(tmp_path, defaults=(SHIPPED / "defaults.yaml").read_text(encoding="utf-8").replace("48h", "24h"))
    assert version(KETTLE) != first


def test_the_procedure_carries_kind_and_version_into_the_case(tmp_path: Path) -> None:
    kettle = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE)).get("leaking_kettle")
    assert (kettle.procedure.kind, kettle.procedure.version) == (kettle.kind, kettle.version)


def test_an_unknown_kind_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    loaded = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE))
    with pytest.raises(Invalid, match="did you mean leaking_kettle"):
        loaded.get("leaking_ketle")
    with pytest.raises(Invalid, match="known are leaking_kettle"):
        loaded.get("Ω\x1b[31m" * 1000)


def test_loaded_playbooks_cannot_be_changed(tmp_path: Path) -> None:
    loaded = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE))
    assert isinstance(loaded.kinds, MappingProxyType)
    assert isinstance(loaded.calendars, MappingProxyType)
    with pytest.raises(AttributeError):
        loaded.kinds = {}  # type: ignore[misc]


# ── mistakes, each with its file, line and field ──────────────────────────────────────────────────

#: What stands in the file, what somebody wrote instead, and the line, field and words of the answer.
MISTAKES = [
    ("goods_come_back: true", "good_come_back: true", 6, "good_come_back", "did you mean goods_come_back?"),
    ("asks_fault: true", "asks_fault: maybe", 7, "asks_fault", "write true or false"),
    ("party_liable: seller", "party_liable: sellr", 8, "party_liable", "did you mean seller?"),
    ("[repair, refund]", "[repair, refnd]", 9, "remedies.1", "did you mean refund?"),
    ("[repair, refund]", "[repair, repair]", 9, "remedies", "repair is listed 2 times"),
    ("[repair, refund]", "[]", 9, "remedies", "needs at least 1"),
    ("[repair, refund]", "repair", 9, "remedies", "write a list"),
    ("  received: {", "  recieved: {", 11, "clocks.recieved", "did you mean received?"),
    ("{target: 2wd}", "{taget: 2wd}", 11, "clocks.received.taget", "did you mean target?"),
    ("{target: 2wd}", "{target: 2 weeks}", 11, "clocks.received.target", "'2 weeks' is no length of time"),
    ("{target: 2wd}", "{target: 0s}", 11, "clocks.received.target", "at least 1"),
    ("{target: 2wd}", "{target: -5m}", 11, "clocks.received.target", "no length of time"),
    ("{target: 2wd}", "{target: 99999d}", 11, "clocks.received.target", "at most"),
    ("{target: 2wd}", "{target: 2wd, calendar: shop_ch}", 11, "clocks.received.calendar", "did you mean shop_cn?"),
    ("{target: 2wd}", "{target: 1h, remind: 1h}", 11, "clocks.received.remind", "shorter than target"),
    ("{target: 2wd}", "{target: 1h, outcome: decline}", 11, "clocks.received.outcome", "escalate or close"),
    ("{target: 2wd}", "{target: 1h, outcome: explode}", 11, "clocks.received.outcome", "not known here"),
    ("{target: 2wd}", "{target: 1h, clock: first_answer}", 11, "clocks.received.clock", "choose another name"),
    ("{target: 2wd}", "2wd", 11, "clocks.received", "write its fields below it"),
    ("target: 36h", "target: soon", 13, "clocks.delivering.target", "'soon' is no length of time"),
    ("    target: 36h", "    target: 36h\n    target: 40h", 14, "clocks.delivering.target", "first on line 13"),
    ("key: puddle, ", "", 5, "evidence.0.key", "is missing"),
    ("en: a photo of the puddle", "en: ~", 5, "evidence.0.en", "write text"),
    ("names: {zh: 水壶漏水, en: Leaking kettle}", "names: kettle", 3, "names", "write its fields below it"),
    ("en: Leaking kettle", "de: Leckender Kessel", 3, "names.de", "known are en, zh"),
    ("kind: leaking_kettle", "kind: leaky_kettle", 1, "kind", "write kind: leaking_kettle"),
    ("version: 7\n", "", 1, "version", "is missing"),
    ("version: 7", "version:", 2, "version", "has no value"),
    ("version: 7", "version: 7\nprocedure: {}", 3, "procedure", "is no field of a playbook"),
    ("version: 7", "version: 7\nreopen_days: often", 3, "reopen_days", "write a whole number"),
    ("version: 7", "version: 7\nlike: samovar", 3, "like", "no other playbook 'samovar'"),
    ("version: 7", "version: 7\nlike: ../../etc/passwd", 3, "like", "no other playbook"),
    ("version: 7", "version: &v 7", 2, "version", "anchor &v"),
    ("version: 7", "version: *v", 2, "version", "alias *v"),
    ("version: 7", "version: !!int 7", 2, "version", "has the tag"),
    ("version: 7", "version: !!python/object/apply:os.system [ls]", 2, "version", "has the tag"),
    ("version: 7", "<<: {version: 7}", 2, "<<", "is no field of a playbook"),
    ('"Hello {customer}"', '"Hello {custmer}"', 15, "scripts.requested.en", "did you mean customer?"),
    ('"Hello {customer}"', '"Hello {customer.__class__}"', 15, "scripts.requested.en", "there is no variable"),
    ('"Hello {customer}"', '"Hello {customer"', 15, "scripts.requested.en", "a brace too many or too few"),
    ('en: "Hello {customer}"', 'en: ""', 15, "scripts.requested", "has no text in en"),
    ("  requested: {zh", "  requestd: {zh", 15, "scripts.requestd", "did you mean requested?"),
    ("version: 7", "version: 7\nrefund_postage: sometimes", 3, "refund_postage", "known are always, never, rule"),
    ("version: 7", "version: 7\nnot_worth_return: {CNY: -5}", 3, "not_worth_return.CNY", "never negative"),
    ("version: 7", "version: 7\nnot_worth_return: {CNY: 0.125}", 3, "not_worth_return.CNY", "finer than CNY"),
    ("version: 7", "version: 7\nhold: do_not_shop", 3, "hold", "did you mean do_not_ship?"),
    (
        "version: 7",
        "version: 7\nkeep_it: {exect: true}",
        3,
        "keep_it.exect",
        "is no field of keep_it; did you mean exact?",
    ),
    ("version: 7", "version: 7\nchecks: [warehouse, warehouse]", 3, "checks", "warehouse is listed 2 times"),
    ("version: 7", "version: 7\nchecks: [warehose]", 3, "checks.0", "did you mean warehouse?"),
    ("version: 7", "version: 7\nfindings: {lsot: {parcel: lost}}", 3, "findings.lsot", "did you mean lost?"),
    ("version: 7", "version: 7\nfindings: {lost: {parcel: away}}", 3, "findings.lost.parcel", "is not known here"),
    ("version: 7", "version: 7\nrefund_limits: {agent: {CNY: 12.345}}", 3, "refund_limits.agent.CNY", "finer than CNY"),
    ("version: 7", "version: 7\nrefund_limits: {agent: {RMB: 5}}", 3, "refund_limits.agent.RMB", "ISO 4217"),
    ("version: 7", "version: 7\nrefund_limits: {agent: {CNY: -5}}", 3, "refund_limits.agent.CNY", "less than nothing"),
    ("version: 7", "version: 7\nrefund_limits: {manager: {CNY: 9}}", 3, "refund_limits.manager.CNY", "the supervisor"),
    ("version: 7", "version: 7\nrefund_limits: {agnt: {CNY: 9}}", 3, "refund_limits.agnt", "did you mean agent?"),
    ("version: 7", "version: 7\nkeep_it: {agent_percent: 20}", 3, "keep_it.agent_percent", "start_percent, 30"),
    ("version: 7", "version: 7\nkeep_it: {agent_percent: 101}", 3, "keep_it.agent_percent", "at most 100"),
    (
        "version: 7",
        "version: 7\nescalation:\n  - {percent: 90, level: 1, targets: [owner]}\n"
        "  - {percent: 80, level: 2, targets: [boss]}",
        5,
        "escalation.1.percent",
        "above the 90",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "line", "field", "words"), MISTAKES)
def test_a_mistake_is_named_with_line_field_and_what_to_do(
    tmp_path: Path, right: str, wrong: str, line: int, field: str, words: str
) -> None:
    assert right in KETTLE
    problems = check_folder(shop(tmp_path, leaking_kettle=KETTLE.replace(right, wrong, 1)))
    named = [problem for problem in problems if (problem.line, problem.field) == (line, field)]
    assert named, problems
    assert words in named[0].message
    assert {problem.file for problem in problems} == {"leaking_kettle.yaml"}


def test_both_parsers_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML comes with its fast parser or, where that cannot be built, without."""
    text = KETTLE
    for right, wrong, *_ in MISTAKES[::-1]:
        text = text.replace(right, wrong, 1)
    fast = check_folder(shop(tmp_path, leaking_kettle=text))
    monkeypatch.setattr("playbooks.loading.reading._LOADER", yaml.SafeLoader)
    assert len(fast) > 5
    assert check_folder(tmp_path) == fast


def test_all_problems_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    kettle = KETTLE.replace("seller", "nobody").replace("36h", "soon").replace("version: 7", "version: 7\nversion: 8")
    teapot = "kind: teapot\nlike: leaking_kettle\nremedys: [refund]\n"
    problems = check_folder(shop(tmp_path, leaking_kettle=kettle, dripping_teapot=teapot))
    assert [(p.file, p.line, p.field) for p in problems] == [
        ("dripping_teapot.yaml", 1, "kind"),
        ("dripping_teapot.yaml", 3, "remedys"),
        ("leaking_kettle.yaml", 3, "version"),
        ("leaking_kettle.yaml", 9, "party_liable"),
        ("leaking_kettle.yaml", 14, "clocks.delivering.target"),
    ]
    with pytest.raises(PlaybookInvalid, match=r"dripping_teapot.yaml, line 1: kind: .*and 4 more") as refused:
        load_playbooks(tmp_path)
    assert refused.value.extra["errors"] == [problem._asdict() for problem in problems]


def test_a_problem_of_the_defaults_is_named_there_and_once(tmp_path: Path) -> None:
    defaults = (SHIPPED / "defaults.yaml").read_text(encoding="utf-8").replace("target: 48h", "target: 48x")
    line = next(n for n, text in enumerate(defaults.splitlines(), 1) if "48x" in text)
    teapot = KETTLE.replace("leaking_kettle", "teapot")
    problems = check_folder(shop(tmp_path, defaults=defaults, leaking_kettle=KETTLE, teapot=teapot))
    assert [(p.file, p.line, p.field) for p in problems] == [("defaults.yaml", line, "clocks.offered.target")]


def test_an_open_state_without_a_clock_is_refused(tmp_path: Path) -> None:
    text = KETTLE.replace("  received:", "  recalling: ~\n  received:")
    problems = check_folder(shop(tmp_path, leaking_kettle=text))
    assert [(p.line, p.field) for p in problems] == [(10, "clocks")]
    assert "no clock for recalling" in problems[0].message


def test_what_belongs_to_one_kind_is_refused_in_the_defaults(tmp_path: Path) -> None:
    defaults = "kind: everything\n" + (SHIPPED / "defaults.yaml").read_text(encoding="utf-8")
    problems = check_folder(shop(tmp_path, defaults=defaults, leaking_kettle=KETTLE))
    assert [(p.file, p.line, p.field) for p in problems] == [("defaults.yaml", 1, "kind")]


@pytest.mark.parametrize(
    ("wrong", "line", "field", "words"),
    [
        ('  wed: [["9", "10:00"]]', 5, "weekly.wed", "is not a time of day"),
        ("  someday: []", 5, "weekly.someday", "mon"),
        ("holiday: []", 5, "holiday", "did you mean holidays?"),
        ("holidays: [2026-02-30]", 5, "holidays.0", "2026-02-30 is not a date"),
        ("  wed: *evening", 5, "weekly.wed", "write &evening there first"),
        ("  wed: &day [*morning]", 5, "weekly.wed.0", "inside a repeated part"),
    ],
)
def test_a_wrong_calendar_is_named_with_its_line(tmp_path: Path, wrong: str, line: int, field: str, words: str) -> None:
    shop(tmp_path, leaking_kettle=KETTLE, calendars__shop_cn=HALF_DAYS + wrong + "\n")
    problems = check_folder(tmp_path)
    assert [(p.file, p.line, p.field) for p in problems][:1] == [("calendars/shop_cn.yaml", line, field)]
    assert words in problems[0].message


def test_a_calendar_cannot_take_the_name_of_the_one_that_never_closes(tmp_path: Path) -> None:
    folder = shop(tmp_path, leaking_kettle=KETTLE, calendars__all_hours=HALF_DAYS, calendars__shop_cn=HALF_DAYS)
    assert [problem.file for problem in check_folder(folder)] == ["calendars/all_hours.yaml"]


def test_wrong_freight_rates_are_named_with_their_line(tmp_path: Path) -> None:
    rates = 'rates:\n  CNY:\n    default: "12.00"\n    local: 8\n'
    problems = check_folder(shop(tmp_path, leaking_kettle=KETTLE, freight=rates))
    assert [(p.file, p.line, p.field) for p in problems] == [("freight.yaml", 4, "rates.CNY.local")]


# ── files that cannot be read ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (KETTLE.encode("gbk"), 3, "encoding UTF-8"),
        (KETTLE.encode("utf-16"), 1, "encoding UTF-8"),
        (b"", 1, "is empty"),
        (b"# only a remark\n", 1, "is empty"),
        (b"- a\n- b\n", 1, "holds no fields"),
        (b"kind\n", 1, "holds no fields"),
        (b"kind: a\n---\nkind: b\n", 2, "second document"),
        (b"kind: a\n\tversion: 1\n", 2, "is no YAML"),
        (b'kind: "a\nversion: 1\n', 3, "is no YAML"),
        (b"kind: [a\n", 2, "is no YAML"),
        (b"kind: a\x00b\n", 1, "is no YAML"),
        (b"? [a, b]\n: c\n", 1, "must be one word"),
        (b"kind: " + b"[" * 5000 + b"]" * 5000, 1, "nests deeper"),
        (b"kind: a\n" + b"#" * 1_000_000, 1, "larger than"),
    ],
)
def test_a_file_that_is_no_playbook_is_refused_with_its_line(tmp_path: Path, raw: bytes, line: int, words: str) -> None:
    (tmp_path / "leaking_kettle.yaml").write_bytes(raw)
    problems = check_folder(tmp_path)
    assert any(p.file == "leaking_kettle.yaml" and p.line == line and words in p.message for p in problems), problems


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "leaking_kettle.yaml").write_bytes(b"\xef\xbb\xbf" + KETTLE.replace("\n", "\r\n").encode())
    assert check_folder(tmp_path) == []


@pytest.mark.parametrize("name", ["Leaking Kettle.yaml", "漏水.yaml", "2nd.yaml"])
def test_a_file_name_that_is_no_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(KETTLE, encoding="utf-8")
    assert any("small letters" in problem.message for problem in check_folder(tmp_path))


def test_a_file_that_would_be_passed_over_is_named(tmp_path: Path) -> None:
    shop(tmp_path, leaking_kettle=KETTLE)
    (tmp_path / "teapot.yml").write_text(KETTLE, encoding="utf-8")
    assert [(p.file, "rename it" in p.message) for p in check_folder(tmp_path)] == [("teapot.yml", True)]


def test_a_folder_without_playbooks_is_refused(tmp_path: Path) -> None:
    assert [problem.message.split(";")[0] for problem in check_folder(tmp_path)] == ["holds no playbook"]
    assert check_folder(tmp_path / "nowhere")[0].file == str(tmp_path / "nowhere")


def test_a_playbook_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "leaking_kettle.yaml").mkdir(mode=stat.S_IRWXU)
    assert "cannot be read" in check_folder(tmp_path)[0].message


def test_a_problem_reads_as_one_sentence() -> None:
    problem = Problem("wrong_item.yaml", 12, "asks_fault", "write true or false")
    assert str(problem) == "wrong_item.yaml, line 12: asks_fault: write true or false"


@settings(max_examples=200, deadline=None)
@given(
    at=st.integers(0, len(KETTLE)),
    gone=st.integers(0, 40),
    put=st.text(st.sampled_from(list("{}[]:,-&*!?|>'\"#%@ \n\taé坏\x00~0")), max_size=8),
)
def test_no_change_of_a_file_breaks_the_loader(
    tmp_path_factory: pytest.TempPathFactory, at: int, gone: int, put: str
) -> None:
    folder = tmp_path_factory.mktemp("shop")
    text = KETTLE[:at] + put + KETTLE[at + gone :]
    problems = check_folder(shop(folder, leaking_kettle=text))
    lines = text.count("\n") + 2
    assert all(1 <= problem.line <= lines and problem.message for problem in problems)
    if not problems:
        assert load_playbooks(folder).get("leaking_kettle")
