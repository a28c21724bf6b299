"""The demo: it ends well on the samples and on somebody's own export, and says so when a case does not."""

import os
from pathlib import Path

import httpx
import pytest

import demo
from api.history import HistoryCost
from imports.run import read_orders
from models.lifecycle import FINAL, State
from models.orders import Order
from terminal.roads import ROADS, Arrival, Road, drive, returned

EXPORTS = os.environ.get("SAMPLE_EXPORTS")  # read before the tests' own settings are put away


def a_road(**over: object) -> Road:
    road = {"title": "a lost road", "kind": "quality_fault", "order_no": "KETTLE-1", "lines": ((1, 1),)}
    return Road(**{**road, "wanted": "refund", "doings": (), "states": ("requested", "closed"), **over})  # type: ignore[arg-type]


def test_every_road_begins_with_a_request_and_ends_for_good():
    for road in ROADS:
        assert road.states[0] == "requested"
        assert State(road.states[-1]) in FINAL


def test_every_road_is_about_units_that_its_order_has():
    with demo.SAMPLE.open("rb") as stream:
        orders = {
            order.order_no: order
            for order in read_orders(stream, "aftercare", "orders.csv")
            if isinstance(order, Order)
        }
    for road in ROADS:
        for line_no, quantity in road.lines:
            line = orders[road.order_no].line(line_no)
            assert line is not None
            assert quantity <= line.quantity


def test_a_step_above_the_limit_may_wait_for_a_manager_on_any_road():
    road = a_road(states=("requested", "refunding", "closed"))
    assert road.went_as_it_should(("requested", "awaiting_approval", "refunding", "closed"))
    assert not road.went_as_it_should(("requested", "refunding"))


def test_returns_are_by_turns_a_change_of_mind_and_a_fault():
    assert [returned("536488", 3, 6, number).kind for number in (1, 2)] == ["change_of_mind", "quality_fault"]


async def test_a_case_that_cannot_be_opened_is_told_and_stops_no_other():
    problem = {"type": "urn:aftercare:problem:not-found", "detail": "There is no order 'KETTLE-1'."}
    answering = httpx.MockTransport(lambda request: httpx.Response(404, json=problem))
    async with httpx.AsyncClient(transport=answering, base_url="http://shop") as api:
        arrival = await drive(api, a_road(), lambda: None)
    assert arrival.problem == "after nothing: There is no order 'KETTLE-1'."


def test_a_case_that_did_not_end_as_it_should_is_named(capsys: pytest.CaptureFixture[str]):
    lost = Arrival(a_road(), {"case_no": "AC-26-000007"}, problem="went requested instead of requested → closed")
    assert not demo._show([lost], [HistoryCost()])
    assert "NOT AS IT SHOULD: AC-26-000007 (a lost road) went requested" in capsys.readouterr().out


def test_the_demo_ends_well_on_the_samples(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert demo.run_demo()
    shown = capsys.readouterr().out
    assert f"{len(ROADS)} of {len(ROADS)} cases ended as they should" in shown
    assert "requested → awaiting_return → closed" in shown


@pytest.mark.slow
@pytest.mark.skipif(EXPORTS is None, reason="SAMPLE_EXPORTS names no folder of exports")
@pytest.mark.parametrize("file", sorted(Path(EXPORTS or ".").glob("online_retail*.csv")), ids=lambda file: file.stem)
def test_the_demo_ends_well_on_a_real_export(file):
    assert demo.run_demo(file, "online-retail")
