"""What comes of a provider's answer in the case, beyond what the workflow tests show."""

from datetime import timedelta

from models.accounting.payments import Answer, PayoutResult
from models.accounting.sending import answered, due_payouts, sent
from models.effects import Routed
from tests.models.story import confirmed


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
