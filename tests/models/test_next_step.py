"""The next step in plain words: who has the word, what is to be done and said, and what happens if nobody acts."""

from typing import Any

import pytest

from models.case import Announced, Override, Payout
from models.lifecycle import FINAL, OPEN, Role, State, allowed_in
from models.next_step import next_step, rendered, scripted
from models.playbook import Playbook
from models.procedure.eligibility import Eligible
from store.projection import arm
from tests.builders import DAY, HOUR, NOW, a_case
from tests.models.story import Story, found, returned
from tests.shipped import shipped

KINDS = sorted(shipped().kinds)
CAME_BACK = Payout(
    key="AC-26-000001:refund:1", purpose="refund", amount=11200, state="failed", failure="account_closed"
)
VALUES = {"zh": {"customer": "王小明", "agent": "小李"}, "en": {"customer": "Xiaoming", "agent": "Li"}}


def a_playbook(**over: Any) -> Playbook:
    """The shipped playbook for faults, with what a test changes in it."""
    return Playbook.model_validate({**shipped().get("quality_fault").model_dump(by_alias=True), **over})


def step_in(state: State, kind: str = "quality_fault", **facts: Any) -> dict[str, Any]:
    playbook = shipped().get(kind)
    case = arm(a_case(state=state, procedure=playbook.procedure, **facts), shipped().calendars)
    step = next_step(case, playbook, NOW)
    assert step is not None
    return step


@pytest.mark.parametrize("kind", KINDS)
def test_every_open_state_of_every_kind_has_a_next_step_in_both_languages(kind: str) -> None:
    for state in OPEN:
        step = step_in(state, kind)
        assert step["until"] is not None, state
        assert step["who"], state
        for told in (step["text"], step["why"], step["otherwise"]):
            assert told is None or all(told[language] for language in ("zh", "en")), (state, told)
        assert step["action"] is None or allowed_in(state, step["action"]), (state, step["action"])


def test_a_promise_that_comes_before_the_deadline_is_what_the_step_has_to_be_done_by_T14() -> None:
    story, book = Story(), shipped().get("quality_fault")
    deadline = story.case.due_at
    assert deadline is not None
    promised = NOW + HOUR
    story.do("agent", "promise", what="I call you", at=promised.isoformat())
    promising = next_step(story.case, book, NOW)
    assert promising is not None
    assert promising["until"] == promised.isoformat()
    kept = next_step(story.do("agent", "keep_promise").case, book, NOW)
    assert kept is not None
    assert kept["until"] == deadline.isoformat()


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_is_over_has_no_next_step(state: State) -> None:
    assert next_step(a_case(state=state), shipped().get("quality_fault"), NOW) is None


@pytest.mark.parametrize(
    ("state", "facts", "action", "who"),
    [
        (State.REFUNDING, {}, "record_refund", "finance"),
        (State.REFUNDING, {"payouts": (CAME_BACK,)}, None, "customer"),
        (State.AWAITING_PAYMENT, {}, None, "customer"),
        (State.AWAITING_PAYMENT, {"payment_notified": True}, "record_payment", "finance"),
        (State.RETURN_IN_TRANSIT, {}, None, "courier"),
        (State.RETURN_IN_TRANSIT, {"at_dock_since": NOW}, "book_in", "warehouse"),  # G14
        (State.RESOLVED, {}, "complete_callback", "agent"),
        (State.RESOLVED, {"loaners": ("L-7",)}, "return_loaner", "agent"),  # G8
        (State.RESOLVED, {"invoice_open": True}, "settle_invoice", "agent"),  # G9
    ],
)
def test_the_step_is_for_whoever_has_the_word(
    state: State, facts: dict[str, Any], action: str | None, who: str
) -> None:
    step = step_in(state, **facts)
    assert (step["action"], step["who"]) == (action, who)


@pytest.mark.parametrize(
    ("outcome", "means"),
    [
        ("escalate", "it warns, and then goes up level by level"),
        ("close", "it closes by itself"),
        ("decline", "silence counts as declined"),
        ("search", "a search for the parcel starts"),
        ("try_again", "it counts as missed, is tried again, then closed"),
    ],
)
def test_it_says_what_happens_if_nobody_acts(outcome: str, means: str) -> None:
    case = a_case()
    rule = case.procedure.clocks[State.REQUESTED].model_copy(update={"outcome": outcome})
    procedure = case.procedure.model_copy(update={"clocks": {**case.procedure.clocks, State.REQUESTED: rule}})
    step = next_step(case.model_copy(update={"procedure": procedure}), a_playbook(), NOW)
    assert step is not None
    assert step["otherwise"]["en"] == means


# ── evidence and questions ──

FLAW = {"key": "photo_flaw", "zh": "瑕疵近照", "en": "a close photo of the flaw"}
WHEN = {"key": "when", "zh": "什么时候出现的", "en": "when it appeared"}
VIDEO = {"key": "video_fault", "zh": "故障视频", "en": "a video of the fault"}


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({}, ["photo_flaw", "when", "video_fault"]),
        ({"evidence": ("p1.jpg",)}, ["when", "video_fault"]),  # a photo without a word counts for the first wanted
        ({"evidence": ("p1.jpg", "p2.mp4")}, ["when"]),  # two of them for the first two pictures
        ({"evidence": ("p1.mp4",), "evidence_keys": ("video_fault",)}, ["photo_flaw", "when"]),  # said what it shows
        ({"told": True}, ["photo_flaw", "video_fault"]),  # words answer what is no picture
        ({"told": True, "evidence": ("p1.jpg", "p2.mp4")}, []),
        ({"evidence_keys": ("photo_flaw", "when", "video_fault")}, []),
        ({"asked_for": ("the receipt", "when")}, ["photo_flaw", "when", "video_fault", "the receipt"]),
        ({"asked_for": ("the receipt",), "told": True}, ["photo_flaw", "video_fault"]),  # he has answered in words
        ({"asked_for": ("the receipt",), "evidence": ("p1.jpg",)}, ["when", "video_fault"]),
    ],
)
def test_which_evidence_is_still_missing(facts: dict[str, Any], missing: list[str]) -> None:
    step = next_step(a_case(**facts), a_playbook(evidence=[FLAW, WHEN, VIDEO]), NOW)
    assert step is not None
    assert [row["key"] for row in step["evidence_missing"]] == missing
    assert all(row["zh"] and row["en"] for row in step["evidence_missing"])


@pytest.mark.parametrize("state", [State.RECEIVED, State.REFUNDING, State.RESOLVED])
def test_after_the_request_nothing_is_asked_any_more(state: State) -> None:
    playbook = a_playbook(evidence=[FLAW], questions=[{"zh": "什么时候开始的", "en": "Since when?"}])
    step, first = next_step(a_case(state=state), playbook, NOW), next_step(a_case(), playbook, NOW)
    assert step is not None
    assert first is not None
    assert (step["evidence_missing"], step["questions"]) == ([], [])
    assert (len(first["evidence_missing"]), len(first["questions"])) == (1, 1)


# ── scripts ──


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{customer}您好，我是{agent}。", "王小明您好，我是小李。"),
        ("{customer}您好，退您{amount}。", None),  # the amount is not known
        ("您好。", "您好。"),
        ("{{{agent}}}", "{小李}"),
    ],
)
def test_a_value_that_is_not_known_is_never_printed_as_a_hole(template: str, said: str | None) -> None:
    assert rendered(template, VALUES["zh"]) == said


@pytest.mark.parametrize("unknown", [None, ""])
def test_an_empty_value_is_not_known_either(unknown: str | None) -> None:
    assert rendered("{customer}您好", {"customer": unknown}) is None


def test_a_script_is_offered_in_the_languages_whose_values_are_known() -> None:
    texts = {"zh": "{customer}您好", "en": "Hello {customer}"}
    assert scripted(texts, VALUES) == {"zh": "王小明您好", "en": "Hello Xiaoming"}
    assert scripted(texts, {"zh": VALUES["zh"]}) == {"zh": "王小明您好"}
    assert scripted(texts, {}) is None
    assert scripted({}, VALUES) is None


def test_the_step_names_its_script_or_has_that_of_its_state() -> None:
    assert step_in(State.RETURN_IN_TRANSIT)["script_name"] == "return_in_transit"
    assert step_in(State.RETURN_IN_TRANSIT, at_dock_since=NOW)["script_name"] == "at_dock"


def test_the_legal_choices_stand_beside_the_step() -> None:
    law = {"ladder": [{"until_day": 7, "choices": ["refund", "exchange", "repair"]}, {"choices": ["repair"]}]}
    case = a_case(lines={1: 1})
    assert case.order is not None
    procedure = type(case.procedure).model_validate({**case.procedure.model_dump(), "law": law})
    for days, choices in ((7, ["refund", "exchange", "repair"]), (8, ["repair"])):
        order = case.order.model_copy(update={"received_on": NOW.date().fromordinal(NOW.date().toordinal() - days)})
        step = next_step(case.model_copy(update={"procedure": procedure, "order": order}), a_playbook(), NOW)
        assert step is not None
        assert step["legal_choices"] == choices


def test_the_first_step_whose_situation_holds_is_the_next_one() -> None:
    steps = [
        {"in": "requested", "when": {"wanted": "exchange"}, "zh": "一", "en": "one"},
        {"in": ["requested"], "when": {"wanted": ["repair", "refund"], "order": "no"}, "zh": "二", "en": "two"},
        {"in": "received", "zh": "三", "en": "three"},
        {"in": "requested", "when": {"wanted": "refund", "order": "yes"}, "do": "answer", "zh": "四", "en": "four"},
        {"in": "requested", "zh": "五", "en": "five"},
    ]
    told = {}
    for wanted, order in (("exchange", True), ("repair", False), ("refund", True), ("repair", True)):
        case = a_case(wanted=wanted)
        case = case if order else case.model_copy(update={"order": None, "lines": ()})
        step = next_step(case, a_playbook(steps=steps), NOW)
        assert step is not None
        told[(wanted, order)] = step["text"]["en"]
    assert told == {
        ("exchange", True): "one",
        ("repair", False): "two",
        ("refund", True): "four",
        ("repair", True): "five",
    }


@pytest.mark.parametrize("answer", ["no", "human", "yes"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_rules_forbid_is_not_proposed_to_whoever_asks(kind: str, answer: Any) -> None:
    sent = tuple(one.key for one in shipped().get(kind).evidence)
    facts: dict[str, Any] = {
        "eligible": Eligible(answer=answer),
        "evidence_keys": sent,
        "told": True,
        "evidence": ("p.jpg",),
    }
    for state in (State.REQUESTED, State.INVESTIGATING):
        step = step_in(state, kind, **facts)
        granting = step["action"] in ("authorise_return", "make_offer") or (
            step["action"] == "choose_remedy" and step["data"].get("remedy") != "none"
        )
        assert not (answer == "no" and granting), (state, step["text"]["en"])


def test_a_condition_that_a_shop_adds_is_answered_without_new_steps() -> None:
    asked: dict[str, Any] = {
        "evidence_keys": tuple(one.key for one in shipped().get("quality_fault").evidence),
        "told": True,
    }
    refused: dict[str, Any] = {**asked, "eligible": Eligible(answer="no")}
    assert step_in(State.REQUESTED, **asked)["action"] == "authorise_return"
    assert step_in(State.REQUESTED, **refused)["action"] == "reject"
    passed = Override(by="chen", role=Role.SUPERVISOR, reason="an old customer", at=NOW)
    assert step_in(State.REQUESTED, **refused, override=passed)["action"] == "authorise_return"
    assert step_in(State.FAULT_CONFIRMED, **refused)["action"], "where nothing else can be done it stays"


@pytest.mark.parametrize("kind", ["warranty_repair", "quality_fault"])
def test_after_two_failed_repairs_a_new_one_is_offered_before_a_third_repair_section_13(kind: str) -> None:
    law = shipped().get(kind).for_case(None, "CN").procedure
    story = returned(kind, wanted="repair", facts={"received_on": (NOW - 40 * DAY).date()}, procedure=law)
    story.do("warehouse", "confirm_fault", lines=[found()])
    for _ in range(2):
        assert step_of(story)["data"].get("options") is None
        story.do("agent", "choose_remedy", remedy="repair").do("workshop", "fail_repair", reason="it is dead again")
    assert [option["type"] for option in step_of(story)["data"]["options"]] == ["exchange", "repair"]
    assert "有权换新" in step_of(story)["text"]["zh"]


def step_of(story: Story) -> dict[str, Any]:
    """The next step of a story's case, as its shipped playbook says."""
    step = next_step(story.case, shipped().get(story.case.kind), story.now)
    assert step is not None
    return step


def test_a_transfer_without_order_and_amount_is_opened_anew_L12() -> None:
    known: dict[str, Any] = {"bare": True, "evidence": ("a",), "evidence_keys": evidence_of("remittance")}
    step = step_of(Story("remittance", **known))
    assert (step["action"], step["script_name"]) == ("answer", "opened_anew")
    announced = Announced(amount=15900, currency="CNY")
    assert step_of(Story("remittance", announced=announced, **known))["action"] == "choose_remedy"


def evidence_of(kind: str) -> tuple[str, ...]:
    """All the evidence that a kind asks for."""
    return tuple(one.key for one in shipped().get(kind).evidence)


@pytest.mark.parametrize("kind", ["change_of_mind", "quality_fault", "price_adjustment"])
def test_what_a_human_has_to_look_at_promises_the_customer_nothing_yet(kind: str) -> None:
    step = step_in(State.REQUESTED, kind, eligible=Eligible(answer="human"))
    assert (step["action"], step["script_name"]) == ("override_eligibility", "looked_into")


@pytest.mark.parametrize(
    ("outcome", "step"),
    [("lost", ("choose_remedy", "lost_on_its_way_back")), ("signed_by_other", (None, "somebody_else_signed"))],
)
def test_a_recall_that_ended_elsewhere_is_not_taken_for_a_cancellation_or_a_return_L16(
    outcome: str, step: tuple[str | None, str]
) -> None:
    story = Story("cancel_before_shipment", facts={"parcel": "gone"}, goods="nowhere")
    story.do("agent", "choose_remedy", remedy="refund").do("courier", "record_delivery", outcome=outcome)
    proposed = step_of(story)
    assert (proposed["action"], proposed["script_name"]) == step
