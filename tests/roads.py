"""The main roads of a case as lists of steps (action, role, data), and where each leaves it before its callback."""

from typing import Any, NamedTuple

Step = tuple[Any, ...]


def found(cause: str, party: str, grade: str = "damaged", quantity: int = 1) -> dict[str, Any]:
    """What an inspection of line 1 found."""
    line = {"line_no": 1, "quantity": quantity, "grade": grade, "cause": cause, "party_liable": party}
    return {"lines": [{**line, "disposition": "scrap"}]}


GOODS_IN: tuple[Step, ...] = (
    ("authorise_return", "agent"),
    ("ship_return", "customer", {"carrier": "SF", "waybill": "SF100200300", "freight": "12.00"}),
    ("book_in", "warehouse"),
)
BROKEN = found("manufacturing", "seller")
CONFIRMED: tuple[Step, ...] = (*GOODS_IN, ("confirm_fault", "warehouse", BROKEN))
#: With a label of ours the customer advances nothing, so that the refund is the only payout (F11).
WITH_OUR_LABEL: tuple[Step, ...] = (
    ("authorise_return", "agent", {"label": "LABEL-1"}),
    ("ship_return", "customer", {"carrier": "SF", "waybill": "SF100200300"}),
    ("book_in", "warehouse"),
)
DELIVERED: Step = ("record_delivery", "courier", {"outcome": "delivered"})
SHIPPED: Step = ("ship_replacement", "warehouse", {"carrier": "SF", "waybill": "SF900"})
SENT_BACK: Step = ("ship_back", "warehouse", {"carrier": "SF", "waybill": "SF901"})
REPAIRED: Step = ("finish_repair", "workshop", {"report": "new heating element, tested for 24 h"})
SATISFIED: Step = ("complete_callback", "agent", {"satisfied": True, "scores": {"polite": 5, "solved": 5}})


class Road(NamedTuple):
    """A kind of case and the steps that bring it to its remedy; `pays` says whether a payout follows."""

    kind: str
    steps: tuple[Step, ...]
    pays: bool = False


ROADS: dict[str, Road] = {
    "refund": Road(
        "quality_fault",
        (*WITH_OUR_LABEL, ("confirm_fault", "warehouse", BROKEN), ("choose_remedy", "agent", {"remedy": "refund"})),
        pays=True,
    ),
    "refund_with_freight": Road(
        "quality_fault", (*CONFIRMED, ("choose_remedy", "agent", {"remedy": "refund"})), pays=True
    ),
    "exchange": Road(
        "quality_fault",
        (*CONFIRMED, ("choose_remedy", "agent", {"remedy": "exchange"}), SHIPPED, DELIVERED),
        pays=True,
    ),
    "repair_in_warranty": Road(
        "warranty_repair",
        (*CONFIRMED, ("choose_remedy", "agent", {"remedy": "repair"}), REPAIRED, SENT_BACK, DELIVERED),
        pays=True,
    ),
    "repair_out_of_warranty": Road(
        "warranty_repair",
        (
            *GOODS_IN,
            ("refute_fault", "warehouse", found("customer", "customer", "used")),
            ("quote_repair", "workshop", {"parts": "30.00", "labour": "20.00", "freight": "10.00"}),
            ("accept_quote", "customer"),
            ("record_payment", "finance", {"amount": "60.00", "reference": "BANK-1"}),
            REPAIRED,
            SENT_BACK,
            DELIVERED,
        ),
    ),
    "fault_refuted": Road(
        "quality_fault",
        (
            *GOODS_IN,
            ("refute_fault", "warehouse", found("customer", "customer", "used")),
            ("choose_remedy", "agent", {"remedy": "goods_back"}),
            ("record_payment", "finance", {"amount": "12.00", "reference": "BANK-2"}),
            SENT_BACK,
            DELIVERED,
        ),
    ),
    "keep_it": Road(
        "wrong_item", (("make_offer", "agent", {"amount": "5.00"}), ("accept_offer", "customer")), pays=True
    ),
    "answer": Road("quality_fault", (("answer", "agent", {"text": "Press it for 3 s.", "final": True}),)),
}
