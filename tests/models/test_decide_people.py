"""Who acts and when: complaints, calls, visits, platforms, and a case that changes its kind or its playbook."""

from datetime import timedelta
from typing import Any

import pytest

from models.case import About, Announced
from models.clocks import APPOINTMENT
from models.errors import DataRefused, RoleRefused, RuleRefused, StateRefused
from models.procedure.eligibility import Eligible, Reason
from tests.builders import DAY, HOUR, NOW
from tests.models.story import Story, confirmed, found, procedure, returned

# ── complaints (T3, T15) ──


@pytest.mark.parametrize("who", ["li", "LI", "Li"])
def test_the_person_complained_about_cannot_take_the_case_T15(who: str) -> None:
    story = Story(about=About(person="li", departments=("delivery",)))
    with pytest.raises(RuleRefused, match="somebody else takes it"):
        story.do("agent", "take", by=who)
    with pytest.raises(RuleRefused, match="T15"):
        story.do("manager", "assign", to=who)
    assert story.case.owner is None
    assert story.do("agent", "take", by="mei").case.owner == "mei"
    assert story.do("manager", "assign", to="zhao").case.owner == "zhao"


@pytest.mark.parametrize("about", [None, About(departments=("delivery",))])
def test_a_complaint_about_nobody_in_particular_is_anybodys_T15(about: About | None) -> None:
    assert Story(about=about).do("agent", "take").case.owner == "li"


def test_the_one_complained_about_still_helps_T15() -> None:
    story = Story(about=About(person="li")).do("agent", "note", note="I drove that day").do("agent", "answer", text="x")
    assert story.happened[-2:] == ["note", "answer"]


def test_ongoing_harm_is_noted_as_stopped_T3() -> None:
    story = Story(severity="critical")
    assert not story.case.contained
    story.do("agent", "contain", what="told to unplug it")
    assert (story.case.contained, story.state) == (True, "requested")
    assert story.effects.entries[-1].note == "told to unplug it"


# ── calls before the cause is known (T17) ──


def reviewed(calls: int | None = 2) -> Story:
    return Story(rules={"calls": calls}, bare=True, wanted=None)


def test_two_calls_and_never_a_third_T17() -> None:
    story = reviewed().do("agent", "miss_callback", note="no answer")
    assert (story.state, story.case.calls, story.told("manager")) == ("requested", 1, [])
    story.do("agent", "miss_callback", note="no answer")
    assert (story.state, story.case.calls, len(story.told("manager"))) == ("requested", 2, 1)
    for role in ("agent", "manager", "director"):
        with pytest.raises(RuleRefused, match="2 calls were made already"):
            story.do(role, "miss_callback")
    assert story.case.calls == 2


def test_a_message_is_always_possible_T17() -> None:
    story = (
        reviewed().do("agent", "miss_callback").do("agent", "miss_callback").do("agent", "message", text="We tried.")
    )
    assert story.happened[-1] == "message"


def test_where_the_playbook_counts_no_calls_a_callback_begins_with_the_end() -> None:
    with pytest.raises(StateRefused, match="when the case is resolved"):
        reviewed(None).do("agent", "miss_callback")


def test_calls_and_callbacks_are_counted_apart_T5_T17() -> None:
    story = reviewed().do("agent", "miss_callback").do("agent", "answer", text="It is the wrong socket.", final=True)
    story.do("agent", "miss_callback").do("agent", "miss_callback")
    assert (story.state, story.case.calls, story.case.callback_misses) == ("resolved", 1, 2)
    assert story.do("agent", "miss_callback").state == "closed"


def test_a_phone_call_after_the_answer_is_one_of_the_two_and_a_message_is_none_T17() -> None:
    story = reviewed().do("agent", "miss_callback").do("agent", "answer", text="It is the wrong socket.", final=True)
    story.do("agent", "miss_callback", channel="phone")
    assert (story.case.calls, story.case.callback_misses) == (2, 1)
    with pytest.raises(RuleRefused, match="never more"):
        story.do("agent", "miss_callback", channel="phone")
    assert story.do("agent", "miss_callback", channel="message").case.callback_misses == 2


# ── visits (T19) ──

LEVELS = ["outlet", "head_office_phone", "head_office_on_site"]


def visited(**over: Any) -> Story:
    """Somebody is to come."""
    return Story(rules={"visit_levels": LEVELS, "goods_come_back": False, **over}).do(
        "agent", "choose_remedy", remedy="visit"
    )


def appointment(story: Story) -> list[str]:
    return [clock.state for clock in story.case.clocks if clock.clock == APPOINTMENT]


def test_a_visit_is_appointed_dispatched_done_and_signed_T19() -> None:
    story = visited().do("agent", "appoint", at=(NOW + 5 * HOUR).isoformat())
    visit = story.case.visit
    assert visit is not None
    assert (visit.at, visit.technician, visit.arrived) == (NOW + 5 * HOUR, None, False)
    story.do("agent", "dispatch", technician="qian", outlet="Hangzhou West").do("technician", "arrive")
    visit = story.case.visit
    assert visit is not None
    assert (visit.technician, visit.outlet, visit.arrived, visit.level) == ("qian", "Hangzhou West", True, 0)
    assert story.do("technician", "finish_visit", outcome="fixed", signature="sig-1").state == "resolved"


def test_the_appointment_is_a_clock_that_the_arrival_meets_T19() -> None:
    story = visited().do("agent", "appoint", at=(NOW + 5 * HOUR).isoformat())
    assert [c.due_at for c in story.case.clocks if c.clock == APPOINTMENT] == [NOW + 5 * HOUR]
    story.now += 4 * HOUR
    story.do("technician", "arrive")
    assert appointment(story) == ["met"]


def test_an_appointment_that_nobody_keeps_escalates_T19() -> None:
    story = visited().do("agent", "appoint", at=(NOW + 5 * HOUR).isoformat()).wait(5 * HOUR)
    assert "appointment ran out." in [entry.note for entry in story.effects.entries]


def test_a_new_appointment_takes_the_place_of_the_old_one_T19() -> None:
    story = visited().do("agent", "appoint", at=(NOW + 5 * HOUR).isoformat()).do("technician", "arrive")
    story.do("technician", "finish_visit", outcome="no_access")
    assert story.case.visit is not None
    assert (story.case.visit.at, story.case.visit.arrived, story.case.visit.level) == (None, False, 0)
    story.do("agent", "appoint", at=(NOW + DAY).isoformat()).do("agent", "appoint", at=(NOW + 2 * DAY).isoformat())
    assert appointment(story) == ["met", "cancelled", "running"]
    assert [c.cycle for c in story.case.clocks if c.clock == APPOINTMENT] == [1, 2, 3]


@pytest.mark.parametrize("outcome", ["fixed", "not_fixed", "no_access", "taken_away"])
def test_no_appointment_is_left_behind_when_the_visit_ends_T19(outcome: str) -> None:
    story = visited().do("agent", "appoint", at=(NOW + 5 * HOUR).isoformat())
    story.do("technician", "finish_visit", outcome=outcome, signature="sig-1")
    assert appointment(story) == ["met"]


@pytest.mark.parametrize("at", [NOW, NOW - HOUR])
def test_an_appointment_lies_ahead_T19(at: Any) -> None:
    with pytest.raises(DataRefused, match="to come"):
        visited().do("agent", "appoint", at=at.isoformat())


def test_what_is_not_fixed_goes_up_level_by_level_T19() -> None:
    """Nearest outlet → head office by phone → head office on site → a manager."""
    story = visited()
    for level, told in ((1, "head_office_phone"), (2, "head_office_on_site")):
        story.do("technician", "finish_visit", outcome="not_fixed")
        assert story.state == "visiting"
        assert story.case.visit is not None
        assert story.case.visit.level == level
        assert story.told("owner")[-1] == f"Not fixed; next comes: {told}."
    assert story.told("manager") == []
    story.do("technician", "finish_visit", outcome="not_fixed")
    assert story.told("manager") == ["Not fixed, and nobody is left to send: choose another remedy."]
    assert story.state == "visiting"


def test_without_consent_nothing_is_taken_away_T19() -> None:
    story = visited()
    with pytest.raises(DataRefused, match="signature"):
        story.do("technician", "finish_visit", outcome="taken_away")
    assert (story.state, story.case.goods) == ("visiting", "customer")
    story.do("technician", "finish_visit", outcome="taken_away", signature="sig-1")
    assert (story.state, story.case.goods) == ("received", "here")


def test_a_loaner_is_lent_with_consent_and_back_before_the_end_G8() -> None:
    story = visited()
    with pytest.raises(DataRefused, match="consent"):
        story.do("technician", "lend_loaner", serial="L-7", consent=False)
    story.do("technician", "lend_loaner", serial="L-7", consent=True)
    story.do("technician", "finish_visit", outcome="fixed", signature="sig-1")
    with pytest.raises(RuleRefused, match="L-7"):
        story.do("agent", "complete_callback", satisfied=True)
    assert story.do("technician", "return_loaner").do("agent", "complete_callback", satisfied=True).state == "closed"


def test_that_a_loaner_is_lost_is_for_a_manager_to_say_with_a_reason_G8() -> None:
    story = confirmed().do("agent", "lend_loaner", serial="L-7", consent=True)
    with pytest.raises(RoleRefused, match="for a manager"):
        story.do("agent", "return_loaner", disposition="lost", note="moved away")
    with pytest.raises(DataRefused, match="how the loaner was lost"):
        story.do("manager", "return_loaner", disposition="lost")
    assert story.do("manager", "return_loaner", disposition="lost", note="moved away").case.loaners == ()


def test_a_device_of_the_stock_ledger_that_is_lost_leaves_it_G8() -> None:
    story = confirmed().do("agent", "lend_loaner", serial="L-7", sku="PHONE-2", consent=True)
    story.do("manager", "return_loaner", disposition="lost", note="moved away")
    moves = [(one.source, one.target, one.why) for one in story.effects.stock]
    assert moves[-2:] == [("sellable", "lent", "lent"), ("lent", "lost", "lost")]


# ── decided outside (T21) ──


def ruled(ruling: str, **over: Any) -> Story:
    """A platform has decided, and afterwards the case is opened again."""
    amount = {"amount": "50.00"} if ruling == "refunded" else {}
    story = confirmed(freight=None, **over)
    story.do("platform", "platform_ruling", ruling=ruling, reference="TM-1", **amount)
    if story.state == "returning_goods":
        story.do("warehouse", "ship_back", carrier="sf", waybill="S9").do(
            "courier", "record_delivery", outcome="delivered"
        )
    return story.do("agent", "complete_callback", satisfied=False)


@pytest.mark.parametrize("ruling", ["refunded", "rejected"])
@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("choose_remedy", {"remedy": "refund"}),
        ("choose_remedy", {"remedy": "keep_it", "amount": "1.00"}),
        ("choose_remedy", {"remedy": "adjust_price", "amount": "1.00"}),
        ("make_offer", {"amount": "1.00"}),
        ("make_offer", {"options": [{"type": "refund"}]}),
        ("make_offer", {"options": [{"type": "answer"}, {"type": "keep_it", "amount": "1.00"}]}),
    ],
)
def test_nothing_is_paid_for_what_was_decided_outside_T21(ruling: str, action: str, data: dict[str, Any]) -> None:
    story = ruled(ruling)
    paid = story.case.money.paid
    for role in ("agent", "director"):
        with pytest.raises(RuleRefused, match=rf"decided outside \({ruling}, reference TM-1\).*T21"):
            story.do(role, action, **data)
    assert (story.owed_out, story.case.money.paid) == ({}, paid)


@pytest.mark.parametrize("ruling", ["refunded", "rejected"])
def test_an_answer_is_still_given_T21(ruling: str) -> None:
    assert ruled(ruling).do("agent", "make_offer", options=[{"type": "answer"}]).state == "offered"


@pytest.mark.parametrize("ruling", ["return", "refund"])
def test_a_ruling_that_has_us_pay_is_paid_once_T21(ruling: str) -> None:
    story = confirmed(freight=None).do("platform", "platform_ruling", ruling=ruling, reference="TM-1")
    if ruling == "return":
        assert story.state == "received"
        story.do("warehouse", "confirm_fault", lines=[found()]).do("agent", "choose_remedy", remedy="refund")
    assert (story.state, story.owed_out) == ("refunding", {"refund": 12900})
    story.pay_all().do("agent", "complete_callback", satisfied=False)
    with pytest.raises(RuleRefused, match="refunded line 1 already"):
        story.do("director", "choose_remedy", remedy="refund")


def test_a_ruling_is_shown_as_decided_outside_T21() -> None:
    story = Story().do("platform", "platform_ruling", ruling="refunded", amount="50.00", reference="TM-1")
    ruling = story.case.ruling
    assert ruling is not None
    assert (ruling.ruling, ruling.amount, ruling.reference) == ("refunded", 5000, "TM-1")
    assert story.effects.entries[-1].actor.role == "platform"


# ── another kind, another version (item 9, T10) ──

TOO_LATE = Reason(rule="before_dispatch", answer="no", zh="商品已签收", en="it was delivered already")
NOT_THERE = Eligible(answer="no", reasons=(TOO_LATE,)).model_dump(mode="json")
WARNED = Eligible(answer="human").model_dump(mode="json")


def other(kind: str = "change_of_mind", **over: Any) -> dict[str, Any]:
    return procedure(kind, **over).model_dump(mode="json")


def change(story: Story, **over: Any) -> Story:
    return story.do("agent", "change_kind", **{"kind": "change_of_mind", "procedure": other(), **over})


def test_a_changed_kind_keeps_evidence_clocks_and_money_and_is_judged_anew() -> None:
    story = Story(eligible=Eligible(answer="no")).do("supervisor", "override_eligibility", reason="an old customer")
    story.do("customer", "submit_evidence", photos=["p.jpg"], text="水壶漏水", keys=["photo_fault"])
    story.do("agent", "make_offer", amount="8.00").do("customer", "accept_offer").pay_all()
    story.do("agent", "complete_callback", satisfied=False)
    change(story, eligible=WARNED)
    assert (story.case.kind, story.case.evidence, story.case.evidence_keys) == (
        "change_of_mind",
        ("p.jpg",),
        ("photo_fault",),
    )
    assert (story.case.money.paid, story.case.told) == (800, True)
    assert story.case.eligible is not None
    assert (story.case.eligible.answer, story.case.override) == ("human", None)


def test_another_subcategory_of_the_same_kind_is_a_change_too() -> None:
    story = Story("quality_fault")
    with pytest.raises(RuleRefused, match="of that kind already"):
        change(story, kind="quality_fault", procedure=other("quality_fault"))
    finer = other("quality_fault", subcategory="safety")
    change(story, kind="quality_fault", subcategory="safety", procedure=finer)
    assert story.case.procedure.subcategory == "safety"


@pytest.mark.parametrize(
    "story",
    [
        lambda: Story().do("agent", "make_offer", amount="8.00"),  # on the table
        lambda: confirmed().do("agent", "choose_remedy", remedy="exchange"),  # being carried out
        lambda: confirmed(freight="60.00").do("agent", "choose_remedy", remedy="refund"),  # waits for approval
        lambda: confirmed().do("agent", "choose_remedy", remedy="refund").pay_all(),  # carried out
    ],
)
def test_what_is_decided_under_a_kind_is_settled_under_it(story: Any) -> None:
    with pytest.raises(RuleRefused, match="settle or take that back first"):
        change(story())


def test_a_kind_that_ends_with_the_delivery_has_no_place_for_what_was_delivered_F18() -> None:
    story = Story()
    with pytest.raises(RuleRefused, match="'cancel_before_shipment' does not fit: it was delivered already"):
        change(story, kind="cancel_before_shipment", eligible=NOT_THERE)
    assert story.case.kind == "quality_fault"


def test_a_kind_that_needs_an_order_is_opened_for_one() -> None:
    story = Story(bare=True)
    with pytest.raises(RuleRefused, match="needs an order"):
        change(story, needs_order=True)
    assert change(story).case.kind == "change_of_mind"


def test_what_the_desk_puts_in_is_not_kept_in_the_timeline() -> None:
    story = change(Story(), eligible=WARNED, reason="he simply does not like it")
    assert story.effects.entries[-1].data == {"kind": "change_of_mind", "reason": "he simply does not like it"}


def test_a_rebase_is_a_managers_with_a_reason_and_of_another_version_T10() -> None:
    story = Story()
    newer = other("quality_fault", version="99")
    with pytest.raises(RoleRefused):
        story.do("supervisor", "rebase_playbook", reason="new times", procedure=newer)
    with pytest.raises(DataRefused):
        story.do("manager", "rebase_playbook", procedure=newer)
    with pytest.raises(DataRefused, match="no playbook"):
        story.do("manager", "rebase_playbook", reason="new times")
    with pytest.raises(RuleRefused, match="follows this version"):
        story.do("manager", "rebase_playbook", reason="again", procedure=other("quality_fault"))
    story.do("manager", "rebase_playbook", reason="new times", procedure=newer)
    assert (story.case.procedure.version, story.state) == ("99", "requested")
    assert story.effects.entries[-1].data == {"reason": "new times"}


def test_a_rebase_moves_the_deadline_by_the_time_that_is_left_T10() -> None:
    """Of nine hours two are used, so of thirteen eleven are left; of a single hour none is."""
    clocks = procedure().model_dump()["clocks"]
    rule = {"clock": "triage", "calendar": "all_hours", "outcome": "escalate"}
    story = Story(rules={"clocks": {**clocks, "requested": {**rule, "target": 9 * 3600}}, "first_answer": None})
    assert story.case.due_at == NOW + 9 * HOUR
    story.now += 2 * HOUR
    newer = {**clocks, "requested": {**rule, "target": 13 * 3600}}
    story.do("manager", "rebase_playbook", reason="new times", procedure=other("quality_fault", clocks=newer))
    assert story.case.due_at == NOW + 13 * HOUR
    assert story.case.state_clock is not None
    assert [entry.what for entry in story.case.state_clock.log] == ["started", "rebased"]
    sooner = {**clocks, "requested": {**rule, "target": 3600}}
    story.do("manager", "rebase_playbook", reason="wrong ones", procedure=other("quality_fault", clocks=sooner))
    assert story.case.due_at == NOW + HOUR, "it was due an hour ago"
    assert story.look().happened[3:] == ["warned", "breached", "escalated", "escalated", "escalated"], "at once"


def test_without_a_rebase_an_open_case_keeps_its_playbook() -> None:
    story = Story(rules={"version": "7"}).wait(3 * DAY)
    assert returned(rules={"version": "7"}).case.procedure.version == story.case.procedure.version == "7"
    assert story.now - NOW == timedelta(days=3)


def test_a_kind_that_collects_knows_its_currency_from_the_announcement_L12() -> None:
    story = Story(bare=True, announced=Announced(amount=12900, currency="JPY"))
    assert story.case.currency == "JPY"
    assert Story(bare=True).case.currency is None
