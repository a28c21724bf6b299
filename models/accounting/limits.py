"""What is reimbursed beside the refund has limits of its own, apart from the order's pots (C2, F11)."""

from models.case import Case


def side_limits(case: Case) -> dict[str, int]:
    """The most that a case may ever pay on each account that no pot limits, in minor units.

    Freight: what the customer advanced, and the postage of a second order that we are to bear (F11, G13). Goodwill:
    what he advanced (F23), and besides it the compensation that somebody who may has granted (F26).
    A deposit: what was taken and not kept (G5). An overpayment: what came in.
    """
    second = case.second_order
    postage = second.postage if second is not None and second.anew else 0
    return {
        "freight": case.advanced_freight + postage,
        "deposit": case.money.deposit_taken - case.money.deposit_kept,
        "overpayment": case.money.received,
        "goodwill": case.advanced_freight + case.money.compensation,
    }
