"""What is true of a case now, as the steps of a playbook ask about it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case import Case, Line, Offer, Override, Payout, Visit
from models.commands import OfferOption
from models.lifecycle import OPEN, State
from models.next_step import next_step, step_of
from models.playbook import Playbook
from models.pots import Draw
from models.procedure.eligibility import Earlier, Eligible
from models.procedure.situation import READ, Situation
from models.procedure.steps import FACTS
from tests.builders import HOUR, NOW, a_case, an_order, order_facts
from tests.models.story import Story, confirmed, procedure, returned
from tests.shipped import shipped

S = State


def book() -> Playbook:
    return shipped().get("quality_fault")


def facts(case: Case, playbook: Playbook | None = None) -> Situation:
    return Situation(case, playbook or book(), NOW)


def test_every_fact_that_a_step_can_ask_about_is_read_and_no_other() -> None:
    assert set(READ) == set(FACTS)
    assert set(facts(a_case())) == set(FACTS)
    assert len(facts(a_case())) == len(FACTS)


def test_a_fact_is_read_once() -> None:
    situation = facts(a_case())
    assert situation["legal"] is situation["legal"]


# ── one row per answer ──

TOLD = Eligible(answer="human")
DOORSTEP = Line(line_no=1, quantity=1, sku="KETTLE-17", name="电热水壶", category="appliance")
FAILED = Payout(key="r", purpose="refund", amount=1, state="failed", failure="account_closed")
OPTION = OfferOption(type="keep_it", amount="5.00")
ONE_KETTLE = Draw(account="unit", line_no=1, amount=12900, units=1)
REFUNDED = Payout(key="r", purpose="refund", amount=12900, state="done", draws=(ONE_KETTLE,))


def order(**over: Any) -> dict[str, Any]:
    return {"order": order_facts(an_order(), **over)}


ROWS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("subcategory", {}, {"none"}),
    ("subcategory", {"procedure": procedure(subcategory="safety")}, {"safety"}),
    ("channel", {**order(channel="tmall"), "channel": "phone"}, {"tmall"}),  # the order's comes first
    ("channel", {"order": None, "lines": (), "channel": "phone"}, {"phone"}),
    ("country", order(country="CN"), {"CN"}),
    ("country", {"order": None, "lines": ()}, {"none"}),
    ("wanted", {"wanted": None}, {"nothing"}),
    ("finding", {"finding": "stuck"}, {"stuck"}),
    ("next_check", {"procedure": procedure(checks=["warehouse", "courier"])}, {"warehouse"}),
    ("next_check", {"procedure": procedure(checks=["warehouse", "courier"]), "checked": ("warehouse",)}, {"courier"}),
    ("next_check", {"procedure": procedure(checks=["warehouse"]), "checked": ("warehouse",)}, {"none"}),
    ("eligible", {}, {"yes"}),
    ("eligible", {"eligible": TOLD}, {"human"}),
    ("eligible", {"eligible": TOLD, "override": Override(by="c", role="supervisor", reason="r", at=NOW)}, {"yes"}),
    ("order", {}, {"yes"}),
    ("order", {"order": None, "lines": ()}, {"no"}),
    ("paid", order(paid=False), {"no"}),
    ("paid", {"order": None, "lines": ()}, {"yes"}),
    ("parcel", order(parcel="gone"), {"gone"}),
    ("parcel", {"order": None, "lines": ()}, {"none"}),
    ("dispatch", order(leaves_by=NOW), {"not_yet"}),  # in the very moment it is not late yet (L11)
    ("dispatch", order(leaves_by=NOW - timedelta(seconds=1)), {"due"}),
    ("dispatch", {}, {"due"}),
    ("severity", {"severity": "critical"}, {"critical"}),
    ("contained", {"contained": True}, {"yes"}),
    ("worth_return", {"procedure": procedure(not_worth_return={"CNY": "129.00"})}, {"yes"}),  # 129.00 is not less
    ("worth_return", {"procedure": procedure(not_worth_return={"CNY": "129.01"})}, {"no"}),
    ("worth_return", {"procedure": procedure(not_worth_return={"USD": "999.00"})}, {"yes"}),  # no limit in yuan
    ("worth_return", {"procedure": procedure(not_worth_return={"CNY": "999.00"}), "order": None, "lines": ()}, {"yes"}),
    ("worth_return", {"procedure": procedure(not_worth_return={"CNY": "999.00"}), "lines": ()}, {"yes"}),
    ("verdict", {"lines": (DOORSTEP.model_copy(update={"verdict": "refuted"}),)}, {"refuted"}),
    ("cause", {"lines": (DOORSTEP.model_copy(update={"cause": "transit"}),)}, {"transit"}),
    ("liable", {}, {"seller"}),
    ("liable", {"lines": (DOORSTEP.model_copy(update={"party_liable": "courier"}),)}, {"courier"}),
    (
        "liable",
        {"lines": (DOORSTEP.model_copy(update={"cause": "none_found"}),)},
        {"customer"},
    ),  # the way back is his (G4)
    ("liable", {"order": None, "lines": ()}, {"seller"}),
    ("warranty", {}, {"unknown"}),
    ("warranty", {"in_warranty": True}, {"in"}),
    ("warranty", {"in_warranty": False}, {"out"}),
    ("stock", {"out_of_stock": True}, {"out"}),
    ("offer", {"rounds": 1}, {"declined"}),
    ("offer", {"rounds": 3}, {"exhausted"}),
    ("offer", {"rounds": 1, "agreed": OPTION}, {"accepted"}),
    ("offer", {"rounds": 3, "agreed": OPTION}, {"accepted", "exhausted"}),  # and no other can follow it (K3)
    ("agreed", {"agreed": OPTION}, {"keep_it"}),
    ("remedy", {}, {"nothing"}),
    ("keep_its", {"earlier": Earlier(keep_its=2)}, {"few"}),
    ("keep_its", {"earlier": Earlier(keep_its=3)}, {"many"}),  # K6
    ("calls", {"calls": 9}, {"left"}),  # nobody counts
    ("calls", {"procedure": procedure(calls=2), "calls": 1}, {"left"}),
    ("calls", {"procedure": procedure(calls=2), "calls": 2}, {"used"}),  # T17
    ("visit", {"visit": Visit()}, {"none"}),
    ("visit", {"visit": Visit(at=NOW + HOUR)}, {"appointed"}),
    ("visit", {"visit": Visit(at=NOW + HOUR, technician="qian")}, {"dispatched"}),
    ("visit", {"visit": Visit(technician="qian", arrived=True)}, {"arrived"}),
    ("account", {"payouts": (FAILED,)}, {"missing"}),
    ("refundable", {}, {"yes"}),
    ("refundable", {"payouts": (REFUNDED,)}, {"no"}),  # the order's other kettle is not in the case (F18)
    ("refundable", {"payouts": (REFUNDED.model_copy(update={"state": "cancelled"}),)}, {"yes"}),
    ("refundable", {"order": None, "lines": ()}, {"no"}),
    ("payment", {"payment_notified": True}, {"notified"}),
    ("loaner", {"loaners": ("L-7",)}, {"out"}),
    ("invoice", {"invoice_open": True}, {"open"}),
    ("hold", {"holds": ("do_not_ship", "pull")}, {"do_not_ship", "pull"}),
    ("at_dock", {"at_dock_since": NOW}, {"yes"}),
]


@pytest.mark.parametrize(("fact", "about", "answer"), ROWS)
def test_how_a_fact_is_read(fact: str, about: dict[str, Any], answer: set[str]) -> None:
    case = a_case(procedure=about["procedure"]) if "procedure" in about else a_case()
    case = case.model_copy(update={key: value for key, value in about.items() if key != "procedure"})
    assert facts(case)[fact] == answer


def test_lines_of_different_parties_are_each_settled_by_their_own() -> None:
    lines = tuple(DOORSTEP.model_copy(update={"party_liable": party}) for party in ("customer", "courier"))
    assert facts(a_case().model_copy(update={"lines": lines}))["liable"] == {"seller"}, "the playbook's assumption"


@pytest.mark.parametrize(
    ("now", "proves"),
    [
        ("2026-09-03T15:59:59Z", "yes"),  # 23:59:59 of 3 September in Shanghai, the last day of six months
        ("2026-09-03T16:00:00Z", "no"),  # midnight there, and not yet in Greenwich
    ],
)
def test_whose_proof_it_is_follows_the_shops_own_midnight(now: str, proves: str) -> None:
    law = {"seller_proves_months": 6, "durable_categories": ["appliance"]}
    known = order_facts(an_order(), received_on=date(2026, 3, 4), timezone="Asia/Shanghai")
    case = a_case(procedure=procedure(law=law)).model_copy(update={"order": known, "lines": (DOORSTEP,)})
    situation = Situation(case, book(), datetime.fromisoformat(now))
    assert situation["seller_proves"] == {proves}


def test_goods_that_were_refunded_are_still_worth_what_they_cost() -> None:
    """A reopened case is read like any other, though nothing is left of its goods to refund."""
    story = confirmed(rules={"not_worth_return": {"CNY": "129.01"}}).do("agent", "choose_remedy", remedy="refund")
    story.pay_all().do("agent", "complete_callback", satisfied=False)
    assert story.state == "requested"
    assert Situation(story.case, book(), story.now)["worth_return"] == {"no"}
    assert next_step(story.case, book(), story.now) is not None


# ── whatever the case is like ──

LINES = st.lists(
    st.builds(
        Line,
        line_no=st.sampled_from([1, 2]),
        quantity=st.integers(1, 2),
        sku=st.just("KETTLE-17"),
        name=st.just("kettle"),
        category=st.sampled_from([None, "appliance"]),
        verdict=st.sampled_from([None, "confirmed", "refuted", "passed"]),
        cause=st.sampled_from([None, "manufacturing", "transit", "seller", "customer", "none_found"]),
        party_liable=st.sampled_from([None, "seller", "customer", "courier", "supplier", "platform"]),
        share=st.sampled_from([None, 0, 50]),
    ),
    max_size=2,
    unique_by=lambda line: line.line_no,
).map(tuple)
ORDERS = st.none() | st.builds(
    lambda parcel, received, paid, channel: order_facts(
        an_order(), parcel=parcel, received_on=received, paid=paid, channel=channel, timezone="Asia/Shanghai"
    ),
    st.sampled_from(["unprinted", "printed", "gone", "delivered", "pulled", "lost"]),
    st.sampled_from([None, date(2026, 3, 1), date(2026, 2, 1), date(2020, 1, 1)]),
    st.booleans(),
    st.sampled_from([None, "tmall"]),
)
CASES = st.fixed_dictionaries(
    {
        "state": st.sampled_from(OPEN),
        "order": ORDERS,
        "lines": LINES,
        "wanted": st.sampled_from([None, "refund", "exchange", "repair"]),
        "finding": st.sampled_from([None, "lost", "stuck"]),
        "checked": st.sampled_from([(), ("warehouse",), ("warehouse", "courier", "recipient")]),
        "severity": st.sampled_from([None, "minor", "critical"]),
        "contained": st.booleans(),
        "goods": st.sampled_from(["customer", "in_transit", "here", "returned", "nowhere"]),
        "remedy": st.sampled_from([None, "refund", "exchange", "visit"]),
        "rounds": st.integers(0, 4),
        "agreed": st.sampled_from([None, OPTION]),
        "offer": st.sampled_from([None, Offer(options=(OPTION,), came_from=S.REQUESTED, round=1)]),
        "out_of_stock": st.booleans(),
        "payment_notified": st.booleans(),
        "in_warranty": st.sampled_from([None, True, False]),
        "calls": st.integers(0, 3),
        "visit": st.sampled_from([None, Visit(), Visit(technician="qian"), Visit(at=NOW, arrived=True)]),
        "holds": st.sampled_from([(), ("do_not_ship",), ("pull", "reserve")]),
        "loaners": st.sampled_from([(), ("L-7",)]),
        "invoice_open": st.booleans(),
        "told": st.booleans(),
        "evidence": st.sampled_from([(), ("a.jpg",), ("a.jpg", "b.jpg")]),
        "evidence_keys": st.sampled_from([(), ("photo_whole",)]),
        "earlier": st.sampled_from([Earlier(), Earlier(keep_its=9, failed_repairs=2, repair_seconds=10**7)]),
        "payouts": st.sampled_from([(), (FAILED,)]),
        "at_dock_since": st.sampled_from([None, NOW]),
    }
)
KINDS = sorted(shipped().kinds)


@given(known=CASES, kind=st.sampled_from(KINDS), country=st.sampled_from(["CN", "US", None]), data=st.data())
def test_whatever_a_case_is_like_its_facts_are_known_ones_and_it_has_a_next_step(
    known: dict[str, Any], kind: str, country: str | None, data: st.DataObject
) -> None:
    keys = [sub.key for sub in shipped().get(kind).subcategories]
    playbook = shipped().get(kind).for_case(data.draw(st.sampled_from([None, *keys])), country, "tmall")
    case = a_case(procedure=playbook.procedure, state=known["state"]).model_copy(update=known)
    situation = Situation(case, playbook, NOW)
    for name, answers in FACTS.items():
        assert situation[name], name
        assert answers is None or situation[name] <= set(answers), (name, situation[name])
    step = step_of(case, playbook, NOW)
    assert case.state in step.states
    told = next_step(case, playbook, NOW)
    assert told is not None
    assert told["text"]["zh"]
    assert told["text"]["en"]


def test_the_facts_of_a_whole_road() -> None:
    story = Story().do("agent", "request_evidence", what=["a photo"]).do("customer", "submit_evidence", photos=["p"])
    told = [facts(story.case)["goods"], facts(returned().case)["goods"], facts(confirmed().case)["verdict"]]
    assert told == [{"customer"}, {"here"}, {"confirmed"}]
