"""Which kind is it? From the customer's words, by the words of the playbooks, with what speaks for it shown."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.playbook import Playbook
from models.procedure.classify import Proposal, propose
from models.procedure.wording import written
from tests.builders import a_procedure


def a_book(kind: str, *words: str, zh: str = "种类", en: str = "Sort", **subcategories: tuple[str, ...]) -> Playbook:
    """A playbook that says of itself what is written here, and of its subcategories by key."""
    procedure = a_procedure(kind=kind)
    subs: list[dict[str, Any]] = [
        {"key": key, "zh": f"{zh}之{i}", "en": f"{en} {i}", "typical_words": said}
        for i, (key, said) in enumerate(subcategories.items())
    ]
    return Playbook.model_validate(
        {
            "kind": kind,
            "version": "1",
            "names": {"zh": zh, "en": en},
            "typical_words": words,
            "subcategories": subs,
            "procedure": procedure,
        }
    )


SHOP = (
    a_book(
        "faulty",
        "坏了",
        "不能用",
        "broken",
        "does not work",
        zh="质量问题",
        en="Faulty",
        leaks=("漏水", "water leaks out"),
    ),
    a_book("crushed", "压扁", "碎了", "crushed in the post", zh="运输破损", en="Transit damage"),
    a_book("late", "还没发货", "催发货", "when will you ship", "not sent yet", zh="未发货", en="Not dispatched"),
    a_book("unwanted", "不喜欢", "不想要了", "changed my mind", zh="无理由退货", en="Change of mind"),
)


def first(text: str) -> Proposal:
    found = propose(text, SHOP)
    assert found, text
    return found[0]


def score(text: str) -> float:
    return max((one.score for one in propose(text, SHOP)), default=0.0)


@pytest.mark.parametrize(
    ("text", "kind", "matched"),
    [
        ("it broke after two days", "faulty", "broke"),  # inflections
        ("It's BROKEN!!", "faulty", "BROKEN"),
        ("ｉｔ　ｉｓ　ｂｒｏｋｅｎ", "faulty", "ｂｒｏｋｅｎ"),  # full width
        ("the pump doesn’t work", "faulty", "doesn’t work"),  # a curly apostrophe
        ("the pump doesnt work", "faulty", "doesnt work"),  # none at all
        ("it was crushd on the way", "crushed", "crushd"),  # a letter is missing
        ("水壶坏了", "faulty", "坏"),
        ("水壺壞了！", "faulty", "壞"),  # traditional characters
        ("box was crushed by the post", "crushed", "crushed by the post"),
        ("我有点不喜欢这个颜色", "unwanted", "不喜欢"),
        ("你好，还没有发货吗？？", "late", "没有发货"),
        ("hi 请问 when will you ship 我的订单", "late", "when will you ship"),  # both languages
        ("I have changed my   mind", "unwanted", "changed my   mind"),
    ],
)
def test_the_words_are_recognised_however_they_are_written(text: str, kind: str, matched: str) -> None:
    found = first(text)
    assert found.kind == kind
    assert any(matched in shown for shown in found.matched), found.matched


def test_a_longer_phrase_counts_more_than_a_part_of_it() -> None:
    assert first("crushed in the post").score > first("it was crushed").score > 0


def test_a_word_that_several_kinds_have_counts_less_than_one_that_a_single_kind_has() -> None:
    books = (a_book("lost", "parcel", "vanished"), a_book("wet", "parcel", "soaked"), a_book("odd", "other thing"))
    common, rare = propose("parcel", books)[0], propose("vanished", books)[0]
    assert rare.score > common.score
    assert propose("my parcel is soaked", books)[0].kind == "wet"


@pytest.mark.parametrize(
    ("plain", "denied"),
    [("the kettle is broken", "the kettle is not broken"), ("壶漏水", "壶没有漏水"), ("杯子碎", "杯子没碎")],
)
def test_what_is_denied_counts_little(plain: str, denied: str) -> None:
    assert score(plain) > 2 * score(denied)


def test_a_phrase_that_denies_by_itself_is_not_taken_for_denied() -> None:
    assert first("the order is not sent yet").score == first("not sent yet").score


def test_a_phrase_that_denies_is_not_meant_where_nothing_is_denied() -> None:
    assert score("you have sent it yet") < score("you have not sent it yet") / 2


def test_a_question_denies_nothing() -> None:
    assert first("是不是漏水").score == first("漏水").score  # 是不是: is it or isn't it


def test_a_negation_of_another_clause_does_not_reach() -> None:
    assert first("I am not happy. Broken on arrival").score == first("I am happy. Broken on arrival").score


def test_the_finer_sort_is_proposed_when_its_own_words_speak_for_it() -> None:
    assert first("底下漏水").subcategory == "leaks"
    assert first("坏了").subcategory is None


def test_words_far_apart_are_no_phrase() -> None:
    near = first("when will you ship it")
    far = propose("when I come home my wife will be glad, and you know that we went by ship last year", SHOP)
    assert not far or far[0].score < 0.7 * near.score


def test_a_mixed_complaint_proposes_both() -> None:
    found = propose("盒子压扁了，壶也漏水", SHOP)
    assert {one.kind for one in found} == {"crushed", "faulty"}


def test_a_phrase_that_is_said_twice_counts_once() -> None:
    assert first("broken broken broken broken").score == first("broken").score


def test_no_more_are_proposed_than_asked_for() -> None:
    text = "broken, crushed in the post, changed my mind, not sent yet"
    assert len(propose(text, SHOP)) == 3
    assert len(propose(text, SHOP, limit=1)) == 1
    assert propose(text, SHOP, limit=0) == ()


@pytest.mark.parametrize(
    "text", ["", "   ", "？？！", "ok", "你好", "the and of it", "\x00\ud800", "🙂🙂", "12345", "1" * 50_000]
)
def test_words_that_say_nothing_propose_nothing(text: str) -> None:
    assert propose(text, SHOP) == ()


def test_without_playbooks_nothing_is_proposed() -> None:
    assert propose("broken", ()) == ()


def test_the_same_words_always_propose_the_same_in_the_same_order() -> None:
    text = "broken and crushed, 不喜欢"
    assert propose(text, SHOP) == propose(text, tuple(reversed(SHOP)))


def test_changed_words_of_a_playbook_are_used_at_once() -> None:
    assert propose("it squeaks", SHOP) == ()
    assert propose("it squeaks", (*SHOP[1:], a_book("faulty", "squeaks")))[0].kind == "faulty"


_SAID = st.lists(
    st.one_of(
        st.sampled_from(
            ["坏了", "没有", "broken", "not", "Crushed", "in the post", "，", ".", "漏水", "ＳＨＩＰ", "碎", "ﬁ", "İ"]
        ),
        st.text(max_size=8),
    ),
    max_size=20,
).map(" ".join)


@given(_SAID)
def test_whatever_is_matched_stands_in_the_text_just_so(text: str) -> None:
    for one in propose(text, SHOP):
        assert one.matched
        assert all(piece in text for piece in one.matched)
        assert one.score > 0


@given(_SAID)
def test_every_word_knows_where_it_stands(text: str) -> None:
    words = written(text)
    assert all(0 <= word.start < word.end <= len(text) for word in words)
    assert all(before.start <= after.start for before, after in pairwise(words))


@pytest.mark.parametrize(
    ("forms", "one"),
    [
        ("break broke broken breaks breaking", 1),
        ("crush crushed crushes crushing", 1),
        ("leak leaks leaked leaking", 1),
        ("arrive arrived arrives arriving", 1),
        ("stop stopped stops stopping", 1),
        ("miss missed misses missing", 1),
        ("refund refunds refunded", 1),
        ("colour color colours colors", 1),
        ("charge charger", 2),
        ("glass class", 2),
    ],
)
def test_inflections_of_a_word_are_one_word(forms: str, one: int) -> None:
    assert len({word.word for word in written(forms)}) == one
