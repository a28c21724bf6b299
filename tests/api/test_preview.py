"""What a remedy comes to, shown before it is chosen."""

from collections.abc import Callable
from typing import Any

import pytest

from api.documents.requests import PreviewAsk
from api.preview import preview, preview_in_case
from models.accounting.settlement import SettlementAsk, settlement, settlement_to_document
from models.case import Payout
from models.errors import Invalid, PreviewStale
from models.freight import FreightRates
from models.orders import Order
from models.playbook import Playbook
from models.pots import Draw, draw, pots_of
from models.procedure.playbook_parts import AdvanceExchange
from tests.builders import an_order
from tests.models.story import Story, found, returned
from tests.shipped import shipped

RATES = FreightRates(rates={"CNY": {"default": 1200}})


def book(kind: str, **over: Any) -> Playbook:
    """A shipped playbook, with what a test changes in its procedure."""
    found = shipped().get(kind)
    return found.model_copy(update={"procedure": found.procedure.model_copy(update=over)})


def shown(playbook: Playbook | None = None, order: Order | None = None, **ask: Any) -> dict[str, Any]:
    order = order or an_order()
    asked = PreviewAsk.model_validate({"remedy": "refund", "lines": [{"line_no": 1, "quantity": 1}], **ask})
    return preview(order, pots_of(order), RATES, asked, playbook)


@pytest.mark.parametrize(
    ("playbook", "reimbursed", "over"),
    [
        (None, "36.00", "14.00"),  # 3 × 12.00
        (book("quality_fault", return_freight_factor=2), "24.00", "26.00"),
        (book("quality_fault", return_freight_factor=5), "50.00", "0.00"),
        (book("change_of_mind"), "0.00", "0.00"),  # the customer's own (F7)
    ],
)
def test_a_preview_follows_the_playbook_of_its_kind_F11(playbook: Playbook | None, reimbursed: str, over: str) -> None:
    got = shown(playbook, return_freight="50.00")
    assert (got["freight_reimbursement"], got["freight_over_cap"]) == (reimbursed, over)


def test_who_is_named_liable_comes_before_what_the_kind_assumes_F19() -> None:
    assert shown(book("change_of_mind"))["rule"] == "F7"
    assert shown(book("change_of_mind"), party_liable="seller")["rule"] == "F3"


def test_postage_goes_back_as_the_playbook_says_F14() -> None:
    everything = [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 4}]
    for says, postage in (("rule", "10.00"), ("never", "0.00")):
        assert shown(book("quality_fault", refund_postage=says), lines=everything)["postage"] == postage
    assert shown(book("change_of_mind", refund_postage="always"))["postage"] == "10.00"


def test_a_reduction_is_shown_with_its_source_F16() -> None:
    got = shown(book("change_of_mind"), reduction_percent=20)
    assert got["refund"] == "103.20"
    assert "25.80 CNY withheld: 20 % for use or damage (F16)." in got["sources"]


# ── what was shown is what is done (F20) ──

FACTS: dict[str, Any] = {"replacement_rate": 1200}
SHOWN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("quality_fault", {"remedy": "refund", "return_freight": "12.00"}, {}),
    ("quality_fault", {"remedy": "exchange", "return_freight": "12.00"}, {}),
    ("quality_fault", {"remedy": "repair", "return_freight": "12.00"}, {}),
    ("quality_fault", {"remedy": "keep_it", "amount": "5.00", "return_freight": "12.00"}, {"amount": "5.00"}),
    ("quality_fault", {"remedy": "adjust_price", "amount": "5.00", "return_freight": "12.00"}, {"amount": "5.00"}),
    ("change_of_mind", {"remedy": "refund", "return_freight": "12.00"}, {}),
    (
        "change_of_mind",
        {"remedy": "refund", "return_freight": "12.00", "reduction_percent": 15},
        {"reduction_percent": 15, "reduction_reason": "worn once"},
    ),
    ("change_of_mind", {"remedy": "exchange", "return_freight": "12.00"}, {}),
]


def inspected(kind: str) -> Story:
    story = returned(kind, facts=FACTS)
    if kind == "change_of_mind":
        return story.do("warehouse", "pass_inspection", lines=[found("customer", "customer")])
    return story.do("warehouse", "confirm_fault", lines=[found()])


@pytest.mark.parametrize(("kind", "ask", "data"), SHOWN)
def test_a_case_carries_out_the_preview_of_its_kind_by_its_name_F20(
    kind: str, ask: dict[str, Any], data: dict[str, Any]
) -> None:
    got = shown(shipped().get(kind), **ask)
    story = inspected(kind)
    story.do("manager", "choose_remedy", remedy=ask["remedy"], preview_id=got["preview_id"], **data)
    assert story.case.plan is not None
    assert settlement_to_document(story.case.plan)["preview_id"] == got["preview_id"]


def rates(story: Story) -> None:
    assert story.case.order is not None
    story.case = story.case.model_copy(
        update={"order": story.case.order.model_copy(update={"return_rate": 100, "replacement_rate": 100})}
    )


def another_case(story: Story) -> None:
    assert story.case.order is not None
    pots = story.case.order.pots
    taken = settlement(pots, False, SettlementAsk(remedy="refund", lines=((1, 1),)))
    order = story.case.order.model_copy(update={"pots": draw(pots, taken.draws)})
    story.case = story.case.model_copy(update={"order": order})


def receipt(story: Story) -> None:
    story.case = story.case.model_copy(update={"advanced_freight": 1300})


def finding(story: Story) -> None:
    line = story.case.lines[0].model_copy(update={"verdict": "confirmed", "party_liable": "courier", "share": 50})
    story.case = story.case.model_copy(update={"lines": (line,)})


def playbook_terms(story: Story) -> None:
    terms = story.case.procedure.model_copy(update={"return_freight_factor": 2, "refund_postage": "always"})
    story.case = story.case.model_copy(update={"procedure": terms})


def parcel_lost(story: Story) -> None:
    assert story.case.order is not None
    story.case = story.case.model_copy(update={"order": story.case.order.model_copy(update={"parcel": "lost"})})


def second_order(story: Story) -> None:
    story.do("agent", "link", order_no="KETTLE-2", **{"as": "anew", "postage": "8.00"})


def freight_waived(story: Story) -> None:
    story.do("manager", "waive_freight", amount="3.00", reason="an old customer")


@pytest.mark.parametrize(
    "change",
    [rates, another_case, receipt, finding, playbook_terms, parcel_lost, second_order, freight_waived],
    ids=lambda change: change.__name__,
)
@pytest.mark.parametrize("asked", [0, 5])
def test_whatever_changed_since_makes_it_stale_and_the_new_numbers_are_shown_F20(
    asked: int, change: Callable[[Story], None]
) -> None:
    kind, ask, data = SHOWN[asked]
    got = shown(shipped().get(kind), **ask)
    story = inspected(kind)
    change(story)
    before = story.case
    with pytest.raises(PreviewStale) as refused:
        story.do("manager", "choose_remedy", remedy=ask["remedy"], preview_id=got["preview_id"], **data)
    assert story.case is before
    again = refused.value.extra["preview"]
    story.do("manager", "choose_remedy", remedy=ask["remedy"], preview_id=again["preview_id"], **data)


@pytest.mark.parametrize(
    "data",
    [
        {"remedy": "exchange"},
        {"remedy": "refund", "lines": [{"line_no": 1, "quantity": 1}], "reduction_percent": 5},
        {"remedy": "exchange", "replacement": {"sku": "KETTLE-18", "unit_price": "139.00"}},
    ],
)
def test_another_wish_than_the_one_that_was_shown_is_refused_F20(data: dict[str, Any]) -> None:
    got = shown(shipped().get("change_of_mind"), return_freight="12.00")
    reason = {"reduction_reason": "worn once"} if "reduction_percent" in data else {}
    with pytest.raises(PreviewStale):
        inspected("change_of_mind").do("manager", "choose_remedy", preview_id=got["preview_id"], **data, **reason)


# ── of a case, by its own facts (F20) ─────────────────────────────────────────────────────────────


def shown_in(story: Story, **ask: Any) -> dict[str, Any]:
    assert story.case.order is not None
    asked = PreviewAsk.model_validate({"case_no": story.case.case_no, **ask})
    return preview_in_case(story.case, story.case.order.pots, asked, story.now)


def kept_some(story: Story) -> None:
    """A keep-it was given before, so a refund of the same goods is less (F18)."""
    story.case = story.case.model_copy(update={"payouts": (GIVEN,)})


GIVEN = Payout(
    key="AC-26-000001:refund:9",
    purpose="refund",
    amount=500,
    state="done",
    draws=(Draw(account="unit", line_no=1, rank=0, amount=500),),
)


@pytest.mark.parametrize("change", [kept_some, finding, receipt, second_order, playbook_terms])
@pytest.mark.parametrize("remedy", ["refund", "exchange"])
def test_what_is_shown_of_a_case_is_what_it_carries_out_F20(change: Callable[[Story], None], remedy: str) -> None:
    story = inspected("quality_fault")
    change(story)
    got = shown_in(story, remedy=remedy)
    story.do("manager", "choose_remedy", remedy=remedy, preview_id=got["preview_id"])
    assert story.case.plan is not None
    assert settlement_to_document(story.case.plan)["refund"] == got["refund"]


def test_a_receivable_that_is_taken_off_is_named_F24() -> None:
    story = inspected("quality_fault")
    paid = Payout(key="AC-26-000001:freight:9", purpose="freight", amount=1200, state="done")
    story.case = story.case.model_copy(update={"payouts": (paid,), "advanced_freight": 0})
    got = shown_in(story, remedy="refund", net_receivable=True)
    assert (got["netted"], got["refund"]) == ("12.00", "117.00")
    story.do("manager", "choose_remedy", remedy="refund", net_receivable=True, preview_id=got["preview_id"])


def test_what_the_case_knows_otherwise_is_refused_and_named() -> None:
    with pytest.raises(Invalid, match="says seller"):
        shown_in(inspected("quality_fault"), remedy="refund", party_liable="customer")


def test_the_deposit_of_an_exchange_in_advance_is_shown_G5() -> None:
    story = Story(rules={"advance_exchange": AdvanceExchange(deposit_percent=50)})
    got = shown_in(story, remedy="exchange", in_advance=True)
    assert (got["deposit"], got["customer_owes"]) == ("64.50", "0.00")
    story.do("agent", "choose_remedy", remedy="exchange", in_advance=True, preview_id=got["preview_id"])
    assert story.case.to_collect == 6450
