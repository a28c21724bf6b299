"""Parcels that are looked after, on both databases: from the moment somebody names them until they have arrived."""

from datetime import timedelta

from sqlalchemy import Engine

from models.goods.tracking import TrackingEvent, What
from store import orders
from store.accounting.registers import REGISTERS
from store.engine import reading, writing
from store.goods import tracking, watch
from tests.builders import NOW, an_order
from tests.store.desk import commit, import_order, next_version, open_case

DAY = timedelta(days=1)


def sent(engine: Engine, **parcel: object) -> None:
    shipment = {"shipment_no": "S1", "carrier": "SF", "waybill": "SF55", "shipped_at": NOW - DAY, **parcel}
    with writing(engine) as session:
        orders.put(session, an_order(shipments=[shipment], shipped_at=None, delivered_at=None), NOW)


def due(engine: Engine) -> list[str]:
    with writing(engine) as session:
        assert watch.any_due(session, NOW) in (True, False)
        return [parcel.waybill for parcel in watch.due(session, NOW, 10)]


def test_a_parcel_of_an_order_is_taken_once_and_let_go_when_the_order_says_that_it_arrived(engine: Engine) -> None:
    sent(engine)
    assert (due(engine), due(engine)) == (["SF55"], [])
    sent(engine, label_printed_at=NOW - 2 * DAY)
    assert due(engine) == ["SF55"]  # the order changed
    sent(engine, delivered_at=NOW)
    assert due(engine) == []


def test_what_is_heard_has_it_looked_at_anew_and_ends_its_silence(engine: Engine) -> None:
    sent(engine)
    due(engine)
    with writing(engine) as session:
        watch.keep(session, "SF55", silence="no_scan", silent_since=NOW - DAY, words="nothing")
        [row] = REGISTERS["silent_parcels"](session)
        assert (row["waybill"], row["order_no"], row["customer_id"]) == ("SF55", "KETTLE-1", "c-88")
        event = TrackingEvent(waybill="SF55", what=What.MOVING, at=NOW - timedelta(hours=1))
        tracking.take(session, [event], "courier", NOW)
        assert REGISTERS["silent_parcels"](session) == []
    assert due(engine) == ["SF55"]


def test_a_waybill_that_a_case_names_is_looked_after_too(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    commit(engine, next_version(case, waybills=("YT7",)))
    with reading(engine) as session:
        found = watch.load(session, "YT7")
    assert found is not None
    assert (found.case_no, found.order_no, found.shipped) == (case.case_no, None, True)


def test_of_storefronts_news_the_older_is_left_out(engine: Engine) -> None:
    order = an_order()
    with writing(engine) as session:
        said = [orders.put_news(session, order, "shopify", NOW + hours * DAY, NOW) for hours in (0, 1, -1)]
    assert said == ["imported", "unchanged", "older than what is here"]
