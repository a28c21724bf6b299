"""Refusals in people's language: every sentence has one, values keep their places, and nothing is half English."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

import api.customer.finding
import api.limits
import api.people.provider
import api.problems
from console import catalogue
from console.language import Tongue, kept_in
from console.refusals import findings, sources, telling
from models.commands import Command, errors_of, parse_data
from models.errors import (
    AftercareError,
    DataRefused,
    Invalid,
    NotFound,
    RoleRefused,
    RuleRefused,
    StateRefused,
)
from tests.api.client import Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]
CHINESE = Tongue("zh-CN", ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 9, 2, 0, tzinfo=UTC))
ENGLISH = Tongue("en", ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 9, 2, 0, tzinfo=UTC))
SENTENCES = dict(kept_in("zh-CN", catalogue.REFUSALS))


# ── the sentences in the code ─────────────────────────────────────────────────────────────────────


def test_every_sentence_that_refuses_is_said_in_chinese():
    without = [words for words in sources.sentences() if words not in SENTENCES]
    assert without == [], "python -m console.catalogue, then say them in locales/zh_CN/refusals.po"


def test_every_error_of_the_family_has_its_title_among_them():
    def family(kind: type[AftercareError]) -> list[type[AftercareError]]:
        return [kind, *(member for child in kind.__subclasses__() for member in family(child))]

    ours = [kind for kind in family(AftercareError) if kind.__module__.partition(".")[0] in sources.ROOMS]
    assert {kind.__name__ for kind in ours} <= sources.kinds().keys()
    assert api.problems.MethodNotAllowed in ours
    for kind in ours:
        assert (kind.__doc__ or "").strip().splitlines()[0] in SENTENCES, kind


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('def f(n): raise NotFound(f"There is no case {n}.")', {"There is no case %(n)s."}),
        ('def f(): raise RuleRefused("No." + " Never at all.")', {"No. Never at all."}),
        ('def f(a): raise Invalid("Say when." if a else "Say where.")', {"Say when.", "Say where."}),
        ('def f(a):\n t = f"It is {a.b}"\n raise Invalid(f"{t} (F20).")', {"It is %(b)s (F20)."}),
        ('def f(a, b): raise Invalid(f"{a.no} is not {b.no}!")', {"%(no)s is not %(no2)s!"}),
        ('def f(x): raise DataRefused.of("at", f"After {x[0]}, {str(x):>3}.")', {"After %(x)s, %(x2)s."}),
        ("def f(x): raise Invalid(f\"One of {', '.join(x)}.\")", {"One of %(x)s."}),
        ('def g(w): return Invalid(f"The box {w}.")\ndef f(): raise g("is empty")', {"The box %(w)s.", "is empty"}),
        ('def k(x): return "a word" if x else "words"\ndef f(x): raise Invalid(f"No {k(x)}.")',
         {"No %(x)s.", "a word", "words"}),
        ('def f(): raise SignInFailed("lost", "Begin once more.")', {"Begin once more."}),
        ('def f(): raise KeyError("not ours at all")', set()),
    ],
)  # fmt: skip
def test_a_sentence_is_found_however_it_is_put_together(code: str, found: set[str]):
    import ast

    assert {sources.placed(way) for way in sources.Module(ast.parse(code)).ways()} == found


FOUND = dict(kept_in("zh-CN", catalogue.FINDINGS))


def test_every_sentence_of_an_audit_and_of_a_sweep_is_said_in_chinese_with_its_values():
    """Each of them is known again with values that no sentence has, and the Chinese names every one of them."""
    assert [words for words in findings.sentences() if words not in FOUND] == [], "python -m console.catalogue"
    for english, chinese in FOUND.items():
        assert sorted(telling.PLACE.findall(chinese)) == sorted(telling.PLACE.findall(english)), english
        values = {name: f"P{number}" for number, name in enumerate(telling.PLACE.findall(english), 7001)}
        raised = telling.PLACE.sub(lambda place, v=values: v[place.group(1)], english)  # type: ignore[misc]
        wanted = telling.PLACE.sub(lambda place, v=values: v[place.group(1)], chinese)  # type: ignore[misc]
        assert telling.finding(CHINESE, raised) == wanted


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("E-1: Payout p-9 is 'done', its money is bounce, settle.",
         "E-1：打款 p-9 的状态为“已支付”，其款项却为“已退票、已结清”。"),
        ("Payout p-9: the case says nothing, the register 12.50 of refund, approved.",
         "打款 p-9：售后单记为“无”，打款登记为“退款 12.50（待付款）”。"),
        ("line 1, share 0 has 0.00 in flight, 5.00 refunded, 0.00 withheld, 1 units out; "
         "the moves say 0.00 in flight, 0.00 refunded, 0.00 withheld, 0 units out.",
         "第 1 行第 0 份记为：在途 0.00、已退 5.00、扣留 0.00、退出 1 件；"
         "资金变动合计：在途 0.00、已退 0.00、扣留 0.00、退出 0 件。"),
        ("The case says 9.00 paid, its payouts 8.00.", "售后单记“已支付”9.00，其打款合计 8.00。"),
        ("3 cases are stuck: overdue 2, no_owner 1", "3 个售后单卡住：已超时 2、无人负责 1"),
        ("AC-26-000001: does not answer", "AC-26-000001：流程没有应答"),
        ("orphans: activity timed out", None),
    ],
)  # fmt: skip
def test_a_finding_is_said_with_the_words_of_its_values(english: str, chinese: str | None):
    assert telling.finding(CHINESE, english) == chinese
    assert telling.finding(ENGLISH, english) == english


def test_a_translation_has_no_place_that_its_sentence_has_not():
    for english, chinese in SENTENCES.items():
        assert set(telling.PLACE.findall(chinese)) <= set(telling.PLACE.findall(english)), english
        assert not re.search(r"[a-z]{2,} [a-z]+ [a-z]{2,}", chinese.replace("aftercare db upgrade", "")), chinese


def test_each_sentence_is_known_again_with_its_own_values():
    """Values that no sentence has: what comes back in Chinese has each of them that it names, in its place."""
    for english, chinese in SENTENCES.items():
        values = {name: f"“{number}”" for number, name in enumerate(telling.PLACE.findall(english), 7001)}
        raised = telling.PLACE.sub(lambda place, v=values: v[place.group(1)], english)  # type: ignore[misc]
        said = telling.said(CHINESE, raised)
        wanted = telling.PLACE.sub(lambda place, v=values: v[place.group(1)], chinese)  # type: ignore[misc]
        assert said is not None, english
        named = sorted(re.findall(r"“70\d\d”", wanted))
        assert sorted(re.findall(r"“70\d\d”", said)) == named or said == wanted, english


# ── how they are said ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "chinese"),
    [
        (StateRefused("'book_in' cannot be done while the case is 'closed'."), "售后单处于“已关闭”时不能“包裹入库”。"),
        (RoleRefused("'warehouse' may not 'approve'."), "仓库无权“批准”。"),
        (NotFound("There is no case 'AC-26-000001': check the number."), "没有售后单“AC-26-000001”，请核对编号。"),
        (RuleRefused("3 calls were made already, and there are never more (T17): send a message."),
         "已打过3次电话，不再多打（T17），请发消息。"),
        (RuleRefused("'approve' leads nowhere from 'requested' as things stand; it needs: goods come back"), None),
        (RuleRefused("The moon is in the wrong house tonight."), "按目前情况，规则不允许（rule-refused）。"),
        (Invalid("x: Field required", errors=[{"field": "x", "message": "Field required"}]), "必填"),
        (RuleRefused("“王芳”不在职"), "“王芳”不在职"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_whole_sentence(error: AftercareError, chinese: str | None):
    said = telling.told(CHINESE, error)
    assert telling.told(ENGLISH, error) == error.detail
    assert not re.search(r"[a-z]{3,} [a-z]+ [a-z]{2,}", said), "never half of it in English"
    if chinese is not None:
        assert said == chinese


def test_what_is_wrong_with_a_field_is_said_too():
    with pytest.raises(DataRefused) as refused:
        parse_data(
            Command.model_validate({"action": "ship_return", "actor": {"id": "li", "role": "agent"}, "data": {}})
        )
    found = telling.complaints(CHINESE, refused.value)
    assert found == {"carrier": "必填", "waybill": "必填"}
    assert telling.complaints(ENGLISH, refused.value) == {"carrier": "Field required", "waybill": "Field required"}
    assert telling.complaint(CHINESE, "the flux is out of phase tonight") == "这里填写的内容不符合要求"


def test_every_fault_that_pydantic_finds_in_a_command_has_words():
    from models.commands import DATA

    wrong: tuple[Any, ...] = (None, "", "x" * 9000, -1, 10**30, 1.5, [], {}, [{}], ["x"], {"x": 1}, True, "2026-99-99")
    for action, shape in DATA.items():
        for value in wrong:
            try:
                shape.model_validate(dict.fromkeys((*shape.model_fields, "strange"), value))
            except ValidationError as found:
                for one in errors_of(found):
                    said = telling.said(CHINESE, one["message"])
                    assert said is not None, f"{action}: {one['message']}"


def test_no_page_shows_a_refusal_as_it_was_raised():
    """`here.told`, `here.wrong`, `here.complaint` and `here.sentence` say it in people's language."""
    pages = Path(telling.__file__).parents[1]
    for file in [*pages.glob("pages/*.py"), *pages.glob("customer/*.py"), *pages.glob("cases/*.py")]:
        for line in file.read_text(encoding="utf-8").splitlines():
            raw = re.search(r"\w+\.detail\b|\[\"(?:msg|message)\"\]", line)
            assert not raw or "here.complaint(" in line or '"greater" in' in line, f"{file.name}: {line}"


async def test_a_chinese_page_refuses_in_chinese(browse: Browse, api: Api):
    case = (await api.opened())["case_no"]
    li = browse("agent", "zh-CN")
    missing = await li.submit(f"/cases/{case}/do/ship_return", carrier="SF")
    assert missing.status_code == 422
    assert "必填" in words(missing)
    page = words(await li.get(f"/cases/{case}"))
    assert "cannot be done" not in page
    assert not re.findall(r"[a-z]{3,} [a-z]+ [a-z]{3,} [a-z]{2,}", page), "no English sentence on a Chinese page"
    gone = await li.get("/cases/AC-00-999999")
    assert "没有售后单“AC-00-999999”" in words(gone)
