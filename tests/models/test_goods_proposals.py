"""Whose a box without a known code may be: what speaks for a case, and which comes first (G2)."""

import pytest

from models.goods.parcels import MOST, Candidate, Clues, nearly, ranked
from tests.builders import DAY, NOW

AWAITED = Candidate(
    case_no="AC-26-000042",
    state="return_in_transit",
    is_open=True,
    order_no="KETTLE-0001",
    waybills=("SF1029384756",),
    name="王小明",
    phone_tail="8000",
    products=(("KETTLE-17", "电热水壶 1.7 L"),),
    due_at=NOW + DAY,
)
OTHER = AWAITED.model_copy(
    update={
        "case_no": "AC-26-000043",
        "waybills": ("YT777777777",),
        "name": "李娜",
        "phone_tail": "1234",
        "products": (),
    }
)


@pytest.mark.parametrize(
    ("clues", "why"),
    [
        (Clues(code="SF1029384756"), ["same_waybill", "expected"]),
        (Clues(code="SF1029384755"), ["near_waybill", "expected"]),
        (Clues(code="SF102938475"), ["near_waybill", "expected"]),  # one digit was not read
        (Clues(code="SF10293847566"), ["near_waybill", "expected"]),  # one was read twice
        (Clues(code="SF1029384765"), ["near_waybill", "expected"]),  # two were swapped
        (Clues(code="SF1O29384756"), ["near_waybill", "expected"]),  # a letter for a digit
        (Clues(note="单号 KETTLE-0001"), ["named", "expected"]),
        (Clues(note="面单糊了，尾号 8000"), ["phone", "expected"]),
        (Clues(note="寄件 13812348000"), ["phone", "expected"]),
        (Clues(sender_name="王小明"), ["name", "expected"]),
        (Clues(note="寄件人王小明的箱子"), ["name", "expected"]),
        (Clues(product="kettle-17"), ["product", "expected"]),
        (Clues(note="一个电热水壶 1.7 L，没有底座"), ["product", "expected"]),
        (Clues(note="湿箱"), ["expected"]),
    ],
)
def test_what_can_be_read_off_a_box_speaks_for_a_case(clues: Clues, why: list[str]) -> None:
    (found,) = ranked(clues, [AWAITED], NOW)
    assert [reason.why for reason in found.reasons] == why


def test_the_stronger_reason_comes_first_and_several_weak_ones_add_up() -> None:
    clues = Clues(code="YT777777778", sender_name="王小明", phone_tail="8000", product="KETTLE-17")
    assert [one.case_no for one in ranked(clues, [OTHER, AWAITED], NOW)] == ["AC-26-000042", "AC-26-000043"]
    assert [one.score for one in ranked(clues, [OTHER, AWAITED], NOW)] == [120, 100]  # 50 + 40 + 20 + 10; 90 + 10
    alone = Clues(code="YT777777778", phone_tail="8000")
    assert [one.case_no for one in ranked(alone, [OTHER, AWAITED], NOW)] == ["AC-26-000043", "AC-26-000042"]


def test_a_case_that_nothing_speaks_for_is_not_proposed_and_never_more_than_a_person_compares() -> None:
    closed = OTHER.model_copy(update={"state": "closed", "is_open": False})
    assert ranked(Clues(code="ZT1"), [closed], NOW) == ()
    many = [AWAITED.model_copy(update={"case_no": f"AC-26-{n:06}"}) for n in range(20)]
    assert len(ranked(Clues(phone_tail="8000"), many, NOW)) == MOST


def test_a_parcel_is_not_expected_weeks_away_from_its_day() -> None:
    late = AWAITED.model_copy(update={"due_at": NOW - 11 * DAY})
    assert ranked(Clues(note="湿箱"), [late], NOW) == ()


def test_a_misreading_is_one_character_away_and_never_the_number_itself() -> None:
    near = nearly("SF1029384756")
    assert "SF1029384756" not in near
    assert "SF1029384799" not in near
    assert len(near) < 400  # all of them are looked up in an index at once
    assert nearly("SF1") == nearly("湿箱湿箱湿箱") == frozenset()
