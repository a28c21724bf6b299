"""Quiet hours on the wall clock, windows, and what letters say (T8)."""

import ast
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.errors import DataRefused
from models.people.letter_words import MOST_BYTES, MOST_URGENT, News, Reader, Told, body_of, news_of, title_of
from models.people.letters import (
    AN_HOUR,
    CALM,
    DIGEST,
    LONGEST,
    WINDOW,
    Pending,
    Quiet,
    box_of,
    closes_at,
    goes_now,
    quiet_of,
    quiet_until,
)
from tests.builders import NOW

NIGHT = Quiet(start=time(22), end=time(8))
NOON = Quiet(start=time(12), end=time(13, 30))
EARLY = Quiet(start=time(1), end=time(2, 30))
#: New York: 2026-03-08 02:00 → 03:00, 2026-11-01 02:00 → 01:00.
NEW_YORK, SHANGHAI = "America/New_York", "Asia/Shanghai"


def local(text: str, zone: str = SHANGHAI, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.mark.parametrize(
    ("quiet", "at", "until"),
    [
        (NIGHT, local("2026-03-09 21:59:59"), None),
        (NIGHT, local("2026-03-09 22:00"), local("2026-03-10 08:00")),
        (NIGHT, local("2026-03-10 00:00"), local("2026-03-10 08:00")),  # over midnight
        (NIGHT, local("2026-03-10 07:59:59"), local("2026-03-10 08:00")),
        (NIGHT, local("2026-03-10 08:00"), None),
        (NOON, local("2026-03-09 12:15"), local("2026-03-09 13:30")),
        (NOON, local("2026-03-09 13:30"), None),
        # the night in which the clock goes forward is an hour shorter, the other one an hour longer
        (NIGHT, local("2026-03-07 23:00", NEW_YORK), local("2026-03-08 08:00", NEW_YORK)),
        (NIGHT, local("2026-10-31 23:00", NEW_YORK), local("2026-11-01 08:00", NEW_YORK)),
        # an end that does not exist that night moves forward with the clock
        (EARLY, local("2026-03-08 01:30", NEW_YORK), local("2026-03-08 03:30", NEW_YORK)),
        # of an hour that comes twice the first is meant
        (
            Quiet(start=time(23), end=time(1, 30)),
            local("2026-11-01 01:29", NEW_YORK),
            local("2026-11-01 01:30", NEW_YORK),
        ),
        (Quiet(start=time(23), end=time(1, 30)), local("2026-11-01 01:15", NEW_YORK, fold=1), None),
        (None, local("2026-03-09 23:00"), None),
    ],
)
def test_quiet_hours_end_on_the_wall_clock(quiet: Quiet | None, at: datetime, until: datetime | None) -> None:
    zone = str(at.tzinfo)
    found = quiet_until(quiet, zone, at.astimezone(UTC))
    assert found == (until.astimezone(UTC) if until else None)


@pytest.mark.parametrize(
    ("start", "end"), [("22:00", None), (None, "08:00"), ("8", "8am"), ("08:00", "08:00"), ("24:00", "1:00")]
)
def test_quiet_hours_are_two_different_times_of_day(start: str | None, end: str | None) -> None:
    with pytest.raises(DataRefused):
        quiet_of(start, end)


# ── the window ────────────────────────────────────────────────────────────────────────────────────


def own(seconds: float, urgent: bool = False) -> Pending:
    return Pending(id=f"{seconds}", since=NOW + timedelta(seconds=seconds), pressing=True, urgent=urgent)


def news(seconds: float) -> Pending:
    return Pending(id=f"n{seconds}", since=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("waiting", "closes"),
    [
        ([own(0)], WINDOW),
        ([own(0), own(40)], WINDOW),
        ([own(0), own(59)], timedelta(seconds=59) + CALM),  # the storm does not keep to the minute
        ([own(second) for second in range(0, 3600, 10)], LONGEST),
        ([news(0), news(800)], DIGEST),
        ([news(0), own(800)], timedelta(seconds=800) + WINDOW),  # it goes along with what is pressing
    ],
)
def test_when_a_window_closes(waiting: list[Pending], closes: timedelta) -> None:
    assert closes_at(waiting) - NOW == closes
    assert goes_now(waiting, (), False, NOW + closes - timedelta(seconds=1)) == ()
    assert goes_now(waiting, (), False, NOW + closes) == tuple(waiting)


def test_in_quiet_hours_only_what_is_critical_goes() -> None:
    waiting, later = [own(0), own(1, urgent=True), news(0)], NOW + DIGEST
    assert goes_now(waiting, (), True, later) == (waiting[1],)
    assert goes_now([own(0), news(0)], (), True, later) == ()


def test_what_is_critical_passes_the_most_an_hour() -> None:
    told = [NOW] * AN_HOUR
    assert goes_now([own(0)], told, False, NOW + WINDOW) == ()
    assert goes_now([own(0), own(1, urgent=True)], told, False, NOW + 2 * WINDOW) != ()
    assert goes_now([own(0)], told[1:], False, NOW + WINDOW) != ()


def test_a_person_is_no_box() -> None:
    assert [box_of(to) for to in ("finance", "on_duty", "department", "li")] == [
        "role:finance",
        "role:agent",
        "role:supervisor",
        "li",
    ]


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


def _told() -> list[tuple[str, str]]:
    """Every sentence that decisions tell people, with something in place of what they put in."""
    found = []
    root = Path(__file__).parents[2]
    for file in sorted((root / "models").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "tell":
                if len(node.args) < 2:
                    continue
                found.append((str(file.relative_to(root)), _sample(node.args[1])))
    return found


def _sample(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Call | ast.Attribute):
        node = node.value if isinstance(node, ast.Subscript | ast.Attribute) else node.func
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "triage" for part in node.values]
        return "".join(str(part) for part in parts)
    return str(node.value) if isinstance(node, ast.Constant) else ""


@pytest.mark.parametrize(("file", "subject"), [(file, subject) for file, subject in _told() if subject])
def test_every_sentence_of_a_decision_is_known_in_both_languages(file: str, subject: str) -> None:
    """A new one gets its line in models/people/letter_words.py; else people outside read only 'see the case'."""
    # Sentences that begin with what was put together before are known by their end.
    begun = {
        "triage: ask him, or say that he agrees (F19).": "The seller's share was assumed to be 50 % …",
        "triage; they are taken off a refund only if he agrees (F24).": "12.00 CNY of freight were paid without cause",
        "triage, and got 'triage'.": "The customer asked for 'refund' and has a right to it (cn)",
    }
    assert news_of(begun.get(subject, subject)).known, f"{file}: {subject}"


def test_the_turns_of_a_chain_are_told_apart() -> None:
    first, again = news_of("triage: level 2.", 2), news_of("triage: round 3 level 2.", 2)
    assert (first.zh, again.zh) == ("受理超时，升级到第 2 级", "受理仍超时，第 3 轮升级到第 2 级")
    assert again.en == "triage is still late, escalated to level 2 again (round 3)"
    assert first.reason == again.reason == "clock"


def test_what_a_person_wrote_is_not_carried_out_of_the_house() -> None:
    said = news_of("王小明 13800138000 说要投诉", level=1)
    assert (said.known, said.reason) == (False, "escalated")
    assert "13800138000" not in f"{said.zh}{said.en}"
    refused = news_of("A payout was refused (account_closed). Card 6222 0211 of Wang is closed")
    assert (refused.reason, refused.en) == ("payout_refused", "a payout was refused (account_closed)")


def _letter(number: int, **over: object) -> Told:
    told = {
        "news": news_of("triage: level 1."),
        "at": NOW,
        "case_no": f"AC-26-{number:06}",
        "kind": {"zh": "质量问题", "en": "Quality fault"},
        "due_at": datetime(2026, 3, 9, 2, tzinfo=UTC) + timedelta(minutes=number),
        "level": 1,
    }
    return Told.model_validate({**told, **over})


def test_a_letter_says_what_which_why_and_until_when_in_the_readers_words_and_zone() -> None:
    reader = Reader(language="en", timezone="Europe/London", console="https://desk.example.com")
    assert title_of([_letter(1)], "en") == "AC-26-000001 triage is late, escalated to level 1"
    assert body_of([_letter(1)], reader, "M-1").splitlines() == [
        "Kind: Quality fault",
        "Why now: triage is late, escalated to level 1",
        "Until: 03-09 02:01",
        "https://desk.example.com/cases/AC-26-000001",
        "(M-1)",
    ]
    zh = body_of([_letter(1)], Reader(), "M-1")
    assert zh.splitlines() == ["类型：质量问题", "原因：受理超时，升级到第 1 级", "截止：03-09 10:01", "(M-1)"]


def test_a_digest_counts_by_reason_and_names_the_most_urgent() -> None:
    told = [_letter(number) for number in range(1, 41)]
    told += [_letter(99, news=news_of("A critical complaint.", 3), level=3, urgent=True)]
    told += [_letter(number, news=news_of("The customer wrote."), level=None) for number in range(1, 4)]
    text = body_of(told, Reader(), "M-2")
    assert title_of(told, "zh") == "44 条提醒，41 个售后单"
    assert "· 受理超时，升级到第 1 级：40" in text
    assert "· 客户来消息了：3" in text
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(lines) == MOST_URGENT
    assert lines[0].startswith("- AC-26-000099 严重投诉")
    assert lines[1].startswith("- AC-26-000001 ")
    assert f"还有 {41 - MOST_URGENT} 个售后单" in text


def test_a_case_that_ended_meanwhile_is_said_to_be_over() -> None:
    assert "The case is finished meanwhile." in body_of([_letter(1, finished=True)], Reader(language="en"), "M-3")
    both = [_letter(1, finished=True), _letter(2)]
    lines = [line for line in body_of(both, Reader(language="en"), "M-3").splitlines() if line.startswith("- ")]
    assert [line.endswith("(finished)") for line in lines] == [False, True]


def test_what_is_about_no_case_is_told_in_full_by_itself_and_behind_the_cases() -> None:
    morning = News(
        reason="notice", zh="3月9日 晨报：卡住 2 单。\n超时未回访：1", en="March 9: 2 cases stuck.\nCallbacks: 1"
    )
    alone = [Told(news=morning, at=NOW)]
    assert title_of(alone, "en") == "March 9: 2 cases stuck."
    assert body_of(alone, Reader(language="en"), "M-5").splitlines() == ["Callbacks: 1", "(M-5)"]
    text = body_of([*alone, _letter(1)], Reader(language="en"), "M-6").splitlines()
    assert text[0] == "· triage is late, escalated to level 1: 1"
    assert text[-3:] == ["March 9: 2 cases stuck.", "Callbacks: 1", "(M-6)"]


def test_no_text_is_longer_than_the_tightest_channel_takes() -> None:
    long = [_letter(number, news=News(reason=f"r{number}", zh="很" * 300, en="very " * 80)) for number in range(30)]
    for language in ("zh", "en"):
        text = body_of(long, Reader(language=language), "M-4")
        assert len(text.encode()) <= MOST_BYTES
        assert text.endswith("(M-4)")
