"""What differs between two versions of a playbook, as its manager reads it before it goes into force."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.playbook import Playbook, flattened
from models.procedure.playbook_changes import Change, changes
from tests.builders import a_procedure

STEPS = [
    {"in": ["requested"], "do": "authorise_return", "zh": "同意退货", "en": "Authorise the return"},
    {"in": ["received"], "zh": "等检验", "en": "Wait for the inspection"},
]


def a_book(version: str = "1", steps: list[dict[str, Any]] | None = None, words: tuple[str, ...] = (), **over: Any):
    return Playbook.model_validate(
        {
            "kind": "quality_fault",
            "version": version,
            "names": {"zh": "质量问题", "en": "Faulty"},
            "typical_words": words,
            "steps": STEPS if steps is None else steps,
            "procedure": a_procedure(version=version, **over),
        }
    )


def test_the_same_content_in_another_version_differs_in_nothing() -> None:
    assert changes(a_book("1"), a_book("2")) == ()


def test_a_field_is_named_by_its_whole_path_with_what_it_was_and_is() -> None:
    limits = {"agent": {"CNY": "300.00"}, "manager": {"CNY": "5000.00"}}
    assert changes(a_book(), a_book(refund_limits=limits)) == (Change("refund_limits.agent.CNY", "200.00", "300.00"),)


def test_a_step_that_was_put_in_front_does_not_change_those_behind_it() -> None:
    new = {"in": ["requested"], "do": "request_evidence", "zh": "要照片", "en": "Ask for photos"}
    (one,) = changes(a_book(), a_book(steps=[new, *STEPS]))
    assert (one.field, one.before) == ("steps.0", None)
    assert one.after["en"] == "Ask for photos"


def test_a_step_whose_words_changed_is_told_by_the_words() -> None:
    reworded = [{**STEPS[0], "en": "Let the customer send it back"}, STEPS[1]]
    assert changes(a_book(), a_book(steps=reworded)) == (
        Change("steps.0.en", "Authorise the return", "Let the customer send it back"),
    )


def test_remedies_in_another_order_are_one_change() -> None:
    old, new = ["repair", "exchange", "refund"], ["refund", "repair", "exchange"]
    assert changes(a_book(), a_book(remedies=tuple(new))) == (Change("remedies", old, new),)


def test_what_was_taken_away_has_no_value_any_more() -> None:
    (one,) = changes(a_book(), a_book(steps=STEPS[:1]))
    assert (one.field, one.before["en"], one.after) == ("steps.1", "Wait for the inspection", None)


def test_of_a_new_kind_everything_is_new() -> None:
    found = changes(None, a_book())
    assert all(one.before is None for one in found)
    assert {one.field for one in found} >= {"kind", "clocks", "remedies", "steps"}


_WORDS = st.lists(st.sampled_from(["broken", "坏了", "dead", "leaks", "no sound"]), max_size=5).map(tuple)


@given(_WORDS, _WORDS)
def test_nothing_is_told_exactly_when_nothing_differs(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    old, new = a_book(words=before), a_book(words=after)
    assert (changes(old, new) == ()) == (flattened(old) == flattened(new))
