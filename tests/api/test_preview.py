"""What a remedy comes to, shown before it is chosen."""

from typing import Any

import pytest

from api.preview import preview
from api.schemas import PreviewAsk
from models.freight import FreightRates
from models.orders import Order
from models.playbook import Playbook
from models.pots import pots_of
from tests.builders import an_order
from tests.models.story import shipped

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
