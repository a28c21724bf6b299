"""The stock ledger follows cases: nothing is nowhere or twice, and a shortage is known (G3, G5, L7, L14)."""

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.exc import DBAPIError

from models.effects import CommitInput
from models.errors import Conflict, NotFound
from models.tables import stock_places
from store import cases, maintenance
from store.engine import reading, writing
from store.stock import counting, listing, waiting
from store.stock.counting import Count
from tests.builders import NOW, an_order
from tests.store.stock.shop import CUP, KETTLE, counted, exchanging, hand, inspected, nowhere_twice, places
from tests.store.till import CALENDARS, Till


def test_an_article_that_nobody_counts_is_never_short(engine: Engine) -> None:
    till = Till(engine)
    case_no = exchanging(till)
    assert till.case(case_no).state == "exchanging"
    assert places(engine) == {"supplier": 1}
    till.drive(case_no, ("warehouse", "ship_replacement", {"carrier": "sf", "waybill": "SF9"}))
    assert places(engine) == {"supplier": 1, "transit": 1}
    nowhere_twice(engine)


@pytest.mark.parametrize(
    ("disposition", "there"),
    [
        ("restock", {"sellable": 6}),
        ("refurbish", {"sellable": 5, "refurbish": 1}),
        ("scrap", {"sellable": 5, "scrap": 1}),
        ("supplier", {"sellable": 5, "supplier": 1}),
        ("customer", {"sellable": 5, "quarantine": 1}),
    ],
)
def test_inspected_goods_go_where_the_inspection_says(engine: Engine, disposition: str, there: dict[str, int]) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=5)
    inspected(till, disposition)
    assert places(engine) == there
    nowhere_twice(engine)


def test_goods_that_came_in_are_in_quarantine_until_they_are_inspected(engine: Engine) -> None:
    till = Till(engine)
    case_no = till.opened()
    till.drive(
        case_no,
        ("agent", "authorise_return"),
        ("customer", "ship_return", {"carrier": "sf", "waybill": "SF1"}),
        ("warehouse", "book_in"),
    )
    assert places(engine) == {"quarantine": 1}
    assert till.act(case_no, "warehouse", "book_in")  # another scan of the same box
    assert places(engine) == {"quarantine": 1}


def test_a_replacement_is_set_aside_sent_and_delivered(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=2)
    case_no = exchanging(till)
    assert places(engine) == {"sellable": 1, "reserved": 1, "supplier": 1}
    till.drive(case_no, ("warehouse", "ship_replacement", {"carrier": "sf", "waybill": "SF9"}))
    assert places(engine) == {"sellable": 1, "transit": 1, "supplier": 1}
    till.drive(case_no, ("courier", "record_delivery", {"outcome": "delivered"}))
    assert places(engine) == {"sellable": 1, "supplier": 1}
    till.drive(case_no, ("agent", "complete_callback", {"satisfied": True}))
    assert places(engine) == {"sellable": 1, "supplier": 1}
    nowhere_twice(engine)


def test_what_was_refused_at_the_door_is_here_again_and_what_was_lost_is_not(engine: Engine) -> None:
    till = Till(
        engine,
        an_order(
            lines=[{"line_no": 1, "sku": KETTLE, "unit_price": 12900, "quantity": 2}],
            payments=[{"payment_no": "P1", "method": "alipay", "amount": 26800}],
        ),
    )
    counted(engine, KETTLE_17=2)
    refused, lost = exchanging(till), exchanging(till)
    for case_no, outcome in ((refused, "refused"), (lost, "lost")):
        till.drive(
            case_no,
            ("warehouse", "ship_replacement", {"carrier": "sf", "waybill": f"out {case_no}"}),
            ("courier", "record_delivery", {"outcome": outcome}),
        )
    assert places(engine) == {"supplier": 2, "quarantine": 1}
    nowhere_twice(engine)


def test_another_remedy_gives_back_what_was_set_aside(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=1)
    case_no = exchanging(till)
    assert places(engine) == {"reserved": 1, "supplier": 1}
    till.drive(case_no, ("customer", "withdraw", {"reason": "他自己修好了"}))
    assert places(engine) == {"sellable": 1, "quarantine": 1}  # his own goes back to him
    till.drive(case_no, ("warehouse", "ship_back", {"carrier": "sf", "waybill": "SF9"}))
    assert places(engine) == {"sellable": 1, "transit": 1}
    till.drive(case_no, ("courier", "record_delivery", {"outcome": "delivered"}))
    assert places(engine) == {"sellable": 1}
    nowhere_twice(engine)


def test_of_two_cases_for_the_last_one_one_gets_it_and_the_other_waits(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=1)
    first, second = exchanging(till), exchanging(till)
    assert (till.case(first).state, till.case(second).state) == ("exchanging", "awaiting_stock")
    with reading(engine) as session:
        assert [aside.case_no for aside in listing.set_aside_for(session, KETTLE)] == [first]
        assert [wait.case_no for wait in listing.waits_for(session, KETTLE)] == [second]
        told = cases.timeline(session, second)[-1]
    assert (told.action, told.note) == ("report_shortage", f"Not on the shelf: 1 × {KETTLE}.")
    nowhere_twice(engine)


def test_the_commit_says_that_it_wrote_the_wait_with_the_decision_and_says_the_same_again(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=0)
    case_no = inspected(till, "supplier")
    before = till.case(case_no)
    decision = till.decided(case_no, "agent", "choose_remedy", remedy="exchange", customer_agrees=True)
    drain = CommitInput(case=decision.case, base=before.version, effects=decision.effects, at=NOW)
    answers = []
    for _ in range(2):
        with writing(engine) as session:
            answers.append(cases.write_commit(session, drain, CALENDARS))
    assert answers[0] == answers[1]
    assert answers[0].written
    assert answers[0].ahead is not None
    assert answers[0].ahead.state == "awaiting_stock"
    assert answers[0].version == decision.case.version + 1
    nowhere_twice(engine)


def test_whoever_waits_longest_is_told_first_and_nobody_overtakes_him(engine: Engine) -> None:
    till = Till(
        engine,
        an_order(
            lines=[{"line_no": 1, "sku": KETTLE, "unit_price": 12900, "quantity": 4}],
            payments=[{"payment_no": "P1", "method": "alipay", "amount": 52600}],
        ),
    )
    counted(engine, KETTLE_17=0)
    first, second = exchanging(till), exchanging(till)
    assert rung(engine) == []
    counted(engine, "a parcel of the maker", KETTLE_17=1)
    third = exchanging(till)  # it comes when one is there, which is the first one's
    assert till.case(third).state == "awaiting_stock"
    assert rung(engine) == [first]
    assert rung(engine) == []  # told once
    assert not till.case(second).stock or till.case(second).stock[0].what == "returned"
    till.drive(second, ("system", "stock_arrived"))  # somebody tries: it is not his yet
    assert till.case(second).state == "awaiting_stock"
    till.drive(first, ("system", "stock_arrived"))
    assert till.case(first).state == "exchanging"
    counted(engine, "another", KETTLE_17=3)  # one of them is set aside for the first
    assert rung(engine) == [second, third]
    nowhere_twice(engine)


def rung(engine: Engine) -> list[str]:
    """Whom the bell would tell now; they count as told."""
    with writing(engine) as session:
        rings = waiting.to_ring(session)
        waiting.rung(session, rings)
    return [ring.case_no for ring in rings]


def test_what_is_not_found_is_not_there_and_is_not_offered_again(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=1)
    case_no = exchanging(till)
    till.drive(case_no, ("warehouse", "report_shortage", {"note": "the box is empty"}))
    assert till.case(case_no).state == "awaiting_stock"
    assert places(engine) == {"supplier": 1}
    assert rung(engine) == []
    counted(engine, "found behind the shelf", KETTLE_17=1)
    assert rung(engine) == [case_no]
    nowhere_twice(engine)


def test_a_substitute_is_set_aside_instead_and_the_wait_is_over(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=0, KETTLE_18=1)
    case_no = exchanging(till)
    other = {"sku": "KETTLE-18", "name": "电热水壶 Pro", "quantity": 1, "unit_price": "129.00"}
    till.drive(case_no, ("agent", "choose_remedy", {"remedy": "substitute", "replacement": other}))
    assert till.case(case_no).state == "exchanging"
    assert places(engine, "KETTLE-18") == {"reserved": 1}
    with reading(engine) as session:
        assert listing.waits_for(session, KETTLE) == ()


def test_goods_that_were_refunded_before_they_left_are_on_the_shelf_again_L7(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=5)
    case_no = till.opened("cancel_before_shipment", goods="nowhere")
    unshipped(till, case_no, "unprinted")
    till.drive(case_no, ("agent", "choose_remedy", {"remedy": "refund"}))
    assert places(engine) == {"sellable": 6}
    till.pay_all(case_no)
    assert till.case(case_no).state == "resolved"
    assert places(engine) == {"sellable": 6}


def test_goods_of_a_printed_label_are_on_the_shelf_once_they_are_pulled_L7(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=5)
    case_no = till.opened("cancel_before_shipment", goods="nowhere")
    unshipped(till, case_no, "printed")
    till.drive(case_no, ("agent", "choose_remedy", {"remedy": "refund"}))
    assert (till.case(case_no).state, places(engine)) == ("intercepting", {"sellable": 5})
    till.drive(case_no, ("warehouse", "report_interception", {"result": "pulled"}))
    assert places(engine) == {"sellable": 6}
    nowhere_twice(engine)


def unshipped(till: Till, case_no: str, parcel: str) -> None:
    """The case's order has not left: as far as its parcel is."""
    case = till.case(case_no)
    assert case.order is not None
    facts = case.order.model_copy(update={"parcel": parcel})
    drain = CommitInput(
        case=case.model_copy(update={"order": facts, "version": case.version + 1}),
        base=case.version,
        effects={},
        at=NOW,
    )
    with writing(till.engine) as session:
        cases.write_commit(session, drain, CALENDARS)


# ── by hand ───────────────────────────────────────────────────────────────────────────────────────


def test_a_count_says_by_how_much_the_ledger_was_off_and_counts_what_is_set_aside(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=3)
    exchanging(till)
    with writing(engine) as session:
        assert counting.count(session, [Count(KETTLE, 2)], hand("again")) == (-1,)
    assert places(engine) == {"sellable": 1, "reserved": 1, "supplier": 1}
    with reading(engine) as session:
        off = next(move for move in listing.moves_of(session, KETTLE) if move.why == "counted")
    assert (off.quantity, off.by, off.reason) == (1, "liu", "counted at closing time")
    nowhere_twice(engine)


def test_fewer_than_are_promised_cannot_be_counted_away(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=1)
    case_no = exchanging(till)
    with pytest.raises(Conflict, match=case_no), writing(engine) as session:
        counting.count(session, [Count(KETTLE, 0)], hand("none"))
    with writing(engine) as session:
        told = counting.count_each(session, [Count(CUP, 7), Count(KETTLE, 0)], hand("a file"))
    assert told[0] is None
    assert told[1] is not None
    assert places(engine, CUP) == {"sellable": 7}


def test_refurbished_goods_are_carried_to_the_shelf_once_and_never_more_than_there_are(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=0)
    inspected(till, "refurbish")
    for _ in range(2):
        with writing(engine) as session:
            counting.carry(session, KETTLE, 1, "refurbish", "sellable", hand("done", "cleaned, new lid"))
    assert places(engine) == {"sellable": 1}
    with pytest.raises(Conflict, match="0 of KETTLE-17 are in 'refurbish'"), writing(engine) as session:
        counting.carry(session, KETTLE, 1, "refurbish", "sellable", hand("again"))
    with pytest.raises(NotFound), writing(engine) as session:
        counting.carry(session, "NOTHING", 1, "refurbish", "sellable", hand("never"))


def test_what_left_is_booked_although_the_ledger_had_less_and_somebody_is_asked_to_count(engine: Engine) -> None:
    till = Till(engine)
    case_no = exchanging(till)
    counted(engine, KETTLE_17=0)  # counted for the first time after it was decided
    till.drive(case_no, ("warehouse", "ship_replacement", {"carrier": "sf", "waybill": "SF9"}))
    assert places(engine) == {"supplier": 1, "transit": 1}
    nowhere_twice(engine)


def test_the_database_refuses_less_than_nothing(engine: Engine) -> None:
    counted(engine, KETTLE_17=1)
    with pytest.raises(DBAPIError, match="never_negative"), writing(engine) as session:
        session.execute(update(stock_places).values(quantity=-1))


def test_a_rebuild_finds_out_again_who_waits(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, KETTLE_17=0)
    case_no = exchanging(till)
    with reading(engine) as session:
        before = listing.waits_for(session, KETTLE)
    with writing(engine) as session:
        maintenance.rebuild(session, CALENDARS)
    with reading(engine) as session:
        assert listing.waits_for(session, KETTLE) == before
    assert [wait.case_no for wait in before] == [case_no]


def test_a_repair_waits_for_its_part_and_goes_on_when_it_comes(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, SEAL_2=1)
    case_no = inspected(till, "customer")
    till.drive(
        case_no,
        ("agent", "choose_remedy", {"remedy": "repair", "customer_agrees": True}),
        ("workshop", "plan_repair", {"items": [{"sku": "SEAL-2", "quantity": 2}]}),
    )
    assert (till.case(case_no).state, places(engine, "SEAL-2")) == ("awaiting_stock", {"sellable": 1})
    counted(engine, "the post came", SEAL_2=2)
    assert rung(engine) == [case_no]
    till.drive(case_no, ("system", "stock_arrived"))
    assert (till.case(case_no).state, places(engine, "SEAL-2")) == ("repairing", {"reserved": 2})
    till.drive(case_no, ("workshop", "finish_repair", {"report": "tight"}))
    assert (till.case(case_no).state, places(engine, "SEAL-2")) == ("returning_goods", {})
    nowhere_twice(engine)


def test_a_loaner_of_the_ledger_leaves_the_shelf_and_comes_back(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, LOAN_1=2)
    case_no = inspected(till, "customer")
    till.drive(case_no, ("agent", "lend_loaner", {"serial": "L-7", "sku": "LOAN-1", "consent": True}))
    assert places(engine, "LOAN-1") == {"sellable": 1, "lent": 1}
    till.drive(case_no, ("warehouse", "return_loaner", {"disposition": "scrap"}))
    assert places(engine, "LOAN-1") == {"sellable": 1, "scrap": 1}
    nowhere_twice(engine)
