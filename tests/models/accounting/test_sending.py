"""What comes of a provider's answer in the case, beyond what the workflow tests show."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from activities.gateways.gateway import refused
from models.accounting.payments import NO_SUCH_PAYOUT, Answer, PayoutResult
from models.accounting.sending import answered, due_payouts, sent
from models.effects import Routed
from models.errors import RuleRefused
from tests.models.story import Story, confirmed


def test_a_reference_that_cannot_be_recorded_is_asked_for_later_and_never_in_a_circle() -> None:
    story = confirmed(freight=None).do("agent", "choose_remedy", remedy="refund")
    (payout,) = story.case.payouts
    case = sent(story.case, [Routed(payout_id=payout.key, gateway="stripe")], story.now).case
    answer = Answer(state="done", reference="x" * 201)
    result = PayoutResult(payout_id=payout.key, gateway="stripe", sent=True, answer=answer)
    decision = answered(case, result, story.now)
    (waiting,) = decision.case.payouts
    assert (waiting.state, waiting.failure) == ("unknown", "not_recorded")
    assert due_payouts(decision.case, story.now) == ()
    assert due_payouts(decision.case, story.now + timedelta(minutes=1)) == (waiting,)
    assert decision.effects.entries[-1].action == "payout_unknown"


def at_stripe(tries: int = 0) -> Story:
    """A refund that Stripe has, and that was asked about so often without an end."""
    story = confirmed(freight=None).do("agent", "choose_remedy", remedy="refund")
    story.case = sent(story.case, [Routed(payout_id=key_of(story), gateway="stripe")], story.now).case
    for _ in range(tries):
        story.case = answered(story.case, said(story, Answer(state="unknown", code="no_answer")), story.now).case
    return story


def key_of(story: Story) -> str:
    return story.case.payouts[0].key


def said(story: Story, answer: Answer) -> PayoutResult:
    return PayoutResult(payout_id=key_of(story), gateway="stripe", sent=False, answer=answer)


def test_whoever_wants_to_know_has_it_asked_about_at_once_and_the_turns_of_the_others_stay() -> None:
    story = at_stripe(tries=4)
    assert due_payouts(story.case, story.now) == ()
    story.do("finance", "ask_payout", payout_id=key_of(story))
    (due,) = due_payouts(story.case, story.now)
    assert due.only_ask
    story.case = answered(story.case, said(story, Answer(state="processing", reference="re_1")), story.now).case
    (payout,) = story.case.payouts
    assert (payout.only_ask, payout.tries, payout.ask_at) == (False, 4, story.now + timedelta(hours=2))


def test_asked_twice_in_the_same_moment_or_while_it_is_on_its_way_it_is_asked_once() -> None:
    story = at_stripe()
    story.do("finance", "ask_payout", payout_id=key_of(story))
    assert not story.case.payouts[0].only_ask  # it is due anyway, and that turn sends it
    story = at_stripe(tries=1)
    story.do("finance", "ask_payout", payout_id=key_of(story)).do("finance", "ask_payout", payout_id=key_of(story))
    assert [payout.ask_at for payout in due_payouts(story.case, story.now)] == [story.now]


def test_what_never_arrived_is_no_refusal_when_it_was_only_asked_about_and_has_its_next_turn() -> None:
    story = at_stripe(tries=1)
    story.do("finance", "ask_payout", payout_id=key_of(story))
    decision = answered(story.case, said(story, refused(NO_SUCH_PAYOUT)), story.now)
    (payout,) = decision.case.payouts
    assert (payout.state, payout.failure, payout.only_ask) == ("unknown", NO_SUCH_PAYOUT, False)
    assert payout.ask_at == story.now + timedelta(minutes=1)
    assert decision.effects.messages == ()


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda story: story, "waits for finance"),
        (lambda story: story.do("finance", "fail_refund", payout_id=key_of(story), code="account_closed"), "refused"),
        (lambda story: story.pay_all(), "done already"),
    ],
)
def test_a_payout_that_no_provider_has_is_not_asked_about(prepare: Callable[[Story], Story], why: str) -> None:
    story = prepare(confirmed(freight=None).do("agent", "choose_remedy", remedy="refund"))
    with pytest.raises(RuleRefused, match=why):
        story.do("finance", "ask_payout", payout_id=key_of(story))
