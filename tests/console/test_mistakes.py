"""Mistakes in playbooks and calendars in Chinese: every sentence of the loader, and all that the docs show."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from console import catalogue
from console.language import Tongue, kept_in
from console.refusals import mistakes, telling
from docs.mistakes import MISTAKES
from playbooks.loading.load import Problem, check_folder, load_playbooks
from playbooks.loading.notices import warnings
from tests.playbooks.shops import KETTLE, shop
from tests.playbooks.test_load import MISTAKES as MORE

CHINESE = Tongue("zh-CN", ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 9, 2, 0, tzinfo=UTC))
ENGLISH = Tongue("en", ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 9, 2, 0, tzinfo=UTC))
SENTENCES = dict(kept_in("zh-CN", catalogue.MISTAKES))
#: What stays as it is: the file's own words and what is quoted from it.
OWN = re.compile(r"“[^”]*”|'[^']*'|do: \w+|with: \{[^}]*\}|final: true|\w+: \[[^\]]*\]|aftercare lifecycle")


def in_chinese(problem: Problem) -> str:
    """A mistake as a Chinese page says it; fails where any of it is English prose."""
    said = telling.mistake(CHINESE, problem.message)
    assert telling.mistake(ENGLISH, problem.message) == problem.message
    assert re.search(r"[\u4e00-\u9fff]", said), problem
    assert not re.search(r"[a-z]{2,} [a-z]+", OWN.sub("", said)), f"{problem.message} → {said}"
    return said


def test_every_sentence_of_the_loader_is_said_in_chinese_with_its_own_places():
    told = dict(kept_in("zh-CN", catalogue.REFUSALS)) | SENTENCES
    assert [words for words in mistakes.sentences() if words not in told] == [], "python -m console.catalogue"
    for english, chinese in SENTENCES.items():
        assert set(telling.PLACE.findall(chinese)) <= set(telling.PLACE.findall(english)), english


@pytest.mark.parametrize("written", MISTAKES)
def test_what_the_documentation_shows_is_said_in_chinese(tmp_path: Path, written: str):
    text = f"kind: change_of_mind\nlike: change_of_mind\n{written}\n"
    (tmp_path / "change_of_mind.yaml").write_text(text, encoding="utf-8")
    problems = check_folder(tmp_path)
    assert problems
    for problem in problems:
        in_chinese(problem)


def test_what_people_mistype_in_a_file_is_said_in_chinese(tmp_path: Path):
    for right, wrong, *_ in MORE:
        for problem in check_folder(shop(tmp_path, leaking_kettle=KETTLE.replace(right, wrong, 1))):
            in_chinese(problem)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("remedies: [refund, refnd]", "此处不认识 'refnd'；是否想写 refund？"),
        ("party_liable: 卖家", "此处不认识 '卖家'；可用的有：courier, customer, platform, seller, supplier"),
        ("clocks: {received: {outcome: decline}}", "received 不能用 decline；请写 escalate 或 close"),
        ("clocks: {received: {calendar: shop_ch}}", "没有日历 shop_ch；是否想写 shop_cn？"),
        ('scripts: {requested: {zh: "请稍等", en: "Hello"}}',
         "“请稍等”只是让人等；请写明会做什么、谁来做、何时完成，例如 {due}"),
        ("names: [", None),
        ('not_worth_return: {CNY: "0.125"}', None),
        ("names: 退货", None),
    ],
)  # fmt: skip
def test_names_of_files_stay_as_they_are_written_there(tmp_path: Path, written: str, said: str | None):
    text = f"kind: change_of_mind\nlike: change_of_mind\n{written}\n"
    (tmp_path / "change_of_mind.yaml").write_text(text, encoding="utf-8")
    told = {in_chinese(problem) for problem in check_folder(tmp_path)}
    assert said is None or said in told


def test_what_holds_in_some_cases_only_names_them(tmp_path: Path):
    changes = "changes: {law: {ladder: [{choices: [visit]}]}}"
    added = f"subcategories: [{{key: lid, zh: 壶盖, en: Lid, {changes}}}]\n"
    (problem,) = check_folder(shop(tmp_path, leaking_kettle=KETTLE + added))
    assert in_chinese(problem).startswith("法定权利含 visit，但 remedies 中没有")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("weekly: {mon: [[9, 18]]}", '9 不是时刻；时刻请加引号，如 "12:30"'),
        ('weekly: {mon: [["18:00", "09:00"]]}', "跨午夜的工时请分成两段"),
        ('weekly: {mon: [["09:00", "12:00"], ["11:00", "13:00"]]}', "从 11:00 开始的时段与前一段重叠"),
        ("weekly: {}\nholidays: ['2026-02-30']", "日历上没有 2026-02-30 这一天"),
        ("weekly: {}\nholydays: []", "不是日历的字段；是否想写 holidays？"),
        ("weekly: {}\nholidays_from: {country: 中国}", "'中国' 不是已知的国家代码"),
        ("weekly: {}\ntimezone: Asia/Shanghai", "出现了两次，第一次在第 1 行"),
    ],
)
def test_mistakes_in_calendars_too(tmp_path: Path, written: str, said: str):
    found = check_folder(
        shop(tmp_path, leaking_kettle=KETTLE, calendars__shop_cn=f"timezone: Asia/Shanghai\n{written}\n")
    )
    assert any(said in in_chinese(problem) for problem in found if problem.file.endswith("shop_cn.yaml")), found


def test_a_year_that_is_not_published_is_told_in_chinese():
    found = load_playbooks(Path("playbooks"))
    unknown = found.sources["shop_cn"].provisional[0]
    (words, *_) = warnings(found, datetime(unknown, 1, 5, tzinfo=UTC))
    assert f"{unknown} 年的节假日安排尚未确定" in telling.mistake(CHINESE, words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("The name cannot be found.", "找不到这个域名。"),
        ("No answer within 15 seconds.", "15 秒内没有应答。"),
        (
            "It answered 500. It says: Internal Server Error of ours",
            "对方应答 500，内容：Internal Server Error of ours",
        ),
        ("It answered 302. Redirects are not followed.", "对方应答 302。不跟随跳转。"),
        ("The connection failed (ConnectError).", "连接失败（ConnectError）。"),
    ],
)
def test_why_another_program_was_not_told_is_said_in_chinese(words: str, said: str):
    assert telling.mistake(CHINESE, words) == said
