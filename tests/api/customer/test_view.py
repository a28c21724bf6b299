"""What a customer sees of his case: these keys and no others, in every state, and nothing of the inside."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import to_json

from api.customer import words
from api.customer.view import HIS_ACTIONS, Told, customer_view, timeline_of
from models.case import Advance, Case, Claim, Offer, Payout, Quote, Ruling, Visit
from models.commands import Actor, OfferOption, Replacement
from models.events import Entry, Fact
from models.goods.tracking import Standing, What
from models.lifecycle import FINAL, ROLES, Action, Role, State
from models.playbook import Names
from store.goods.files import CaseFile
from tests.builders import NOW, a_case
from tests.shipped import shipped

#: A word that stands wherever only the house may read.
INSIDE = "ONLY-FOR-US"
KEYS = {
    "": "case_no order_no opened_at kind lines description wanted remedy replacement state status turn next until "
    "otherwise steps can offer quote to_pay decided visit money payouts account evidence files return sent country "
    "timeline shop version",
    "kind": "zh en",
    "lines[]": "line_no name quantity",
    "status": "zh en",
    "next": "zh en",
    "otherwise": "zh en",
    "steps[]": "key zh en state",
    "offer": "round options",
    "offer.options[]": "number type amount text replacement",
    "offer.options[].amount": "amount currency",
    "quote": "parts labour freight total",
    **{f"quote.{name}": "amount currency" for name in ("parts", "labour", "freight", "total")},
    "to_pay": "amount parts notified how",
    "to_pay.parts[]": "zh en amount",
    "to_pay.parts[].amount": "amount currency",
    "to_pay.how": "zh en",
    "decided": "zh en",
    "visit": "at",
    "to_pay.amount": "amount currency",
    "money": "refund freight paid owes",
    **{f"money.{name}": "amount currency" for name in ("refund", "freight", "paid", "owes")},
    "payouts[]": "amount purpose state",
    "payouts[].amount": "amount currency",
    "evidence[]": "key zh en",
    "files[]": "id media_type at",
    "return": "address instructions carrier waybill scan freight slip",
    "return.address": "zh en",
    "return.instructions": "zh en",
    "return.scan": "zh en at place",
    "return.freight": "by up_to",
    "return.freight.up_to": "amount currency",
    "sent": "waybill scan",
    "sent.scan": "zh en at place",
    "timeline[]": "at who zh en text parcel amount",
    "timeline[].amount": "amount currency",
    "shop": "names phone timezone",
    "shop.names": "zh en",
}


def keys_of(value: Any, path: str = "") -> dict[str, set[str]]:
    """Every object in a document, by where it is, with the names of what it holds."""
    if isinstance(value, list):
        found: dict[str, set[str]] = {}
        for inner in value:
            for where, names in keys_of(inner, f"{path}[]").items():
                found.setdefault(where, set()).update(names)
        return found
    if not isinstance(value, dict):
        return {}
    found = {path: set(value)}
    for name, inner in value.items():
        found |= keys_of(inner, f"{path}.{name}" if path else name)
    return found


def an_entry(action: str, role: Role = Role.AGENT, note: str | None = INSIDE, **data: Any) -> Entry:
    return Entry(seq=1, at=NOW, actor=Actor(id=INSIDE, role=role), action=action, note=note, data=data)


def a_full_case(state: State) -> Case:
    """A case that has all that a case can have, with the inside written all over it."""
    option = OfferOption(
        type="keep_it", amount="6.00", text="留着用吧", replacement=Replacement(sku="CUP", name="陶瓷杯")
    )
    over: dict[str, Any] = {
        "owner": INSIDE,
        "opened_by": INSIDE,
        "handled_by": INSIDE,
        "offer": Offer(options=(option,), came_from=State.REQUESTED, round=1, promised=(600,), limit=99_999),
        "quote": Quote(parts=1000, labour=2000, freight=1000),
        "advance": Advance(deposit=5000),
        "ruling": Ruling(ruling="refund", reference=INSIDE, by=INSIDE),
        "visit": Visit(at=NOW, technician=INSIDE, outlet=INSIDE),
        "claims": (Claim(against="supplier", amount=4200, name=INSIDE),),
        "payouts": (
            Payout(key=INSIDE, purpose="refund", amount=12900, reference=INSIDE, account=INSIDE, gateway=INSIDE),
            Payout(key="2", purpose="freight", amount=1, state="cancelled"),
        ),
        "links": (INSIDE,),
        "loaners": (INSIDE,),
        "failing_step": INSIDE,
        "sent_waybill": "SF900",
        "return_waybill": "SF100",
        "carrier": "SF",
        "came_from": State.REQUESTED,
        "asked_for": ("底部照片",),
        "closed_at": NOW if state in FINAL else None,
        "escalation": 3,
        "severity": "critical",
    }
    return with_freight(a_case(state=state, **over))


def with_freight(case: Case) -> Case:
    """The case with the freight of its order's zone, 12.00."""
    assert case.order is not None
    return case.model_copy(update={"order": case.order.model_copy(update={"return_rate": 1200})})


def told(**over: Any) -> Told:
    known: dict[str, Any] = {
        "book": shipped().kinds["quality_fault"],
        "shop": shipped().shop.model_copy(
            update={"pay_to": Names(zh="支付宝 pay@shop.example", en="PayPal pay@shop.example")}
        ),
        "now": NOW,
        "entries": (
            an_entry("opened", note=INSIDE),
            an_entry(Action.NOTE),
            an_entry(Action.MESSAGE, note="您好"),
            an_entry(Action.REQUEST_EVIDENCE, what=["底部照片"]),
            an_entry(Action.SHIP_REPLACEMENT, carrier="SF", waybill="SF900"),
            an_entry(Action.REJECT),
            an_entry(Action.MAKE_OFFER, amount="6.00"),
            an_entry(Action.COMPENSATE),
            *(an_entry(fact) for fact in Fact if fact is not Fact.OPENED),
        ),
        "files": (
            CaseFile(id="a", media_type="image/jpeg", size=1, at=NOW, name=INSIDE, by="customer", role="customer"),
            CaseFile(id=INSIDE, media_type="image/jpeg", size=1, at=NOW, by=INSIDE, role="agent"),
        ),
        "accounts": ("•••••1234",),
        "standings": {waybill: Standing(what=What.MOVING, at=NOW, words=INSIDE) for waybill in ("SF100", "SF900")},
        "description": INSIDE,  # written down by an agent
    }
    return Told(**{**known, **over})


@pytest.mark.parametrize("state", list(State))
def test_these_keys_and_nothing_of_the_inside(state: State) -> None:
    shown = customer_view(a_full_case(state), told())
    for where, names in keys_of(shown).items():
        assert where in KEYS, f"{where} is shown to customers: is it theirs?"
        assert names == set(KEYS[where].split()), where
    assert INSIDE not in to_json(shown).decode()


def test_every_key_is_really_there_somewhere() -> None:
    seen: set[str] = set()
    for state in State:
        seen |= keys_of(customer_view(a_full_case(state), told())).keys()
    assert seen == set(KEYS)


def test_every_state_is_said_in_both_languages_and_has_its_place_on_the_way() -> None:
    assert set(words.STATES) == set(State)
    for title, following in words.STATES.values():
        assert title.keys() == following.keys() == {"zh", "en"}
    placed = [state for _, _, states in words.STEPS for state in states]
    assert sorted(placed) == sorted(set(State))


def test_only_what_a_customer_may_do_is_offered_to_him() -> None:
    may = {action for action in Action if Role.CUSTOMER in ROLES[action]}
    # Photos come as evidence, and a contact is changed where somebody checks who asks for it.
    beside = {Action.ATTACH, Action.UPDATE_CONTACT}
    assert set(HIS_ACTIONS) == may - beside


@pytest.mark.parametrize(
    ("state", "turn", "offered", "withheld"),
    [
        (State.REQUESTED, "us", {"customer_message", "withdraw", "submit_evidence"}, {"ship_return", "reopen"}),
        (State.AWAITING_EVIDENCE, "you", {"submit_evidence", "withdraw"}, {"provide_account"}),
        (State.AWAITING_RETURN, "you", {"ship_return", "withdraw"}, {"complete_callback"}),
        (State.RETURN_IN_TRANSIT, "courier", {"customer_message", "ship_return"}, {"complete_callback"}),
        (State.REPAIRING, "us", {"customer_message"}, {"accept_offer"}),
        (State.RESOLVED, "nobody", {"complete_callback"}, {"withdraw", "reopen"}),
        (State.REJECTED, "nobody", set(), {"reopen", "withdraw"}),
    ],
)
def test_what_he_may_do_and_whose_turn_it_is(state: State, turn: str, offered: set[str], withheld: set[str]) -> None:
    shown = customer_view(a_case(state=state, closed_at=NOW if state in FINAL else None), told())
    assert shown["turn"] == turn
    assert offered <= set(shown["can"])
    assert not withheld & set(shown["can"])


def test_after_an_automatic_close_he_may_open_it_again_once_and_in_time() -> None:
    closed: dict[str, Any] = {"state": State.CLOSED, "closed_at": NOW, "closed_by": "system"}
    late: list[tuple[dict[str, Any], timedelta]] = [
        ({}, timedelta(days=30)),
        ({}, timedelta(days=31)),
        ({"reopened_by_customer": 1}, timedelta()),
    ]
    can = [customer_view(a_case(**closed, **over), told(now=NOW + later))["can"] for over, later in late]
    assert can == [["reopen"], [], []]


def test_his_own_words_come_back_and_ours_to_each_other_do_not() -> None:
    entries = [
        an_entry(Action.CUSTOMER_MESSAGE, Role.CUSTOMER, "在吗"),
        an_entry(Action.WITHDRAW, Role.CUSTOMER, "不退了"),
        an_entry(Action.WITHDRAW, Role.AGENT, INSIDE),
        an_entry(Action.NOTE, Role.AGENT, INSIDE),
        an_entry(Action.DECLINE_OFFER, Role.AGENT, INSIDE),
        an_entry(Action.ADD_ISSUE, Role.AGENT, None, issue=INSIDE),
    ]
    shown = [(one["who"], one["text"]) for one in timeline_of(entries)]
    assert shown == [("shop", None), ("shop", None), ("shop", None), ("you", "不退了"), ("you", "在吗")]


def test_what_he_asked_for_is_shown_in_his_own_words_and_not_in_those_of_whoever_took_the_call() -> None:
    for role, words_shown in ((Role.CUSTOMER, "壶底漏水"), (Role.AGENT, None)):
        shown = customer_view(a_case(), told(entries=(an_entry("opened", role, None),), description="壶底漏水"))
        assert shown["description"] == words_shown


@pytest.mark.parametrize(
    ("over", "freight"),
    [
        ({"label": "L-1"}, ("label", None)),  # nothing is advanced (F11)
        ({}, ("us", "36.00")),  # three times the zone's 12.00 (F1, F11)
        ({"in_warranty": False, "wanted": "repair"}, ("you", None)),  # F10
        ({"procedure": {"party_liable": "customer"}}, ("you", None)),  # F5, F7
    ],
)
def test_a_return_says_who_pays_for_it(over: dict[str, Any], freight: tuple[str, str | None]) -> None:
    case = with_freight(a_case(state=State.AWAITING_RETURN, **{k: v for k, v in over.items() if k != "procedure"}))
    case = case.model_copy(update={"procedure": case.procedure.model_copy(update=over.get("procedure", {}))})
    said = customer_view(case, told())["return"]["freight"]
    assert (said["by"], said["up_to"] and said["up_to"]["amount"]) == freight


@pytest.mark.parametrize(
    ("over", "status", "turn"),
    [
        ({"state": State.RETURN_IN_TRANSIT, "at_dock_since": NOW}, "looking for it", "us"),
        ({"state": State.RETURN_IN_TRANSIT, "way_back": "lost"}, "is lost", "courier"),
        ({"state": State.RETURN_IN_TRANSIT, "way_back": "refused"}, "could not be delivered", "courier"),
        ({"state": State.DELIVERING, "at_locker_since": NOW}, "pick-up point", "courier"),
        ({"state": State.CLOSED, "closed_at": NOW, "closed_by": "system"}, "Closed by itself", "nobody"),
        ({"state": State.CLOSED, "closed_at": NOW, "closed_by": "chen"}, "Closed", "nobody"),
    ],
)
def test_what_became_of_a_parcel_or_a_deadline_is_told_as_it_is(over: dict[str, Any], status: str, turn: str) -> None:
    closed = Entry(seq=1, at=NOW, actor=Actor(id="system", role=Role.SYSTEM), action="close", source="awaiting_return")
    shown = customer_view(a_case(**over), told(entries=(closed,)))
    assert status in shown["status"]["en"]
    assert shown["turn"] == turn


def test_nobody_is_promised_to_open_it_a_second_time() -> None:
    waiting: dict[str, Any] = {"state": State.AWAITING_RETURN}
    assert "open it again once" in customer_view(a_case(**waiting), told())["otherwise"]["en"]
    again = customer_view(a_case(**waiting, reopened_by_customer=1), told())["otherwise"]["en"]
    assert "again once" not in again


def test_offers_and_counters_are_told_with_their_amounts_K3() -> None:
    entries = [
        an_entry(Action.MAKE_OFFER, amount="3.00"),
        an_entry(Action.DECLINE_OFFER, Role.CUSTOMER, "少了", counter="6.00"),
    ]
    assert [one["amount"] and one["amount"]["amount"] for one in timeline_of(entries, "CNY")] == ["6.00", "3.00"]
