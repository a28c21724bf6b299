"""Boxes that came in, as rows: once each, whoever scans how often, and who they may be for (G1, G2)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from models.commands import Actor
from models.errors import Conflict, NotFound
from models.lifecycle import Role
from store.engine import reading, upgrade, writing
from store.goods import parcels
from store.goods.parcels import NewParcel, Parcel, ParcelFilters
from store.goods.proposals import proposals
from tests.builders import DAY, NOW, an_order
from tests.databases import emptied
from tests.store.desk import import_order, open_case
from tests.store.test_upgrades import _at, _back_to

ZHAO = Actor(id="zhao", role=Role.WAREHOUSE)


def put(engine: Engine, at: Any = NOW, **told: Any) -> Parcel:
    with writing(engine) as session:
        return parcels.load(session, parcels.put(session, NewParcel(**told), at, "zhao", at + 90 * DAY))


def same(engine: Engine, since: Any, **told: Any) -> str | None:
    with reading(engine) as session:
        found = parcels.same_box(session, NewParcel(**told), since)
        return found.id if found else None


def test_what_nobody_knows_is_the_same_box_as_long_as_it_lies_on_the_shelf(engine: Engine) -> None:
    box = put(engine, code="SF-UNKNOWN", note="wet box")
    assert same(engine, NOW + DAY, code="SF-UNKNOWN") == box.id
    with writing(engine) as session:
        parcels.end(session, box.id, "disposed", "nobody came for it", NOW, ZHAO)
    assert same(engine, NOW + DAY, code="SF-UNKNOWN") is None  # another parcel by now


def test_a_slip_in_several_boxes_is_another_box_each_time_but_for_a_second_beep(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    box = put(engine, code=case.case_no)
    with writing(engine) as session:
        parcels.give(session, box.id, [case.case_no], "booked", NOW, ZHAO)
    assert same(engine, NOW - timedelta(minutes=2), code=case.case_no) == box.id
    assert same(engine, NOW + timedelta(minutes=2), code=case.case_no) is None
    assert same(engine, NOW - timedelta(minutes=2), code=case.case_no, box=2) is None


def test_a_waybill_is_one_box_for_ever_and_a_scanners_id_one_scan(engine: Engine) -> None:
    box = put(engine, code="AC-26-000001", waybill="SF1", scan_id="gun 1")
    assert same(engine, NOW + DAY, code="SF1", waybill="SF1") == box.id
    assert same(engine, NOW + DAY, code="SF1", waybill="SF1", box=2) is None
    assert same(engine, NOW + DAY, scan_id="gun 1", note="whatever") == box.id


def test_a_box_without_any_code_is_never_taken_for_another(engine: Engine) -> None:
    put(engine, note="no label")
    assert same(engine, NOW - DAY, note="no label") is None


def test_a_box_is_taken_from_the_shelf_once(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    box = put(engine, code="YT-7")
    with writing(engine) as session:
        parcels.give(session, box.id, [case.case_no], "matched", NOW + DAY, ZHAO)
    with writing(engine) as session, pytest.raises(Conflict, match="not on the shelf"):
        parcels.give(session, box.id, [case.case_no], "matched", NOW + DAY, ZHAO)
    with writing(engine) as session, pytest.raises(Conflict):
        parcels.end(session, box.id, "sent_back", "not ours", NOW, ZHAO)
    with reading(engine) as session:
        found = parcels.load(session, box.id)
        assert (found.state, found.case_nos, found.untold) == ("matched", (case.case_no,), (case.case_no,))
        assert (found.ended_by, found.ended_role) == ("zhao", "warehouse")
        assert [one.id for one in parcels.untold(session, NOW + 2 * DAY, 10)] == [box.id]
        assert parcels.untold(session, NOW, 10) == ()


def test_what_no_case_takes_lies_on_the_shelf_again_and_says_why(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    box = put(engine, code="YT-7", note="wet")
    with writing(engine) as session:
        parcels.give(session, box.id, [case.case_no], "matched", NOW, ZHAO)
        parcels.not_taken(session, box.id, case.case_no, "Its units are in another case.")
        found = parcels.load(session, box.id)
    assert (found.state, found.case_nos, found.ended_at) == ("on_shelf", (), None)
    assert found.note == f"wet\n{case.case_no}: Its units are in another case."


def test_the_list_is_read_page_by_page_and_narrowed(engine: Engine) -> None:
    boxes = [put(engine, at=NOW + n * DAY, code=f"YT-{n}") for n in range(5)]
    with writing(engine) as session:
        parcels.end(session, boxes[0].id, "sent_back", "not ours", NOW, ZHAO, "sf", "SF9")
    with reading(engine) as session:
        shelf = ParcelFilters(state=("on_shelf",))
        first, cursor = parcels.page(session, shelf, NOW, limit=3)
        rest, end = parcels.page(session, shelf, NOW, cursor, limit=3)
        assert [one.code for one in (*first, *rest)] == ["YT-1", "YT-2", "YT-3", "YT-4"]
        assert end is None
        late, _ = parcels.page(session, ParcelFilters(overdue=True), NOW + 92 * DAY)
        assert [one.code for one in late] == ["YT-1", "YT-2"]
        assert [one.code for one in parcels.page(session, ParcelFilters(waybill="YT-3"), NOW)[0]] == ["YT-3"]
        assert [one.id for one in parcels.due(session, NOW + 92 * DAY, None, 10)] == sorted(b.id for b in boxes[1:3])
        with pytest.raises(NotFound):
            parcels.load(session, "nothing")


def test_cases_are_found_by_all_that_can_be_read_off_a_box(engine: Engine) -> None:
    order = import_order(engine, an_order("KETTLE-0001"))
    contact = {"name": "王小明", "phone": "13812348000"}
    case = open_case(engine, order, over={"waybills": ("SF1029384756",)}, contact=contact)
    other = open_case(engine, import_order(engine, an_order("KETTLE-0002")), contact={"name": "李娜", "phone": "1234"})
    told: list[dict[str, Any]] = [
        {"code": "SF1029384765"},
        {"code": "?", "phone_tail": "8000"},
        {"code": "?", "note": "寄件人王小明"},
        {"code": "?", "sender_name": "王小明"},
        {"code": "?", "note": "order KETTLE-0001 or so"},
    ]
    for one in told:
        box = put(engine, **one)
        with reading(engine) as session:
            found = proposals(session, box, NOW)
        assert [proposal.case_no for proposal in found] == [case.case_no], one
    with reading(engine) as session:
        both = proposals(session, put(engine, code="?", product=order.lines[0].sku), NOW)
        assert {proposal.case_no for proposal in both} == {case.case_no, other.case_no}
        assert proposals(session, put(engine, code="?", note="nothing at all"), NOW) == ()


def test_what_lay_on_the_old_shelf_lies_on_the_new_one(bare_engine: Engine) -> None:
    _at(bare_engine, "0013")
    columns = "(id, code, at, note, state) VALUES (:id, :code, '2026-11-01 08:00:00+00:00', :note, :state)"
    rows: list[dict[str, Any]] = [
        {"id": "a", "code": "YT-1", "note": "wet", "state": "waiting"},
        {"id": "b", "code": "YT-2", "note": None, "state": "matched"},
    ]
    with bare_engine.begin() as connection:
        connection.execute(text(f"INSERT INTO unmatched_parcels {columns}"), rows)
    upgrade(bare_engine)
    with reading(bare_engine) as session:
        first, second = parcels.every(session)
    assert (first.id, first.code, first.note, first.state) == ("a", "YT-1", "wet", "on_shelf")
    assert first.due_at == first.at + 90 * DAY
    assert (second.state, second.code) == ("matched", "YT-2")
    _back_to(bare_engine, "0013")
    with bare_engine.connect() as connection:
        kept = connection.execute(text("SELECT code, note, state FROM unmatched_parcels ORDER BY id")).all()
    assert [tuple(row) for row in kept] == [("YT-1", "wet", "waiting"), ("YT-2", None, "matched")]


SCANS = st.lists(
    st.tuples(st.sampled_from(["YT1", "YT2", "AC-26-000001"]), st.sampled_from([None, 1, 2]), st.integers(0, 200)),
    max_size=15,
)


def test_whatever_is_scanned_when_a_box_is_one_row(engine: Engine) -> None:
    """A waybill with its number is one box for ever; unknown codes too, as long as they lie on the shelf."""

    @settings(max_examples=12, deadline=None)
    @given(SCANS)
    def scanned(scans: list[tuple[str, int | None, int]]) -> None:
        emptied(engine)
        for code, box, minute in scans:
            at = NOW + timedelta(minutes=minute)
            new = NewParcel(code=code, waybill=code if code.startswith("YT") else None, box=box)
            with writing(engine) as session:
                parcels.one_scan_at_a_time(session, new)
                if parcels.same_box(session, new, at - timedelta(minutes=2)) is None:
                    parcels.put(session, new, at, "zhao", at)
        with reading(engine) as session:
            kept = [(one.code, one.box) for one in parcels.every(session)]
        assert len(kept) == len(set(kept)) == len({(code, box) for code, box, _ in scans})

    scanned()
